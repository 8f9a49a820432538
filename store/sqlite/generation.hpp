#pragma once
// Whether databases belong together (DIV-048). Each has the id of its installation, and what it has seen last of the
// others' audit chains: its witness. A database without an entry that another one has seen is older than that one, or
// another one's. A witness is written behind the commit that it tells of, never before, so a crash at any moment leaves
// databases that fit. Only for store/.

#include "store/sqlite/audit.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace tsms::store {

/// What is in every writable database beside its subject.
extern const char* const generation_schema;

/// A step of the migrations of each database: their programs made these tables at an opening, so they may be there.
/// What becomes of the schema later is a step of its own, and this one keeps the text that it has now.
void add_generation_tables(SQLite::Database& db);

/// Nothing: made before there were ids, and not started since. Of any version.
std::optional<std::string> installation_of(SQLite::Database& db);
void set_installation(SQLite::Database& db, const std::string& id);

/// The last entry of another database's chain that this one has seen.
std::optional<audit_tip> witness_of(SQLite::Database& db, const std::string& other);
void set_witness(SQLite::Database& db, const std::string& other, const audit_tip& seen);
void forget_witnesses(SQLite::Database& db);

/// What the vault sealed for this database; opens with no other vault.
std::optional<bytes> vault_seal_of(SQLite::Database& db);
void set_vault_seal(SQLite::Database& db, bytes_view seal);

/// What helps where databases do not fit.
std::string generation_remedy(const std::filesystem::path& file);

} // namespace tsms::store
