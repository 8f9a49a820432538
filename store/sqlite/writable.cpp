#include "store/sqlite/writable.hpp"

#include "store/sqlite/generation.hpp"
#include "store/sqlite/mark.hpp"

#include <sqlite3.h>

namespace tsms::store {

writable::writable(std::filesystem::path file, const database_kind& kind, believe_mark mark)
    : file_(std::move(file)), opened_(file_), session_(open_writer(file_, kind, mark)),
      moves_mark_(mark == believe_mark::yes) {}

writable::writable(std::filesystem::path file, SQLite::Database db, believe_mark mark)
    : file_(std::move(file)), opened_(file_), session_(std::move(db)), moves_mark_(mark == believe_mark::yes) {}

writable::~writable() {
    if (!has_written_)
        return;
    try {
        checkpoint(std::chrono::milliseconds(100));
    } catch (const std::exception&) { // the log stays, and whoever opens the database next reads it
    }
}

bool writable::checkpoint(std::chrono::milliseconds patience) {
    constexpr int usual = 2000;
    auto* handle = database().getHandle();
    sqlite3_busy_timeout(handle, static_cast<int>(patience.count()));
    const int code = sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(handle, usual);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return false;
    if (code != SQLITE_OK)
        throw failure("emptying the log of", file_, SQLite::Exception(handle, code), handle);
    return true;
}

void writable::commit(transaction& t) {
    auto tip = last_audit_entry(database());
    if (installation_.empty())
        installation_ = installation_of(database()).value_or("");
    if (const auto what = opened_.displaced(); !what.empty())
        throw error(what + "; nothing was changed: repeat it");
    t.commit();
    has_written_ = true;
    // Behind the commit, which is done: a mark that cannot be written stays behind, and refuses less.
    if (moves_mark_ && tip != marked_ && write_mark(file_, {installation_, tip}))
        marked_ = std::move(tip);
}

} // namespace tsms::store
