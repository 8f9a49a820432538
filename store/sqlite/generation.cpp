#include "store/sqlite/generation.hpp"

#include "store/sqlite/objects.hpp"

namespace tsms::store {

const char* const generation_schema = R"sql(
CREATE TABLE IF NOT EXISTS installation (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT, vault_seal BLOB);
CREATE TABLE IF NOT EXISTS witness (database TEXT PRIMARY KEY, sequence INTEGER NOT NULL, chain BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS write_probe (only INTEGER PRIMARY KEY CHECK (only = 1), tries INTEGER NOT NULL);
)sql";

namespace {

bytes blob(const SQLite::Column& column) {
    const auto* p = static_cast<const std::uint8_t*>(column.getBlob());
    return bytes(p, p + column.getBytes());
}

} // namespace

void add_generation_tables(SQLite::Database& db) {
    db.exec(generation_schema);
}

std::optional<std::string> installation_of(SQLite::Database& db) {
    if (!has_object(db, "installation"))
        return std::nullopt;
    SQLite::Statement row(db, "SELECT id FROM installation WHERE id IS NOT NULL");
    if (!row.executeStep())
        return std::nullopt;
    return row.getColumn(0).getString();
}

void set_installation(SQLite::Database& db, const std::string& id) {
    SQLite::Statement row(db, "INSERT INTO installation (only, id) VALUES (1, ?1) ON CONFLICT DO UPDATE SET id = ?1");
    row.bind(1, id);
    row.exec();
}

std::optional<audit_tip> witness_of(SQLite::Database& db, const std::string& other) {
    if (!has_object(db, "witness"))
        return std::nullopt;
    SQLite::Statement row(db, "SELECT sequence, chain FROM witness WHERE database = ?");
    row.bind(1, other);
    if (!row.executeStep())
        return std::nullopt;
    return audit_tip{row.getColumn(0).getInt64(), blob(row.getColumn(1))};
}

void set_witness(SQLite::Database& db, const std::string& other, const audit_tip& seen) {
    SQLite::Statement row(db, "INSERT OR REPLACE INTO witness (database, sequence, chain) VALUES (?, ?, ?)");
    row.bind(1, other);
    row.bind(2, seen.sequence);
    row.bind(3, seen.chain.data(), static_cast<int>(seen.chain.size()));
    row.exec();
}

void forget_witnesses(SQLite::Database& db) {
    db.exec("DELETE FROM witness");
}

std::optional<bytes> vault_seal_of(SQLite::Database& db) {
    SQLite::Statement row(db, "SELECT vault_seal FROM installation WHERE vault_seal IS NOT NULL");
    if (!row.executeStep())
        return std::nullopt;
    return blob(row.getColumn(0));
}

void set_vault_seal(SQLite::Database& db, bytes_view seal) {
    SQLite::Statement row(
        db, "INSERT INTO installation (only, vault_seal) VALUES (1, ?1) ON CONFLICT DO UPDATE SET vault_seal = ?1");
    row.bind(1, seal.data(), static_cast<int>(seal.size()));
    row.exec();
}

std::string generation_remedy(const std::filesystem::path& file) {
    const auto folder = file.parent_path().string();
    return "stop the server and restore access.db, catalog.db and instances.db of " + folder +
           " from one backup, or put the newest copy back with its -wal. To go on with what is there, and lose what "
           "is missing: tsms adopt --data " +
           folder;
}

} // namespace tsms::store
