#pragma once
// Opening SQLite databases the way this program needs them (DESIGN "Two roles"; platform notes). Only store/ includes
// this header.

#include "store/error.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>

namespace tsms::store {

/// The only writer, or one of several that take turns: WAL, synchronous=FULL, 2 s patience, -wal and -shm stay behind
/// for readers. An empty file gets `schema` and `version`; another version than `version` is refused by name. Throws
/// store::error.
SQLite::Database open_writer(const std::filesystem::path& file, int version, const char* schema);

/// For reading only; works also when the writer does not run. Throws store::error.
SQLite::Database open_reader(const std::filesystem::path& file, int version);

} // namespace tsms::store
