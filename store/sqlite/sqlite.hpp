#pragma once
// Opening SQLite databases the way this program needs them (DESIGN "Two roles"; platform notes). Only store/ includes
// this header.

#include "store/error.hpp"
#include "store/sqlite/database_kind.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <optional>

namespace tsms::store {

struct mark;

/// For whoever makes the file: an empty one.
SQLite::Database create_file(const std::filesystem::path& file);

/// The only writer, or one of several that take turns: WAL, synchronous=FULL, 2 s patience, -wal and -shm stay behind
/// for readers. A file that is missing or empty, of another version, without what init wrote, or behind its mark is
/// refused by name, with the remedy. Opening changes nothing in it. Throws store::error.
SQLite::Database open_writer(const std::filesystem::path& file, const database_kind& kind,
                             believe_mark mark = believe_mark::yes);

/// As open_writer, also one of a former schema version, and whatever its mark says: for who migrates it or copies it.
SQLite::Database open_former(const std::filesystem::path& file, const database_kind& kind);

/// For reading only; works also when the writer does not run. Refuses what open_writer refuses. Throws store::error.
SQLite::Database open_reader(const std::filesystem::path& file, const database_kind& kind);

/// Why the database is not the one of this mark, which was read before; nothing if it is.
std::optional<std::string> unlike_mark(SQLite::Database& db, const std::filesystem::path& file,
                                       const std::optional<mark>& seen);

} // namespace tsms::store
