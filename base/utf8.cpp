#include "base/utf8.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <cstdint>

namespace tsms::text {

namespace {

/// Octets of the character at the start, 0 if there is no valid one.
std::size_t character_length(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto first = octet(0);
    if (first < 0x80)
        return 1;
    const std::size_t length = first >= 0xC2 && first < 0xE0   ? 2
                               : first >= 0xE0 && first < 0xF0 ? 3
                               : first >= 0xF0 && first < 0xF5 ? 4
                                                               : 0;
    if (length == 0 || text.size() < length)
        return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((octet(i) & 0xC0) != 0x80)
            return 0;
    // Overlong forms, surrogates, and beyond U+10FFFF.
    const bool bad = (first == 0xE0 && octet(1) < 0xA0) || (first == 0xED && octet(1) > 0x9F) ||
                     (first == 0xF0 && octet(1) < 0x90) || (first == 0xF4 && octet(1) > 0x8F);
    return bad ? 0 : length;
}

} // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const auto length = character_length(text);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string_view beginning(std::string_view utf8, std::size_t octets) {
    if (utf8.size() <= octets)
        return utf8;
    while (octets > 0 && (static_cast<std::uint8_t>(utf8[octets]) & 0xC0) == 0x80)
        --octets;
    return utf8.substr(0, octets);
}

std::string escaped(std::string_view text) {
    if (is_utf8(text) && !has_control(text))
        return std::string(text);
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<std::uint8_t>(c);
        if (octet >= 0x80 || is_control(c))
            out.append("\\x").append(1, digits[octet >> 4]).append(1, digits[octet & 0x0F]);
        else
            out += c;
    }
    return out;
}

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(
        std::ranges::count_if(utf8, [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0) != 0x80; }));
}

bool is_blank(std::string_view utf8) {
    // U+0009…000D, 0020, 0085, 00A0, 1680, 2000…200A, 2028, 2029, 202F, 205F, 3000 (White_Space); 180E, 200B…200D,
    // 2060, FEFF (without width)
    static constexpr std::string_view blanks[] = {
        "\t",     "\n",     "\v",     "\f",     "\r",     " ",      "\u0085", "\u00A0", "\u1680", "\u180E", "\u2000",
        "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u200B",
        "\u200C", "\u200D", "\u2028", "\u2029", "\u202F", "\u205F", "\u2060", "\u3000", "\uFEFF"};
    while (!utf8.empty()) {
        const auto found =
            std::ranges::find_if(blanks, [&](std::string_view blank) { return utf8.starts_with(blank); });
        if (found == std::end(blanks))
            return false;
        utf8.remove_prefix(found->size());
    }
    return true;
}

std::string shortened(std::string_view utf8, std::size_t octets) {
    constexpr std::string_view mark = "…";
    if (utf8.size() <= octets)
        return std::string(utf8);
    auto end = octets - std::min(octets, mark.size());
    while (end > 0 && (static_cast<std::uint8_t>(utf8[end]) & 0xC0) == 0x80)
        --end;
    return std::string(utf8.substr(0, end)).append(mark);
}

std::string quotable(std::string_view text) {
    const bool good = is_utf8(text);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto octet = static_cast<std::uint8_t>(text[i]);
        const bool c1 = octet == 0xC2 && good && static_cast<std::uint8_t>(text[i + 1]) < 0xA0; // U+0080…009F
        if (octet < 0x20 || octet == 0x7F || c1 || (octet >= 0x80 && !good))
            out += "\xEF\xBF\xBD";
        else
            out += text[i];
        i += c1 ? 1 : 0;
    }
    return out;
}

} // namespace tsms::text
