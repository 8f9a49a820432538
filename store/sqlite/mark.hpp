#pragma once
// The mark beside a database: how far its audit chain has come. It is written behind each commit, so that it is never
// ahead of the database; one that is ahead says that commits were lost: an older copy was put in the place of the file,
// or its -wal was taken away. Only for store/.

#include "store/sqlite/audit.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace tsms::store {

struct mark {
    std::string installation; ///< empty: not known when it was written
    audit_tip tip;
};

/// DIR/catalog.db-mark of DIR/catalog.db
std::filesystem::path mark_file(const std::filesystem::path& database);

/// Nothing if there is none, if this user may not read it, or if it was torn by a loss of power.
std::optional<mark> read_mark(const std::filesystem::path& database);

/// For the user and with the permissions of the database. False if it cannot be written.
bool write_mark(const std::filesystem::path& database, const mark& m) noexcept;

} // namespace tsms::store
