#pragma once
// What the three databases are made of. Only for store/.

#include "store/databases.hpp"

#include <span>

namespace SQLite {
class Database;
}

namespace tsms::store {

/// A step from one schema version to the next one. It has been run on databases that are in use: it is never changed,
/// and what shall be otherwise is a further step.
struct migration {
    int to;                           ///< the version behind it: one more than that of the step before; the first is 2
    const char* what;                 ///< for the operator
    void (*apply)(SQLite::Database&); ///< within a transaction; throws SQLite::Exception
};

/// A new schema version is a row behind the migrations, and the schema as it is behind it.
struct database_kind {
    const char* name;
    const char*
        schema; ///< of the newest version, without what every database has: audit chain, installation, witnesses
    std::span<const migration> migrations; ///< from version 1 to the newest

    int version() const { return migrations.back().to; } ///< PRAGMA user_version of this program
};

const database_kind& access_kind();
const database_kind& catalog_kind();
const database_kind& instances_kind();
const database_kind& kind_of(database_name name);

} // namespace tsms::store
