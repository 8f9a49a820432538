#pragma once
// Letters, digits, spaces and control characters of ASCII, whatever the locale says. Everything else stays as it is.

#include <algorithm>
#include <string>
#include <string_view>

namespace tsms::text {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

inline std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return lower(c); });
    return out;
}
inline std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return upper(c); });
    return out;
}

constexpr bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7F';
}
constexpr bool has_control(std::string_view text) {
    return std::ranges::any_of(text, is_control);
}
/// At least one digit, and nothing else.
constexpr bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

/// Without what of `blanks` stands at its ends.
constexpr std::string_view trimmed(std::string_view text, std::string_view blanks = " \t") {
    const auto first = text.find_first_not_of(blanks);
    if (first == text.npos)
        return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

} // namespace tsms::text
