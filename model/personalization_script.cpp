#include "model/personalization_script.hpp"

#include <algorithm>

namespace tsms::model {

namespace {

constexpr std::string_view opening = "${";

bool is_key(std::string_view key) {
    return !key.empty() && std::ranges::all_of(key, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    });
}

/// Fixed text, and the key of the placeholder behind it; no key at the end.
struct part {
    std::string_view fixed;
    std::optional<std::string_view> key;
};

/// Nothing if a brace is missing.
std::optional<std::vector<part>> parts_of(std::string_view text) {
    std::vector<part> parts;
    while (true) {
        const auto start = text.find(opening);
        if (start == std::string_view::npos) {
            parts.push_back({text, std::nullopt});
            return parts;
        }
        const auto end = text.find('}', start);
        if (end == std::string_view::npos)
            return std::nullopt;
        const auto key = start + opening.size();
        parts.push_back({text.substr(0, start), text.substr(key, end - key)});
        text.remove_prefix(end + 1);
    }
}

/// Of a template that has been found to be one.
std::vector<part> parts_in(std::string_view data_template) {
    return parts_of(data_template).value();
}

} // namespace

const std::string* script_values::find(const std::string& key) const {
    for (const auto* values : {&of_call, &of_flavor})
        if (const auto found = values->find(key); found != values->end())
            return &found->second;
    return nullptr;
}

bool is_data_template(std::string_view text) {
    const auto parts = parts_of(text);
    return parts && std::ranges::all_of(*parts, [](const part& p) {
               return from_hex(p.fixed).has_value() && (!p.key || is_key(*p.key));
           });
}

std::vector<std::string> placeholders_of(std::string_view data_template) {
    std::vector<std::string> keys;
    for (const auto& p : parts_in(data_template))
        if (p.key)
            keys.emplace_back(*p.key);
    return keys;
}

bytes fixed_octets(std::string_view data_template) {
    return hex(parts_in(data_template).front().fixed);
}

std::size_t known_octets(std::string_view data_template) {
    std::size_t digits = 0;
    for (const auto& p : parts_in(data_template))
        digits += p.fixed.size();
    return digits / 2;
}

bytes fill(std::string_view data_template, const script_values& values) {
    bytes out;
    for (const auto& p : parts_in(data_template)) {
        append(out, hex(p.fixed));
        if (!p.key)
            continue;
        const auto* value = values.find(std::string(*p.key));
        if (!value)
            throw script_error("no value for placeholder ${" + std::string(*p.key) + "}");
        const auto octets = from_hex(*value);
        if (!octets)
            throw script_error("the value of placeholder ${" + std::string(*p.key) +
                               "} is not an even number of hexadecimal digits");
        append(out, *octets);
    }
    return out;
}

} // namespace tsms::model
