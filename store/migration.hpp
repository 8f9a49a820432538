#pragma once
// Databases that a former program wrote become what this one needs (tsms migrate, DIV-099).

#include "store/databases.hpp"

#include <functional>
#include <string>
#include <vector>

namespace tsms::store {

/// From one schema version to the next one.
struct migration_step {
    std::string database; ///< "instances.db"
    int from = 0;
    int to = 0;
    std::string what; ///< it brings, in words
};

/// What migrate() would do, in its order; nothing where all are of the newest version. Changes nothing. Throws
/// store::error for a database that cannot be opened, is damaged, lacks what its version has, or was written by a newer
/// program.
std::vector<migration_step> pending_migrations(const std::vector<database_file>& all);

/// Runs what pending_migrations() says. Each step is one transaction with its version and its entry in the audit chain,
/// `done` is called behind each. Nobody else may have the databases open. Interrupted between two steps, by a loss of
/// power or an error, it is to be run again: it goes on with the next one. Throws store::error; what was done before
/// stays.
void migrate(const std::vector<database_file>& all, const std::function<void(const migration_step&)>& done);

} // namespace tsms::store
