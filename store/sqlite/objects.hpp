#pragma once
// The tables and indexes of a database. Only for store/.

#include "store/sqlite/sqlite.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tsms::store {

/// Names of tables and indexes, without SQLite's own, in the order in which they were made.
std::vector<std::string> objects_of(SQLite::Database& db);

/// Whether there is such a table or index.
bool has_object(SQLite::Database& db, const std::string& name);

/// The first of those that a database of this kind has in the newest version and this one has not.
std::optional<std::string> missing_object(SQLite::Database& db, const database_kind& kind);

/// Makes everything that a new database of this kind has, within the caller's transaction.
void make_objects(SQLite::Database& db, const database_kind& kind);

} // namespace tsms::store
