#pragma once
// Whether anybody has committed to a database since a moment, without a system call: for caches that must not outlive
// what they hold, whichever process changes it.

#include "store/sqlite/sqlite.hpp"

#include <array>
#include <optional>

namespace tsms::store {

/// Equal stamps: no commit between them. The header of the WAL index (sqlite.org/walformat.html 2.1): its counter
/// changes with each commit, and by it SQLite's own readers decide whether what they have cached still holds.
using change_stamp = std::array<std::uint64_t, 6>;

/// Must not live longer than the database's connection.
class change_watch {
public:
    explicit change_watch(SQLite::Database& db);

    /// The stamp of this moment, from any thread. Nothing if the database is in no mode that has one. Take it before
    /// reading what shall be kept under it.
    std::optional<change_stamp> now() const;

private:
    const std::uint64_t* header_ = nullptr; ///< in memory that all processes share
};

} // namespace tsms::store
