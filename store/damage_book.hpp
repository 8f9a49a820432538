#pragma once
// Rows that hold what cannot be. A damaged row stops what needs it, and nothing else: a list passes over it. Each is
// told once, with its table and id.

#include "store/error.hpp"

#include <functional>
#include <set>
#include <string>
#include <utility>

namespace tsms::store {

/// A row holds what cannot be. The others do not suffer from it.
struct damaged_row : error {
    damaged_row(std::string in, std::string which, const std::string& text)
        : error(text), table(std::move(in)), id(std::move(which)) {}
    std::string table, id;
};

class damage_book {
public:
    /// Told of each row that is found from now on.
    void listen(std::function<void(const std::string&)> told) { told_ = std::move(told); }
    void note(const damaged_row& row) {
        if (found_.emplace(row.table, row.id).second && told_)
            told_(row.what());
    }
    /// How many were found since the database was opened.
    std::size_t found() const { return found_.size(); }

private:
    std::set<std::pair<std::string, std::string>> found_;
    std::function<void(const std::string&)> told_;
};

} // namespace tsms::store
