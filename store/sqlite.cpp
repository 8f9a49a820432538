#include "store/sqlite.hpp"

#include <sqlite3.h>

namespace tsms::store {

namespace {

constexpr int patience_ms = 2000;

/// The library counts its memory under one lock of the whole process; nobody asks for the number. Before the first
/// connection.
void configure_library() {
    static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(done);
}

void refuse_other_version(SQLite::Database& db, const std::filesystem::path& file, int version) {
    const int found = db.execAndGet("PRAGMA user_version").getInt();
    if (found != version)
        throw error(file.string() + " has schema version " + std::to_string(found) + ", this program needs " +
                    std::to_string(version) + ": use the program version that wrote it, or migrate it with tsms init");
}

} // namespace

SQLite::Database open_writer(const std::filesystem::path& file, int version, const char* schema) {
    configure_library();
    try {
        SQLite::Database db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, patience_ms);
        db.exec("PRAGMA journal_mode=WAL");
        db.exec("PRAGMA synchronous=FULL");
        db.exec("PRAGMA foreign_keys=ON");
        int persist = 1;
        sqlite3_file_control(db.getHandle(), nullptr, SQLITE_FCNTL_PERSIST_WAL, &persist);
        SQLite::Transaction begin(db, SQLite::TransactionBehavior::IMMEDIATE);
        const bool empty = db.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0;
        if (empty) {
            db.exec(schema);
            db.exec("PRAGMA user_version=" + std::to_string(version));
        }
        begin.commit();
        refuse_other_version(db, file, version);
        return db;
    } catch (const SQLite::Exception& e) {
        throw error("cannot open " + file.string() + ": " + e.what() + "; was this directory made by tsms init?");
    }
}

SQLite::Database open_reader(const std::filesystem::path& file, int version) {
    configure_library();
    try {
        SQLite::Database db(file.string(), SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX, patience_ms);
        refuse_other_version(db, file, version);
        return db;
    } catch (const SQLite::Exception& e) {
        throw error("cannot open " + file.string() + ": " + e.what() + "; was this directory made by tsms init?");
    }
}

} // namespace tsms::store
