#include "store/sqlite/change_watch.hpp"

#include <sqlite3.h>

namespace tsms::store {

change_watch::change_watch(SQLite::Database& db) {
    // The index is there once something has been read in WAL mode.
    if (db.execAndGet("PRAGMA journal_mode").getString() != "wal")
        return;
    db.execAndGet("SELECT count(*) FROM sqlite_master");
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(db.getHandle(), "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file ||
        !file->pMethods || file->pMethods->iVersion < 2)
        return;
    constexpr int region_size = 32768; // WALINDEX_PGSZ
    void volatile* region = nullptr;
    if (file->pMethods->xShmMap(file, 0, region_size, 0, &region) != SQLITE_OK)
        return;
    header_ = const_cast<const std::uint64_t*>(static_cast<const volatile std::uint64_t*>(region));
}

std::optional<change_stamp> change_watch::now() const {
    if (!header_)
        return std::nullopt;
    // A half-written header is equal to no whole one, so whatever is read in the middle of a commit only costs a miss.
    change_stamp out;
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = __atomic_load_n(header_ + i, __ATOMIC_ACQUIRE);
    return out;
}

} // namespace tsms::store
