#include "store/sqlite/sqlite.hpp"

#include "store/sqlite/audit.hpp"
#include "store/sqlite/failure.hpp"
#include "store/sqlite/generation.hpp"
#include "store/sqlite/mark.hpp"

#include <algorithm>
#include <map>
#include <sqlite3.h>
#include <vector>

namespace tsms::store {

namespace {

namespace fs = std::filesystem;

constexpr int patience_ms = 2000;
constexpr const char* to_restore = "stop the server and restore all databases from one backup";

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
    db.exec("PRAGMA journal_size_limit=4194304"); // what a burst of writes leaves of the log; it is empty when idle
    int persist = 1;
    sqlite3_file_control(db.getHandle(), nullptr, SQLITE_FCNTL_PERSIST_WAL, &persist);
}

std::vector<std::string> objects_of(SQLite::Database& db) {
    SQLite::Statement rows(db, "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY rowid");
    std::vector<std::string> names;
    while (rows.executeStep())
        names.push_back(rows.getColumn(0).getString());
    return names;
}

std::vector<std::string> make_and_list(const database_kind& kind) {
    SQLite::Database sample(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    sample.exec(kind.schema);
    sample.exec(audit_schema);
    return objects_of(sample);
}

/// Tables and indexes that a database of this kind has had since it was made.
const std::vector<std::string>& expected_objects(const database_kind& kind) {
    static const std::map<std::string, std::vector<std::string>> all{
        {access_kind().name, make_and_list(access_kind())},
        {catalog_kind().name, make_and_list(catalog_kind())},
        {instances_kind().name, make_and_list(instances_kind())}};
    return all.at(kind.name);
}

void refuse_missing(const fs::path& file) {
    std::error_code unknown;
    const auto size = fs::file_size(file, unknown);
    if (unknown == std::errc::no_such_file_or_directory || (!unknown && size == 0))
        throw error(file.string() +
                    " is missing or empty: restore it from a backup. It is never made anew here, because what it knows "
                    "of providers and cards would be forgotten (tsms init makes a new directory)");
}

void refuse_incomplete(SQLite::Database& db, const fs::path& file, const database_kind& kind) {
    const auto found = objects_of(db);
    if (found.empty())
        throw error(file.string() + " has nothing of what tsms init wrote: it was copied without its " +
                    file.filename().string() + "-wal, or that file was lost; " + to_restore);
    const int version = db.execAndGet("PRAGMA user_version").getInt();
    if (version != kind.version)
        throw error(file.string() + " has schema version " + std::to_string(version) + ", this program needs " +
                    std::to_string(kind.version) +
                    ": use the program version that wrote it, or restore it if it is no database of tsms");
    for (const auto& name : expected_objects(kind))
        if (std::find(found.begin(), found.end(), name) == found.end())
            throw error(file.string() + " lacks " + name + ", which tsms init wrote: it is damaged or another " +
                        "program's; " + to_restore);
}

/// The mark is read first: it is never ahead of what can be read behind it.
void check(SQLite::Database& db, const fs::path& file, const database_kind& kind, const std::optional<mark>& seen) {
    refuse_incomplete(db, file, kind);
    if (const auto why = unlike_mark(db, file, seen))
        throw error(*why + "; " + generation_remedy(file));
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
    configure_library();
    refuse_missing(file);
    const auto seen = believed == believe_mark::yes ? read_mark(file) : std::nullopt;
    try {
        SQLite::Database db(file.string(), SQLite::OPEN_READWRITE, patience_ms);
        try {
            configure_writer(db);
            check(db, file, kind, seen);
        } catch (const SQLite::Exception& e) {
            throw failure("opening", file, e, db.getHandle());
        }
        return db;
    } catch (const SQLite::Exception& e) {
        throw failure("opening", file, e, nullptr);
    }
}

SQLite::Database open_reader(const fs::path& file, const database_kind& kind) {
    configure_library();
    refuse_missing(file);
    const auto seen = read_mark(file);
    try {
        SQLite::Database db(file.string(), SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX, patience_ms);
        try {
            check(db, file, kind, seen);
        } catch (const SQLite::Exception& e) {
            throw failure("opening", file, e, db.getHandle());
        }
        return db;
    } catch (const SQLite::Exception& e) {
        throw failure("opening", file, e, nullptr);
    }
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

bool has_object(SQLite::Database& db, const std::string& name) {
    SQLite::Statement found(db, "SELECT 1 FROM sqlite_master WHERE name = ?");
    found.bind(1, name);
    return found.executeStep();
}

} // namespace tsms::store
