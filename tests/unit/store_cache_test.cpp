// What is kept between requests, and that it never outlives a change, whoever makes it: caches over
// store::change_watch.

#include "rest_fixture.hpp"

#include "store/sqlite/change_watch.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <thread>

using namespace tsms;
using namespace tsms::rest_test;

BOOST_AUTO_TEST_SUITE(store_caches)

BOOST_FIXTURE_TEST_CASE(a_stamp_changes_with_every_commit_of_anybody, fixture) {
    SQLite::Database mine(directory.path() / "catalog.db", SQLite::OPEN_READWRITE);
    const store::change_watch watch(mine);
    auto last = watch.now();
    BOOST_REQUIRE(last.has_value());
    BOOST_TEST((watch.now() == last));
    const auto changed = [&] {
        const auto now = watch.now();
        return now != std::exchange(last, now);
    };
    service(); // over another connection
    BOOST_TEST(changed());
    get("/services");
    BOOST_TEST(!changed());
    mine.exec("UPDATE entity SET position = position");
    BOOST_TEST(changed());
    mine.exec("BEGIN IMMEDIATE; UPDATE entity SET position = 'x'; ROLLBACK");
    BOOST_TEST(!changed());
    mine.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    changed();
    service(); // the first of a log that begins again
    BOOST_TEST(changed());
}

BOOST_FIXTURE_TEST_CASE(a_database_without_log_has_no_stamp, fixture) {
    SQLite::Database other(directory.path() / "other.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    other.exec("CREATE TABLE t (x)");
    BOOST_TEST(!store::change_watch(other).now().has_value());
}

BOOST_FIXTURE_TEST_CASE(a_revocation_of_another_process_counts_at_once, fixture) {
    for (int i = 0; i < 20; ++i) {
        token = login(long_term);
        BOOST_TEST(get("/services").status == 200);
        BOOST_TEST(get("/services").status == 200); // known by now
        const auto other = store::open_access(directory.path() / "access.db");
        other->revoke(provider, "");
        BOOST_TEST(get("/services").status == 401);
        long_term = access.issue_long_term(provider, now, now + std::chrono::hours(24));
    }
    // So does a certificate that is asked for from now on, and the end of a token.
    token = login(long_term);
    BOOST_TEST(get("/services").status == 200);
    const auto other = store::open_access(directory.path() / "access.db");
    other->add_client_certificate(provider, "AB");
    BOOST_TEST(get("/services").status == 403);
    other->remove_client_certificates(provider, "");
    BOOST_TEST(get("/services").status == 200);
    now += std::chrono::minutes(15);
    BOOST_TEST(get("/services").status == 401);
}

BOOST_FIXTURE_TEST_CASE(a_long_term_token_ends_what_was_made_with_it, fixture) {
    token = login(access.issue_long_term(provider, now, now + std::chrono::minutes(5)));
    BOOST_TEST(get("/services").status == 200);
    now += std::chrono::minutes(4);
    BOOST_TEST(get("/services").status == 200);
    now += std::chrono::minutes(1);
    BOOST_TEST(get("/services").status == 401);
}

BOOST_FIXTURE_TEST_CASE(readers_see_what_was_committed_before_them, fixture) {
    const auto other = store::open_catalog(directory.path() / "catalog.db");
    const auto count = [](const store::catalog_reader& of) {
        return of.read([](const store::catalog_view& v) {
            std::size_t n = 0;
            for (const auto& p : v.list(model::entity_kind::secure_component_profile, "", ""))
                n += p.id.empty() ? 0 : 1;
            return n;
        });
    };
    for (std::size_t i = 1; i <= 20; ++i) {
        profile("p" + std::to_string(i));
        BOOST_TEST(count(catalog) == i);
        BOOST_TEST(count(*other) == i);
    }
}

/// Sessions that stay in their snapshot must not keep the log from being emptied.
BOOST_FIXTURE_TEST_CASE(kept_snapshots_do_not_hold_up_checkpoints, fixture) {
    const auto log = directory.path() / "catalog.db-wal";
    load_file();
    // Two at once: two sessions, of which one is used no more.
    const auto read = [](const store::catalog_view& v) { return v.list(model::entity_kind::service, "", "").size(); };
    catalog.read([&](const store::catalog_view& v) { return read(v) + catalog.read(read); });
    for (int i = 0; i < 40; ++i) {
        load_file();
        upload("POST", "/personalization-scripts",
               {{"script-file", "s", R"({"version":1,"commands":[]})" + std::string(400000, ' ')}});
        get("/executable-load-files");
    }
    // 40 scripts are 16 MB; a log that begins again after 1000 pages of 4096 octets stays near 4 MB.
    BOOST_TEST(std::filesystem::file_size(log) < 8u << 20);
}

BOOST_AUTO_TEST_SUITE_END()
