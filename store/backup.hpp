#pragma once
// A copy of databases that fits in itself.

#include "store/databases.hpp"

#include <vector>

namespace tsms::store {

/// Copies the databases, of this schema version or a former one, and their marks into a new folder, which only this
/// user may read (made by root: the user of the folder around it), and brings the copies to the disk. All are copied as
/// they are at one moment: whoever would write waits. The folder gets its name when everything is in it. Throws
/// store::error, and leaves nothing then.
void back_up(const std::vector<database_file>& all, const std::filesystem::path& folder);

} // namespace tsms::store
