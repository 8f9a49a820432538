#include "store/sqlite/transaction.hpp"

#include <sqlite3.h>

namespace tsms::store {

namespace {

/// One that could not be undone stays open; whoever begins the next one tries again.
void undo_what_is_open(SQLite::Database& db) noexcept {
    if (sqlite3_get_autocommit(db.getHandle()) == 0)
        sqlite3_exec(db.getHandle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

} // namespace

transaction::transaction(SQLite::Database& db) : db_(db) {
    undo_what_is_open(db_);
    db_.exec("BEGIN IMMEDIATE");
}

transaction::~transaction() {
    undo_what_is_open(db_); // nothing is open after a commit
}

void transaction::commit() {
    db_.exec("COMMIT");
}

} // namespace tsms::store
