#pragma once
// The open instances.db behind its row classes. Only for store/sqlite.

#include "base/time.hpp"
#include "store/damage_book.hpp"
#include "store/instance_records.hpp"
#include "store/sqlite/query.hpp"
#include "store/sqlite/writable.hpp"

namespace tsms::store {

/// What f makes of a row: nothing that cannot be comes out without the name of the row.
template <class F> auto of_row(const char* table, const std::string& id, F f) {
    try {
        return f();
    } catch (const damaged_document& e) {
        throw damaged_row(table, id, e.what());
    }
}

class device_session {
public:
    device_session(std::filesystem::path f, believe_mark mark, const time_source& t)
        : path(std::move(f)), file(path, instances_kind(), mark), time(t) {}

    /// Every method of a row class runs in it: nothing of SQLite, and no damaged row, comes out without the name
    /// of the file and what helps.
    template <class F> auto look(F f) {
        return told([&] { return file.look(f); });
    }
    /// Likewise one that writes, within a transaction.
    template <class F> auto write(F f) {
        return told([&] { return file.within_change(f); });
    }

    /// Each row that it finds and that can be read, for those who can do without the others.
    template <class Read, class... Values> auto readable(Read read, const std::string& sql, const Values&... values) {
        return file.look([&] {
            std::vector<decltype(read(std::declval<SQLite::Statement&>()))> found;
            auto rows = query(this->rows(), sql, values...);
            while (rows->executeStep()) {
                try {
                    found.push_back(read(*rows));
                } catch (const damaged_row& e) {
                    damaged.note(damage(path, e));
                }
            }
            return found;
        });
    }

    connection& rows() { return file.session(); }

    std::filesystem::path path;
    writable file;
    const time_source& time;
    damage_book damaged;

private:
    template <class F> auto told(F f) {
        try {
            return f();
        } catch (const damaged_row& e) {
            auto named = damage(path, e);
            damaged.note(named);
            throw named;
        }
    }
};

} // namespace tsms::store
