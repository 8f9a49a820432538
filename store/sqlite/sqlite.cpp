#include "store/sqlite/sqlite.hpp"

#include "store/sqlite/audit.hpp"
#include "store/sqlite/failure.hpp"
#include "store/sqlite/generation.hpp"
#include "store/sqlite/mark.hpp"
#include "store/sqlite/objects.hpp"

#include <sqlite3.h>

namespace tsms::store {

namespace {

namespace fs = std::filesystem;

constexpr int patience_ms = 2000;

/// The library counts its memory under one lock of the whole process; nobody asks for the number. Before the first
/// connection.
void configure_library() {
    static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(done);
}

void configure_writer(SQLite::Database& db) {
    db.exec("PRAGMA journal_mode=WAL");
    db.exec("PRAGMA synchronous=FULL");
    db.exec("PRAGMA foreign_keys=ON");
    db.exec("PRAGMA secure_delete=ON");           // what is forgotten is gone: secrets of service providers (DIV-108)
    db.exec("PRAGMA journal_size_limit=4194304"); // what a burst of writes leaves of the log; it is empty when idle
    int persist = 1;
    sqlite3_file_control(db.getHandle(), nullptr, SQLITE_FCNTL_PERSIST_WAL, &persist);
}

void refuse_missing(const fs::path& file) {
    std::error_code unknown;
    const auto size = fs::file_size(file, unknown);
    if (unknown == std::errc::no_such_file_or_directory || (!unknown && size == 0))
        throw error(file.string() +
                    " is missing or empty: restore it from a backup. It is never made anew here, because what it knows "
                    "of providers and cards would be forgotten (tsms init makes a new directory)");
}

void refuse_empty(SQLite::Database& db, const fs::path& file) {
    if (objects_of(db).empty())
        throw error(file.string() + " has nothing of what tsms init wrote: it was copied without its " +
                    file.filename().string() + "-wal, or that file was lost; " + to_restore);
}

/// Of another program, or of one that is newer than this one.
void refuse_foreign(SQLite::Database& db, const fs::path& file, const database_kind& kind) {
    const int version = db.execAndGet("PRAGMA user_version").getInt();
    const auto found = file.string() + " has schema version " + std::to_string(version);
    if (version < 1)
        throw error(found + ", which no tsms writes: it is damaged or another program's; " + to_restore);
    if (version > kind.version())
        throw error(found + ", and this program knows " + std::to_string(kind.version()) +
                    " and those before: a newer one wrote it. Use the program version that wrote it, or a later one; "
                    "nothing leads back but a backup");
}

void refuse_former(SQLite::Database& db, const fs::path& file, const database_kind& kind) {
    const int version = db.execAndGet("PRAGMA user_version").getInt();
    if (version != kind.version())
        throw error(file.string() + " has schema version " + std::to_string(version) + ", and this program needs " +
                    std::to_string(kind.version()) +
                    ": stop the server and run, with a backup made first: tsms migrate --data " +
                    file.parent_path().string());
}

void refuse_incomplete(SQLite::Database& db, const fs::path& file, const database_kind& kind) {
    if (const auto name = missing_object(db, kind))
        throw error(file.string() + " lacks " + *name + ", which every database of schema version " +
                    std::to_string(kind.version()) + " has: it is damaged or another program's; " + to_restore);
}

/// The mark is read first: it is never ahead of what can be read behind it.
void check(SQLite::Database& db, const fs::path& file, const database_kind& kind, const std::optional<mark>& seen) {
    refuse_empty(db, file);
    refuse_foreign(db, file, kind);
    refuse_former(db, file, kind);
    refuse_incomplete(db, file, kind);
    if (const auto why = unlike_mark(db, file, seen))
        throw error(*why + "; " + generation_remedy(file));
}

/// Opens the file with these flags and has `prepare` look at it. What the library throws names the file and what helps.
template <class F> SQLite::Database open_with(const fs::path& file, int flags, F prepare) {
    configure_library();
    refuse_missing(file);
    try {
        SQLite::Database db(file.string(), flags, patience_ms);
        try {
            prepare(db);
        } catch (const SQLite::Exception& e) {
            throw failure("opening", file, e, db.getHandle());
        }
        return db;
    } catch (const SQLite::Exception& e) {
        throw failure("opening", file, e, nullptr);
    }
}

} // namespace

SQLite::Database create_file(const fs::path& file) {
    configure_library();
    std::error_code unknown;
    if (fs::file_size(file, unknown) > 0 && !unknown)
        throw error(file.string() + " is there already; databases are never overwritten");
    SQLite::Database db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, patience_ms);
    configure_writer(db);
    return db;
}

SQLite::Database open_writer(const fs::path& file, const database_kind& kind, believe_mark believed) {
    const auto seen = believed == believe_mark::yes ? read_mark(file) : std::nullopt;
    return open_with(file, SQLite::OPEN_READWRITE, [&](SQLite::Database& db) {
        configure_writer(db);
        check(db, file, kind, seen);
    });
}

SQLite::Database open_former(const fs::path& file, const database_kind& kind) {
    return open_with(file, SQLite::OPEN_READWRITE, [&](SQLite::Database& db) {
        configure_writer(db);
        refuse_empty(db, file);
        refuse_foreign(db, file, kind);
    });
}

SQLite::Database open_reader(const fs::path& file, const database_kind& kind) {
    const auto seen = read_mark(file);
    return open_with(file, SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX,
                     [&](SQLite::Database& db) { check(db, file, kind, seen); });
}

std::optional<std::string> unlike_mark(SQLite::Database& db, const fs::path& file, const std::optional<mark>& seen) {
    if (!seen)
        return std::nullopt;
    const auto name = mark_file(file).filename().string();
    const auto own = installation_of(db);
    if (own && !seen->installation.empty() && *own != seen->installation)
        return file.string() + " is of another installation than " + name + ": it came in the place of another file";
    if (has_audit_entry(db, seen->tip))
        return std::nullopt;
    return file.string() + " is older than it was, or another file: " + name + " knows an entry " +
           std::to_string(seen->tip.sequence) + " of its audit chain that is not there; the chain ends at entry " +
           std::to_string(last_audit_entry(db).sequence) + ". It is an older copy, or its -wal was lost";
}

} // namespace tsms::store
