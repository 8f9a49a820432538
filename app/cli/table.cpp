#include "app/cli/table.hpp"

#include <algorithm>
#include <ostream>

namespace tsms::cli {

namespace {

/// Characters, not octets: continuation octets of UTF-8 take no place.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

} // namespace

void table::print(std::ostream& out, const std::string& when_empty) const {
    if (rows_.size() == 1) {
        out << when_empty << std::endl;
        return;
    }
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width(row[i]));
    }
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += row[i] + std::string(widths[i] - width(row[i]) + 2, ' ');
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << "\n";
    }
    out << std::flush;
}

} // namespace tsms::cli
