#pragma once
// Lists for people: a head, and columns as wide as what stands in them.

#include <iosfwd>
#include <string>
#include <vector>

namespace tsms::cli {

class table {
public:
    explicit table(std::vector<std::string> head) : rows_{std::move(head)} {}
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    /// The sentence instead of a head without rows.
    void print(std::ostream& out, const std::string& when_empty) const;

private:
    std::vector<std::vector<std::string>> rows_;
};

} // namespace tsms::cli
