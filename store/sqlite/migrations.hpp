#pragma once
// How a database is migrated (store/migration.hpp). Only for store/.

#include "store/migration.hpp"
#include "store/sqlite/sqlite.hpp"

namespace tsms::store {

/// Of one database. As migrate().
void migrate_one(const std::filesystem::path& file, const database_kind& kind,
                 const std::function<void(const migration_step&)>& done);

} // namespace tsms::store
