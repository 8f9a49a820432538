#pragma once
// The databases of a data directory.

#include "store/error.hpp"

#include <filesystem>
#include <string>

namespace tsms::store {

enum class database_name { access, catalog, instances };

struct database_file {
    std::filesystem::path path;
    database_name name;
};

/// Whether a database that is behind its mark (store/sqlite/mark.hpp) is refused. Who does not believe the mark does
/// not move it either.
enum class believe_mark : bool { no, yes };

/// For `tsms init`: a new database of this installation, complete in its own file. Throws store::error, also if there
/// is one already.
void create_database(const database_file& file, const std::string& installation);

} // namespace tsms::store
