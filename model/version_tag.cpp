#include "model/version_tag.hpp"

#include "base/number.hpp"
#include "base/split.hpp"

#include <cstdio>
#include <vector>

namespace tsms::model {

namespace {

std::optional<int> number(std::string_view digits) {
    return digits.size() <= 3 ? text::number<unsigned>(digits) : std::nullopt;
}

std::optional<version_number> parse(std::string_view version, std::size_t least) {
    const auto parts = text::split(version, '.');
    if (parts.size() < least || parts.size() > 3)
        return std::nullopt;
    version_number v;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto n = number(parts[i]);
        if (!n)
            return std::nullopt;
        v.parts[i] = *n;
    }
    return v;
}

} // namespace

std::string version_number::sort_key() const {
    char text[12];
    std::snprintf(text, sizeof text, "%03d.%03d.%03d", parts[0] % 1000, parts[1] % 1000, parts[2] % 1000);
    return text;
}

std::optional<version_number> parse_tag(std::string_view tag) {
    return parse(tag, 3);
}
std::optional<version_number> parse_platform_version(std::string_view text) {
    return parse(text, 2);
}

bool version_pattern::matches(const version_number& v) const {
    for (std::size_t i = 0; i < parts.size(); ++i)
        if (parts[i] && *parts[i] != v.parts[i])
            return false;
    return true;
}

std::optional<version_pattern> parse_pattern(std::string_view wanted) {
    const auto parts = text::split(wanted, '.');
    if (parts.size() != 3)
        return std::nullopt;
    version_pattern pattern;
    bool open = false; // behind an x only x may follow
    for (std::size_t i = 0; i < 3; ++i) {
        if (parts[i] == "x" || parts[i] == "X") {
            open = true;
            continue;
        }
        const auto n = number(parts[i]);
        if (open || !n)
            return std::nullopt;
        pattern.parts[i] = *n;
    }
    return pattern;
}

} // namespace tsms::model
