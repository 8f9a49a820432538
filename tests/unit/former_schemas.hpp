#pragma once
// Databases as former programs left them: tests/unit/former_schemas/ has a folder for each of them.

#include "places.hpp"
#include "store/databases.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>
#include <unistd.h>
#include <vector>

namespace tsms::unit {

struct former_program {
    const char* name; ///< its folder: the day on which it was written, and what was new where there are two of it
    int access, catalog, instances; ///< schema versions
    bool tombstones;                ///< keeps what is on a card that was lost
    bool counts_waiting;            ///< of deliveries (DIV-051), knows installations (DIV-048) and seals of the vault
    bool refused_uploads;

    int version(store::database_name of) const {
        return of == store::database_name::access ? access : of == store::database_name::catalog ? catalog : instances;
    }
};

inline constexpr former_program former_programs[] = {
    {"2026-11-22", 1, 1, 1, false, false, false},      {"2026-11-24", 2, 1, 1, true, false, false},
    {"2026-11-28", 2, 1, 1, true, true, false},        {"2026-11-29", 2, 1, 1, true, true, true},
    {"2026-11-30", 3, 2, 3, true, true, true},         // cards are leased (DIV-101)
    {"2026-11-30-calls", 3, 2, 4, true, true, true},   // calls are kept (DIV-108)
    {"2026-11-30-answers", 3, 2, 5, true, true, true}, // and answers to calls (DIV-107)
};

inline std::string text_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return std::move(text).str();
}

/// A data directory's databases.
struct database_folder {
    database_folder() {
        char name[] = "/tmp/tsms-former-XXXXXX";
        path = ::mkdtemp(name);
    }
    ~database_folder() { std::filesystem::remove_all(path); }
    database_folder(const database_folder&) = delete;
    database_folder& operator=(const database_folder&) = delete;

    std::filesystem::path file(const char* name) const { return path / name; }
    std::vector<store::database_file> all() const {
        return {{file("access.db"), store::database_name::access},
                {file("catalog.db"), store::database_name::catalog},
                {file("instances.db"), store::database_name::instances}};
    }

    std::filesystem::path path;
};

/// Those that this program left.
struct former_folder : database_folder {
    explicit former_folder(const former_program& program) {
        const auto from = std::filesystem::path(FORMER_SCHEMAS) / program.name;
        for (const auto& one : all()) {
            const auto name = one.path.filename();
            const auto sql = text_of((from / name).replace_extension("sql"));
            BOOST_REQUIRE(!sql.empty());
            SQLite::Database(one.path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(sql);
            const auto mark = name.string() + "-mark";
            if (std::filesystem::exists(from / mark))
                std::filesystem::copy(from / mark, path / mark);
        }
    }
};

/// Every row of every table, in words.
inline std::string rows_of(const std::filesystem::path& file) {
    SQLite::Database db(file);
    std::string text;
    SQLite::Statement tables(db, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    while (tables.executeStep()) {
        const auto table = tables.getColumn(0).getString();
        text += "-- " + table + "\n";
        std::vector<std::string> lines;
        SQLite::Statement rows(db, "SELECT * FROM " + table);
        while (rows.executeStep()) {
            std::string line;
            for (int i = 0; i < rows.getColumnCount(); ++i)
                line += rows.getColumn(i).getString() + "|";
            lines.push_back(line + "\n");
        }
        std::sort(lines.begin(), lines.end());
        for (const auto& line : lines)
            text += line;
    }
    return text;
}

/// Tables and indexes with their definitions, without what only their writing says.
inline std::vector<std::string> definitions_of(SQLite::Database& db) {
    std::vector<std::string> out;
    SQLite::Statement rows(db, "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master "
                               "WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name");
    while (rows.executeStep()) {
        std::string plain;
        for (const char c : rows.getColumn(0).getString())
            if (c != ' ' && c != '\n')
                plain += c;
        out.push_back(plain);
    }
    return out;
}

inline int version_of(const std::filesystem::path& file) {
    return SQLite::Database(file).execAndGet("PRAGMA user_version").getInt();
}

} // namespace tsms::unit
