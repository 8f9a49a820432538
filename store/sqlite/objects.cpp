#include "store/sqlite/objects.hpp"

#include "store/sqlite/audit.hpp"
#include "store/sqlite/generation.hpp"
#include "store/sqlite/query.hpp"

#include <algorithm>
#include <map>
#include <mutex>

namespace tsms::store {

namespace {

std::vector<std::string> make_and_list(const database_kind& kind) {
    SQLite::Database sample(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    make_objects(sample, kind);
    return objects_of(sample);
}

/// Made once a schema: connections are opened while the server runs.
const std::vector<std::string>& expected_objects(const database_kind& kind) {
    static std::mutex mutex;
    static std::map<std::string, std::vector<std::string>> all;
    const std::lock_guard lock(mutex);
    const auto found = all.find(kind.schema);
    return found != all.end() ? found->second : all.emplace(kind.schema, make_and_list(kind)).first->second;
}

} // namespace

std::vector<std::string> objects_of(SQLite::Database& db) {
    return all(db, only_text, "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY rowid");
}

bool has_object(SQLite::Database& db, const std::string& name) {
    return finds(db, "SELECT 1 FROM sqlite_master WHERE name = ?", name);
}

std::optional<std::string> missing_object(SQLite::Database& db, const database_kind& kind) {
    const auto found = objects_of(db);
    for (const auto& name : expected_objects(kind))
        if (std::ranges::find(found, name) == found.end())
            return name;
    return std::nullopt;
}

void make_objects(SQLite::Database& db, const database_kind& kind) {
    db.exec(kind.schema);
    db.exec(audit_schema);
    db.exec(generation_schema);
    db.exec("PRAGMA user_version=" + std::to_string(kind.version()));
}

} // namespace tsms::store
