#pragma once
// Lists for people: a head, and columns as wide as what stands in them. Names come from providers, issuers and phones:
// what would move or turn round the text of a terminal is shown as an escape, and a long one is shortened. Programs
// get every text whole with --json.

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace tsms::cli {

/// What others have written, as text of one line that no terminal obeys: what would is shown as an escape.
std::string harmless(std::string_view text);

class table {
public:
    /// `widest`: characters of a cell; a SHA-256 in hexadecimal has 64. The last column pushes nothing away and has no
    /// limit.
    explicit table(std::vector<std::string> head, std::size_t widest = 64) : rows_{std::move(head)}, widest_(widest) {}
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    /// The sentence instead of a head without rows.
    void print(std::ostream& out, const std::string& when_empty) const;

private:
    std::vector<std::string> shown(const std::vector<std::string>& row) const;

    std::vector<std::vector<std::string>> rows_;
    std::size_t widest_;
};

} // namespace tsms::cli
