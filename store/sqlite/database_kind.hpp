#pragma once
// What the three databases are made of. Only for store/.

#include "store/databases.hpp"

namespace tsms::store {

struct database_kind {
    const char* name;
    int version;        ///< PRAGMA user_version
    const char* schema; ///< without what every database has: audit chain, installation, witnesses
};

const database_kind& access_kind();
const database_kind& catalog_kind();
const database_kind& instances_kind();
const database_kind& kind_of(database_name name);

} // namespace tsms::store
