// Databases that are whole, belong together, and can be written, and what is said of those that are not (DIV-048).

#include "store/access.hpp"
#include "store/adoption.hpp"
#include "store/catalog.hpp"
#include "store/device_store.hpp"
#include "store/upkeep.hpp"

#include "damage.hpp"
#include "data_directory.hpp"
#include "instance_rows.hpp"
#include "refused_databases.hpp"
#include "tests/moved_clock.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sys/wait.h>

using namespace tsms;
namespace fs = std::filesystem;
using store::database_name;
using unit::a_profile;
using unit::data_directory;
using unit::full_disk;
using unit::log_size;
using unit::refusal;
using unit::says;
using unit::year_2030;

BOOST_AUTO_TEST_SUITE(databases)

// -- what went wrong is what is told

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_as_such_by_every_database) {
    const data_directory d;
    const auto access = store::open_access(d.file("access.db"));
    const auto catalog = store::open_catalog(d.file("catalog.db"));
    store::device_store instances(d.file("instances.db"));
    const auto insert = [](store::catalog_edit& edit) {
        edit.insert(a_profile("p"), {});
        return true;
    };
    std::string of_access, of_catalog, of_instances;
    {
        const full_disk full;
        of_access = refusal([&] { access->add_provider("one", year_2030); });
        of_catalog = refusal([&] { catalog->write(insert); });
        of_instances = refusal([&] { instances.apps.add({"AB", "provider", {1}, ""}); });
    }
    BOOST_TEST(says(of_access, {"writing access.db failed", "File too large", "make room in"}));
    BOOST_TEST(says(of_catalog, {"writing catalog.db failed", "File too large", "make room in"}));
    BOOST_TEST(says(of_instances, {"writing instances.db failed", "File too large", "make room in"}));
    BOOST_TEST(access->providers().empty());
    access->add_provider("one", year_2030); // each goes on as if nothing had been
    BOOST_TEST(catalog->write(insert));
    BOOST_TEST(instances.apps.add({"AB", "provider", {1}, ""}));
}

BOOST_AUTO_TEST_CASE(what_the_change_throws_comes_out_even_if_its_transaction_is_over) {
    const data_directory d;
    const auto catalog = store::open_catalog(d.file("catalog.db"));
    struct own_error {};
    BOOST_CHECK_THROW(catalog->write([](store::catalog_edit& edit) -> bool {
        edit.insert(a_profile("p"), {});
        const full_disk full;
        edit.put_file("p", std::string(64 << 20, 'x')); // more than the cache: written before the commit
        throw own_error{};
    }),
                      store::error);
    BOOST_CHECK_THROW(catalog->write([](store::catalog_edit&) -> bool { throw own_error{}; }), own_error);
    d.add_profile("p");
}

BOOST_AUTO_TEST_CASE(who_holds_a_database_is_to_be_ended) {
    const data_directory d;
    const auto access = store::open_access(d.file("access.db"));
    SQLite::Database other(d.file("access.db"), SQLite::OPEN_READWRITE);
    other.exec("BEGIN IMMEDIATE");
    BOOST_TEST(says(refusal([&] { access->add_provider("one", year_2030); }),
                    {"writing access.db failed: database is locked", "end the program that holds it"}));
    other.exec("ROLLBACK");
    access->add_provider("one", year_2030);
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_named) {
    const data_directory d;
    std::ofstream(d.file("access.db")) << std::string(8192, 'x');
    BOOST_TEST(says(refusal([&] { d.add_provider("one"); }), {"opening access.db failed", "restore the databases"}));
}

// -- whole

BOOST_AUTO_TEST_CASE(what_init_did_not_write_is_refused_by_name) {
    const data_directory d;
    for (const auto& one : d.all()) {
        const auto open = [&] {
            if (one.name == database_name::access)
                store::open_access(one.path);
            if (one.name == database_name::catalog)
                store::open_catalog_reader(one.path);
            if (one.name == database_name::instances)
                store::device_store i(one.path);
        };
        const auto name = one.path.string();
        fs::copy(one.path, d.file("good"));
        const auto again = [&] { fs::copy(d.file("good"), one.path, fs::copy_options::overwrite_existing); };
        SQLite::Database(one.path, SQLite::OPEN_READWRITE).exec("PRAGMA journal_mode=DELETE; DROP TABLE audit");
        BOOST_TEST(says(refusal(open), {name.c_str(), "lacks audit"}));
        again();
        SQLite::Database(one.path, SQLite::OPEN_READWRITE).exec("PRAGMA journal_mode=DELETE; PRAGMA user_version=0");
        BOOST_TEST(says(refusal(open), {name.c_str(), "schema version 0"}));
        fs::remove(one.path);
        SQLite::Database(one.path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("PRAGMA journal_mode=WAL");
        BOOST_TEST(says(refusal(open), {name.c_str(), "nothing of what tsms init wrote", "-wal"}));
        fs::resize_file(one.path, 0);
        BOOST_TEST(says(refusal(open), {name.c_str(), "missing or empty"}));
        fs::remove(one.path);
        BOOST_TEST(says(refusal(open), {name.c_str(), "missing or empty"}));
        again();
        BOOST_TEST(refusal(open) == "");
        BOOST_TEST(says(refusal([&] { store::create_database(one, "x"); }), {"there already"}));
        fs::remove(d.file("good"));
    }
}

BOOST_AUTO_TEST_CASE(a_log_that_was_lost_is_noticed) {
    const data_directory d;
    const auto copy = [&](const fs::path& to, std::initializer_list<const char*> parts) {
        fs::create_directory(to);
        for (const auto* part : parts)
            fs::copy(d.file("instances.db").string() + part, to / (std::string("instances.db") + part));
    };
    {
        store::device_store db(d.file("instances.db"));
        db.apps.add({"AB", "provider", {1}, ""});
        BOOST_TEST(log_size(d.instances()) > 0); // as if killed here
        copy(d.file("whole"), {"", "-wal", "-mark"});
        copy(d.file("lost"), {"", "-mark"});
    }
    copy(d.file("closed"), {"", "-mark"}); // whoever has written leaves the file complete
    BOOST_TEST(store::device_store(d.file("whole") / "instances.db").apps.all().size() == 1u);
    BOOST_TEST(store::device_store(d.file("closed") / "instances.db").apps.all().size() == 1u);
    BOOST_TEST(says(refusal([&] { store::device_store db(d.file("lost") / "instances.db"); }),
                    {"instances.db is older than it was", "entry 2", "ends at entry 1", "tsms adopt"}));
    std::ofstream(d.file("lost") / "instances.db-mark") << "torn by a loss of power";
    BOOST_TEST(store::device_store(d.file("lost") / "instances.db").apps.all().empty());
}

// -- belonging together

BOOST_AUTO_TEST_CASE(an_older_neighbour_is_refused) {
    for (const bool with_mark : {true, false}) {
        const data_directory d;
        d.start_rest();
        d.start_device();
        for (const auto& one : d.all())
            fs::copy(one.path, one.path.string() + ".old");
        d.add_provider("one");
        d.add_profile("p");
        d.add_app("AB");
        d.start_rest();
        d.start_device();
        const auto with_old = [&](const store::database_file& one, auto start) {
            fs::copy(one.path, one.path.string() + ".new");
            fs::copy(one.path.string() + ".old", one.path, fs::copy_options::overwrite_existing);
            fs::rename(one.path.string() + "-mark", d.file("mark"));
            if (with_mark)
                fs::copy(d.file("mark"), one.path.string() + "-mark");
            const auto said = refusal(start);
            fs::copy(one.path.string() + ".new", one.path, fs::copy_options::overwrite_existing);
            fs::rename(d.file("mark"), one.path.string() + "-mark");
            fs::remove(one.path.string() + ".new");
            return said;
        };
        const auto rest = [&] { d.start_rest(); };
        const auto device = [&] { d.start_device(); };
        BOOST_TEST(says(with_old(d.access(), rest), {"access.db is older than", "tsms adopt"}));
        BOOST_TEST(says(with_old(d.catalog(), rest), {"catalog.db is older than", "tsms adopt"}));
        BOOST_TEST(says(with_old(d.catalog(), device), {"catalog.db is older than", "tsms adopt"}));
        if (with_mark) // nobody else has seen the instances
            BOOST_TEST(says(with_old(d.instances(), device), {"instances.db is older than", "tsms adopt"}));
        BOOST_TEST(refusal(rest) == "");
        BOOST_TEST(refusal(device) == "");
    }
}

BOOST_AUTO_TEST_CASE(a_neighbour_of_another_installation_is_refused) {
    const data_directory d, other("b1ad0f0e-0000-4000-8000-000000000002");
    for (const auto* name : {"access.db", "catalog.db"}) {
        fs::copy(d.file(name), d.file("kept"));
        fs::copy(other.file(name), d.file(name), fs::copy_options::overwrite_existing);
        BOOST_TEST(says(refusal([&] { d.start_rest(); }), {name, "another installation than", "-mark"}));
        fs::rename(d.file(name).string() + "-mark", d.file("mark"));
        BOOST_TEST(says(refusal([&] { d.start_rest(); }), {name, "different installations", "tsms adopt"}));
        if (std::string(name) == "catalog.db")
            BOOST_TEST(says(refusal([&] { d.start_device(); }), {name, "different installations", "tsms adopt"}));
        fs::rename(d.file("kept"), d.file(name));
        fs::rename(d.file("mark"), d.file(name).string() + "-mark");
    }
    d.start_rest();
    d.start_device();
}

BOOST_AUTO_TEST_CASE(databases_of_before_are_taken_over_in_any_order) {
    for (const bool rest_first : {true, false}) {
        const data_directory d;
        d.add_provider("one");
        d.make_old();
        if (!rest_first)
            d.start_device(); // knows no id yet
        d.start_rest();
        d.start_device();
        std::set<std::string> ids;
        for (const auto& one : d.all())
            ids.insert(SQLite::Database(one.path).execAndGet("SELECT id FROM installation").getString());
        BOOST_TEST(ids.size() == 1u);
        BOOST_TEST(store::open_access(d.file("access.db"))->providers().size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(taking_over_may_end_anywhere) {
    const data_directory d;
    d.make_old();
    d.start_rest();
    SQLite::Database(d.file("catalog.db"), SQLite::OPEN_READWRITE) // as if it had ended before the second one
        .exec("DELETE FROM installation; DELETE FROM witness");
    d.start_rest();
    d.start_device();
}

/// What a role does, until it is killed.
void work_on(const data_directory& d, bool rest, const std::string& round) {
    for (int i = 0;; ++i) {
        store::upkeep u(rest ? d.rest() : d.device());
        const auto name = round + "-" + std::to_string(i);
        if (rest) {
            d.add_provider(name);
            d.add_profile(name);
        } else {
            d.add_app(name);
        }
        u.tick(nullptr);
        u.tick(nullptr);
        u.trouble();
    }
}

/// Killed at any moment, databases still belong together.
BOOST_AUTO_TEST_CASE(a_kill_never_leads_to_a_refusal) {
    const data_directory d;
    d.make_old();
    std::string said;
    for (int round = 0; round < 40 && said.empty(); ++round) {
        std::array<pid_t, 2> children{};
        for (std::size_t which = 0; which < children.size(); ++which) {
            children[which] = ::fork();
            if (children[which] != 0)
                continue;
            try {
                work_on(d, which == 0, std::to_string(round));
            } catch (const std::exception& e) {
                std::fprintf(stderr, "round %d: %s\n", round, e.what());
            }
            std::_Exit(1); // it was to be killed
        }
        ::usleep(static_cast<useconds_t>(3000 + 7919 * round % 120000));
        for (const auto child : children) {
            ::kill(child, SIGKILL);
            int status = 0;
            ::waitpid(child, &status, 0);
            if (!WIFSIGNALED(status))
                said = "a child ended by itself in round " + std::to_string(round);
        }
        said += refusal([&] {
            d.start_rest();
            d.start_device();
        });
    }
    BOOST_TEST(said == "");
    BOOST_TEST(store::open_access(d.file("access.db"))->providers().size() > 5u);
}

BOOST_AUTO_TEST_CASE(adoption_goes_on_with_what_is_there) {
    const data_directory d;
    {
        store::device_store db(d.file("instances.db"));
        BOOST_REQUIRE((db.instances.create(unit::some_instance(), unit::some_card()) == model::creation::created));
    }
    d.start_rest();
    d.start_device();
    fs::copy(d.file("instances.db"), d.file("instances.old"));
    fs::copy(d.file("catalog.db"), d.file("catalog.old"));
    d.add_app("AB");
    d.add_profile("p");
    d.start_rest();
    d.start_device();
    fs::rename(d.file("instances.old"), d.file("instances.db"));
    fs::rename(d.file("catalog.old"), d.file("catalog.db"));
    BOOST_TEST(refusal([&] { d.start_rest(); }) != "");
    BOOST_TEST(refusal([&] { d.start_device(); }) != "");
    const auto done = store::adopt(d.all());
    BOOST_TEST(done.misfits.size() == 3u); // two marks, and access.db has seen a newer catalog
    BOOST_TEST(done.cards_in_doubt == 1u);
    BOOST_TEST(store::device_store(d.file("instances.db")).cards.find("card-1")->doubt);
    BOOST_TEST(refusal([&] { d.start_rest(); }) == "");
    BOOST_TEST(refusal([&] { d.start_device(); }) == "");
    BOOST_TEST(store::adopt(d.all()).misfits.empty());
}

// -- complete, and ready to be written

BOOST_AUTO_TEST_CASE(a_role_that_has_ended_leaves_complete_files) {
    const data_directory d;
    {
        store::upkeep u(d.rest());
        const auto of_the_device_role =
            store::open_catalog_reader(d.file("catalog.db")); // the last to close it cannot empty the log
        d.add_profile("before");
        const auto catalog = store::open_catalog(d.file("catalog.db"));
        catalog->write([](store::catalog_edit& edit) {
            edit.insert(a_profile("p"), {});
            return true;
        });
        BOOST_TEST(log_size(d.catalog()) > 0);
    }
    BOOST_TEST(log_size(d.catalog()) == 0);
    fs::create_directory(d.file("copy"));
    for (const auto* name : {"access.db", "catalog.db"})
        fs::copy(d.file(name), d.file("copy") / name);
    store::upkeep::options o;
    o.writes = {{d.file("copy") / "access.db", database_name::access},
                {d.file("copy") / "catalog.db", database_name::catalog}};
    const store::upkeep started(o);
    const auto copied = store::open_catalog_reader(d.file("copy") / "catalog.db");
    BOOST_TEST(copied->read([](const store::catalog_view& v) {
        return v.list(model::entity_kind::secure_component_profile, "", "").size();
    }) == 2u);
}

BOOST_AUTO_TEST_CASE(an_idle_role_empties_its_log) {
    const data_directory d;
    store::upkeep u(d.rest());
    const auto catalog = store::open_catalog(d.file("catalog.db"));
    const auto tick = [&] { u.tick([&] { catalog->release_snapshots(); }); };
    int n = 0;
    const auto write = [&] {
        catalog->write([&](store::catalog_edit& edit) {
            const auto id = std::to_string(++n);
            edit.insert(a_profile(id), {});
            return true;
        });
        catalog->read([](const store::catalog_view& v) { return v.file_size("1"); }); // stays in its snapshot
    };
    write();
    tick();
    BOOST_TEST(log_size(d.catalog()) > 0); // something has just happened
    tick();
    BOOST_TEST(log_size(d.catalog()) == 0);
    for (int i = 0; i < 9; ++i) {
        write();
        tick();
        BOOST_TEST(log_size(d.catalog()) > 0);
    }
    write();
    tick();
    BOOST_TEST(log_size(d.catalog()) == 0); // never idle: all the same now and then
}

BOOST_AUTO_TEST_CASE(a_database_that_cannot_be_written_is_told_until_it_can) {
    const data_directory d;
    auto o = d.rest();
    std::vector<std::string> told;
    moved_clock clock;
    auto& now = clock.steady_now;
    o.time = &clock;
    o.log = [&](const log_event& e) { told.push_back(e.text); };
    store::upkeep u(o);
    BOOST_TEST(u.trouble() == "");
    std::string at_once, later, again;
    {
        const full_disk full;
        at_once = u.trouble(); // not tried anew
        now += std::chrono::seconds(1);
        later = u.trouble();
        now += std::chrono::seconds(1);
        again = u.trouble();
    }
    BOOST_TEST(at_once == "");
    BOOST_TEST(says(later, {"writing access.db failed", "make room"}));
    BOOST_TEST(again == later);
    now += std::chrono::seconds(1);
    BOOST_TEST(u.trouble() == "");
    BOOST_TEST(told.size() == 2u); // once each
}

/// Also the ones that the role has read before, and the database that it only reads.
BOOST_AUTO_TEST_CASE(a_database_that_cannot_be_read_is_told) {
    for (const auto& [file, table] : {std::pair{"access.db", "provider"},
                                      {"access.db", "client_certificate"},
                                      {"catalog.db", "entity"},
                                      {"instances.db", "secure_components"}}) {
        const data_directory d;
        auto o = std::string(file) == "access.db" ? d.rest() : d.device();
        moved_clock clock;
        o.time = &clock;
        store::upkeep u(o);
        BOOST_TEST(u.trouble() == "");
        unit::overwrite(d.file(file), table);
        clock.steady_now += std::chrono::seconds(1);
        BOOST_TEST(says(u.trouble(), {"reading " + std::string(file) + " failed", "malformed", "restore"}));
    }
}

BOOST_AUTO_TEST_CASE(a_role_does_not_start_where_it_cannot_write) {
    const data_directory d;
    std::string said;
    {
        const full_disk full;
        said = refusal([&] { d.start_rest(); });
    }
    BOOST_TEST(says(said, {"access.db", "make room"}));
    d.start_rest();
}

BOOST_AUTO_TEST_SUITE_END()
