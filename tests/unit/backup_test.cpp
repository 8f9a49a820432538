// Copies of databases: whole, of one moment, and for nobody else.

#include "store/backup.hpp"
#include "store/device_store.hpp"
#include "store/migration.hpp"
#include "store/upkeep.hpp"

#include "former_schemas.hpp"
#include "refused_databases.hpp"

#include <sys/stat.h>

using namespace tsms;
using namespace tsms::unit;
namespace fs = std::filesystem;

namespace {

/// What is in the folder beside the databases, their logs and marks.
std::vector<std::string> left_in(const database_folder& d) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(d.path))
        if (entry.path().filename().string().find(".db") == std::string::npos)
            names.push_back(entry.path().filename().string());
    return names;
}

} // namespace

BOOST_AUTO_TEST_SUITE(backup)

BOOST_AUTO_TEST_CASE(a_backup_has_every_row_and_mark_and_goes_on_where_it_was) {
    for (const auto& then : former_programs) {
        const former_folder d(then);
        store::back_up(d.all(), d.file("backup"));
        struct stat made {};
        BOOST_REQUIRE(::stat(d.file("backup").c_str(), &made) == 0);
        BOOST_TEST((made.st_mode & 07777) == 0700u);
        database_folder restored;
        for (const auto& one : d.all()) {
            const auto name = one.path.filename();
            const auto copied = d.file("backup") / name;
            BOOST_TEST(rows_of(copied) == rows_of(one.path));
            BOOST_TEST(version_of(copied) == version_of(one.path));
            const auto mark = name.string() + "-mark";
            BOOST_TEST(unit::text_of(d.path / mark) == unit::text_of(d.file("backup") / mark));
            for (const auto& part : {name.string(), mark})
                if (fs::exists(d.file("backup") / part))
                    fs::copy(d.file("backup") / part, restored.path / part);
        }
        store::migrate(d.all(), [](const store::migration_step&) {});
        store::migrate(restored.all(), [](const store::migration_step&) {});
        store::upkeep::options o;
        o.writes = restored.all();
        const store::upkeep started(o);
        BOOST_TEST(store::device_store(restored.file("instances.db")).instances.find("instance-1").has_value());
    }
}

BOOST_AUTO_TEST_CASE(what_is_only_in_the_log_is_copied_too) {
    const former_folder d(former_programs[3]);
    store::migrate(d.all(), [](const store::migration_step&) {});
    const store::device_store db(d.file("instances.db"));
    db.apps.add({"AB", "provider", {1}, ""});
    BOOST_TEST(fs::file_size(d.file("instances.db-wal")) > 0u);
    store::back_up(d.all(), d.file("backup"));
    BOOST_TEST(store::device_store(d.file("backup") / "instances.db").apps.all().size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_backup_that_fails_leaves_nothing) {
    const former_folder d(former_programs[1]);
    for (const auto& one : d.all())
        SQLite::Database(one.path, SQLite::OPEN_READWRITE).exec("PRAGMA journal_mode=WAL");
    std::string said;
    {
        const full_disk full;
        said = refusal([&] { store::back_up(d.all(), d.file("backup")); });
    }
    BOOST_TEST(says(said, {"access.db", "make room in"}));
    BOOST_TEST(left_in(d).empty());
    SQLite::Database other(d.file("catalog.db"), SQLite::OPEN_READWRITE);
    other.exec("BEGIN IMMEDIATE");
    BOOST_TEST(says(refusal([&] { store::back_up(d.all(), d.file("backup")); }),
                    {"catalog.db", "database is locked", "end the program that holds it"}));
    other.exec("ROLLBACK");
    BOOST_TEST(left_in(d).empty());
    fs::create_directory(d.file("backup"));
    BOOST_TEST(
        says(refusal([&] { store::back_up(d.all(), d.file("backup")); }), {"backup", "File exists", "repeat it"}));
    BOOST_TEST(
        says(refusal([&] { store::back_up(d.all(), d.file("none") / "backup"); }), {"cannot make", "No such file"}));
    BOOST_TEST(fs::is_empty(d.file("backup")));
}

BOOST_AUTO_TEST_SUITE_END()
