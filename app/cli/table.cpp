#include "app/cli/table.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <ostream>

namespace tsms::cli {

namespace {

constexpr std::string_view digits = "0123456789ABCDEF";

std::string octet_escape(char c) {
    const auto octet = static_cast<std::uint8_t>(c);
    return {'\\', 'x', digits[octet >> 4], digits[octet & 0x0F]};
}

/// What turns text round (Unicode 15.0, 23.2) or begins another line.
std::string_view escape_of(std::string_view character) {
    static constexpr std::pair<std::string_view, std::string_view> escapes[] = {
        {"\u061C", "\\u061C"}, {"\u200E", "\\u200E"}, {"\u200F", "\\u200F"}, {"\u2028", "\\u2028"},
        {"\u2029", "\\u2029"}, {"\u202A", "\\u202A"}, {"\u202B", "\\u202B"}, {"\u202C", "\\u202C"},
        {"\u202D", "\\u202D"}, {"\u202E", "\\u202E"}, {"\u2066", "\\u2066"}, {"\u2067", "\\u2067"},
        {"\u2068", "\\u2068"}, {"\u2069", "\\u2069"}};
    const auto* found = std::ranges::find(escapes, character, &std::pair<std::string_view, std::string_view>::first);
    return found == std::end(escapes) ? std::string_view() : found->second;
}

/// U+0080…009F, which some terminals obey like ESC and a letter.
bool is_c1(std::string_view character) {
    return character.size() == 2 && character[0] == '\xC2' && static_cast<std::uint8_t>(character[1]) < 0xA0;
}

/// So many characters at most; "…" is one of them.
std::string shortened(std::string text, std::size_t characters) {
    if (text::characters(text) <= characters)
        return text;
    std::size_t end = 0;
    for (std::size_t begun = 0; end < text.size(); ++end)
        if ((text[end] & 0xC0) != 0x80 && ++begun == characters)
            break;
    return text.substr(0, end) + "…";
}

} // namespace

std::string harmless(std::string_view text) {
    const bool good = text::is_utf8(text);
    std::string out;
    while (!text.empty()) {
        std::size_t length = 1;
        while (good && length < text.size() && (text[length] & 0xC0) == 0x80)
            ++length;
        const auto character = text.substr(0, length);
        const auto first = static_cast<std::uint8_t>(text.front());
        if (first < 0x20 || first == 0x7F || (first >= 0x80 && !good))
            out += octet_escape(text.front());
        else if (is_c1(character))
            out.append("\\u00").append(octet_escape(character[1]).substr(2));
        else if (const auto escape = escape_of(character); !escape.empty())
            out += escape;
        else
            out += character;
        text.remove_prefix(length);
    }
    return out;
}

std::vector<std::string> table::shown(const std::vector<std::string>& row) const {
    std::vector<std::string> cells;
    for (const auto& cell : row) {
        const bool last = cells.size() + 1 == rows_.front().size();
        cells.push_back(last ? harmless(cell) : shortened(harmless(cell), widest_));
    }
    return cells;
}

void table::print(std::ostream& out, const std::string& when_empty) const {
    if (rows_.size() == 1) {
        out << when_empty << std::endl;
        return;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& row : rows_)
        rows.push_back(shown(row));
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], text::characters(row[i]));
    }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += row[i] + std::string(widths[i] - text::characters(row[i]) + 2, ' ');
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << "\n";
    }
    out << std::flush;
}

} // namespace tsms::cli
