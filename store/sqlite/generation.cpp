#include "store/sqlite/generation.hpp"

#include "store/sqlite/objects.hpp"
#include "store/sqlite/query.hpp"

namespace tsms::store {

const char* const generation_schema = R"sql(
CREATE TABLE IF NOT EXISTS installation (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT, vault_seal BLOB);
CREATE TABLE IF NOT EXISTS witness (database TEXT PRIMARY KEY, sequence INTEGER NOT NULL, chain BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS write_probe (only INTEGER PRIMARY KEY CHECK (only = 1), tries INTEGER NOT NULL);
)sql";

void add_generation_tables(SQLite::Database& db) {
    db.exec(generation_schema);
}

std::optional<std::string> installation_of(SQLite::Database& db) {
    if (!has_object(db, "installation"))
        return std::nullopt;
    return first(db, only_text, "SELECT id FROM installation WHERE id IS NOT NULL");
}

void set_installation(SQLite::Database& db, const std::string& id) {
    run(db, "INSERT INTO installation (only, id) VALUES (1, ?1) ON CONFLICT DO UPDATE SET id = ?1", id);
}

std::optional<audit_tip> witness_of(SQLite::Database& db, const std::string& other) {
    if (!has_object(db, "witness"))
        return std::nullopt;
    const auto tip_in = [](SQLite::Statement& row) { return audit_tip{number_of(row, 0), octets_of(row, 1)}; };
    return first(db, tip_in, "SELECT sequence, chain FROM witness WHERE database = ?", other);
}

void set_witness(SQLite::Database& db, const std::string& other, const audit_tip& seen) {
    run(db, "INSERT OR REPLACE INTO witness (database, sequence, chain) VALUES (?, ?, ?)", other, seen.sequence,
        seen.chain);
}

void forget_witnesses(SQLite::Database& db) {
    run(db, "DELETE FROM witness");
}

std::optional<bytes> vault_seal_of(SQLite::Database& db) {
    return first(db, only_octets, "SELECT vault_seal FROM installation WHERE vault_seal IS NOT NULL");
}

void set_vault_seal(SQLite::Database& db, bytes_view seal) {
    run(db, "INSERT INTO installation (only, vault_seal) VALUES (1, ?1) ON CONFLICT DO UPDATE SET vault_seal = ?1",
        seal);
}

std::string generation_remedy(const std::filesystem::path& file) {
    const auto folder = file.parent_path().string();
    return "stop the server and restore access.db, catalog.db and instances.db of " + folder +
           " from one backup, or put the newest copy back with its -wal. To go on with what is there, and lose what "
           "is missing: tsms adopt --data " +
           folder;
}

} // namespace tsms::store
