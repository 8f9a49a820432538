#pragma once
// The one guard of every transaction that writes. Only for store/.

#include <SQLiteCpp/SQLiteCpp.h>

namespace tsms::store {

/// Begins at once as the only writer; undone at its end unless committed. Undoing never throws: what went wrong is on
/// its way already, and SQLite has often undone the transaction by itself then (disk full, I/O error).
class transaction {
public:
    explicit transaction(SQLite::Database& db);
    ~transaction();
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;

    void commit();

private:
    SQLite::Database& db_;
};

} // namespace tsms::store
