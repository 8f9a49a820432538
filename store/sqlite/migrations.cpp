#include "store/sqlite/migrations.hpp"

#include "base/time.hpp"
#include "store/sqlite/mark.hpp"
#include "store/sqlite/objects.hpp"
#include "store/sqlite/query.hpp"
#include "store/sqlite/writable.hpp"

#include <algorithm>

namespace tsms::store {

namespace {

namespace fs = std::filesystem;

int version_of(SQLite::Database& db) {
    return db.execAndGet("PRAGMA user_version").getInt();
}

std::vector<migration> steps_behind(int version, const database_kind& kind) {
    std::vector<migration> steps;
    for (const auto& step : kind.migrations)
        if (step.to > version)
            steps.push_back(step);
    return steps;
}

migration_step described(const migration& step, const database_kind& kind) {
    return {kind.name, step.to - 1, step.to, step.what};
}

/// An empty database with the same tables and indexes.
SQLite::Database empty_copy(SQLite::Database& db) {
    SQLite::Database copy(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    const auto made = all(db, only_text,
                          "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL "
                          "AND name NOT LIKE 'sqlite_%' ORDER BY type = 'table' DESC, rowid");
    for (const auto& sql : made)
        run(copy, sql); // its first statement alone, as SQLite reads a schema: what may stand behind it is not run
    return copy;
}

void refuse_what_cannot_become_new(SQLite::Database& db, const fs::path& file, const database_kind& kind) {
    const auto refuse = [&](const std::string& why) {
        throw error(file.string() + " is not what tsms wrote as schema version " + std::to_string(version_of(db)) +
                    ": " + why + "; " + to_restore);
    };
    auto sample = empty_copy(db);
    try {
        for (const auto& step : steps_behind(version_of(db), kind))
            step.apply(sample);
    } catch (const SQLite::Exception& e) {
        refuse(e.what());
    }
    if (const auto name = missing_object(sample, kind))
        refuse("it lacks " + *name);
}

void refuse_damaged(SQLite::Database& db, const fs::path& file) {
    auto found = db.execAndGet("PRAGMA integrity_check(1)").getString();
    if (found == "ok")
        return;
    std::ranges::replace(found, '\n', ' ');
    throw error(file.string() + " is damaged (" + found + "); " + to_restore);
}

/// Turns what the library throws into a store::error of this file.
template <class F> auto reading(const fs::path& file, SQLite::Database& db, F f) {
    try {
        return f();
    } catch (const SQLite::Exception& e) {
        throw failure("reading", file, e, db.getHandle());
    }
}

/// On its schema alone, in memory, the steps are tried before anything is changed.
std::vector<migration_step> pending_steps(SQLite::Database& db, const fs::path& file, const database_kind& kind) {
    return reading(file, db, [&] {
        refuse_damaged(db, file);
        refuse_what_cannot_become_new(db, file, kind);
        std::vector<migration_step> pending;
        for (const auto& step : steps_behind(version_of(db), kind))
            pending.push_back(described(step, kind));
        return pending;
    });
}

} // namespace

std::vector<migration_step> pending_migrations(const std::vector<database_file>& all) {
    std::vector<migration_step> pending;
    for (const auto& file : all) {
        const auto& kind = kind_of(file.name);
        auto db = open_former(file.path, kind);
        for (auto& step : pending_steps(db, file.path, kind))
            pending.push_back(std::move(step));
    }
    return pending;
}

void migrate_one(const fs::path& file, const database_kind& kind,
                 const std::function<void(const migration_step&)>& done) {
    const auto seen = read_mark(file);
    auto opened = open_former(file, kind);
    // A mark that knows more than the database stays as it is: what was lost is refused behind the migration too.
    const auto believed =
        reading(file, opened, [&] { return unlike_mark(opened, file, seen); }) ? believe_mark::no : believe_mark::yes;
    writable database(file, std::move(opened), believed);
    auto& db = database.database();
    for (const auto& step : steps_behind(database.look([&] { return version_of(db); }), kind)) {
        const bool stepped = database.change([&] {
            if (version_of(db) >= step.to)
                return false; // another program was faster
            step.apply(db);
            db.exec("PRAGMA user_version=" + std::to_string(step.to));
            append_audit(db, system_time().wall(), "schema version " + std::to_string(step.to), step.what);
            return true;
        });
        if (stepped)
            done(described(step, kind));
    }
}

void migrate(const std::vector<database_file>& all, const std::function<void(const migration_step&)>& done) {
    for (const auto& file : all)
        migrate_one(file.path, kind_of(file.name), done);
}

} // namespace tsms::store
