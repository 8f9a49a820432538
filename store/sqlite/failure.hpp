#pragma once
// What SQLite's errors mean to an operator: which file, what happened, what helps. Only for store/.

#include "store/damage_book.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>

namespace tsms::store {

/// What helps where databases are not what they were.
inline constexpr const char* to_restore = "stop the server and restore the databases from one backup";

/// `doing` as in "writing catalog.db failed: …". The connection, if there is one, knows what the system said.
error failure(const char* doing, const std::filesystem::path& file, const SQLite::Exception& cause,
              sqlite3* connection);

/// What helps where the system refused this file: by errno.
std::string system_remedy(const std::filesystem::path& file, int number);

/// A row of this file with its remedy.
damaged_row damage(const std::filesystem::path& file, const damaged_row& row);

/// Something is stored that this program never writes.
error damage(const std::filesystem::path& file, const std::string& what);

} // namespace tsms::store
