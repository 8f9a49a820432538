#pragma once
// Databases that are damaged on purpose, and whether what is said of them names file, fault and remedy.

#include "refused_databases.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <string>

namespace tsms::unit {

inline bool names(const std::string& text, const char* file, const char* what) {
    for (const auto* part : {file, what, "restore the databases from one backup"})
        if (text.find(part) == std::string::npos) {
            BOOST_TEST_MESSAGE("'" << part << "' is not in: " << text);
            return false;
        }
    return true;
}

/// Writes rubbish over the first page of a table or index.
inline void overwrite(const std::filesystem::path& file, const std::string& object) {
    long page = 0, size = 0;
    {
        SQLite::Database db(file, SQLite::OPEN_READWRITE);
        db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        SQLite::Statement found(db, "SELECT rootpage FROM sqlite_master WHERE name = ?");
        found.bind(1, object);
        BOOST_REQUIRE(found.executeStep());
        page = static_cast<long>(found.getColumn(0).getInt64());
        size = static_cast<long>(db.execAndGet("PRAGMA page_size").getInt64());
    }
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp((page - 1) * size);
    out << std::string(static_cast<std::size_t>(size), '\x5A');
}
inline void execute(const std::filesystem::path& file, const std::string& sql) {
    SQLite::Database(file, SQLite::OPEN_READWRITE).exec(sql);
}

} // namespace tsms::unit
