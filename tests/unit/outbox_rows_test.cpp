// Deliveries in instances.db: what is counted, what an operator may do, and a database of before (DIV-051).

#include "store/error.hpp"
#include "tests/unit/instance_rows.hpp"

#include <boost/test/unit_test.hpp>
#include <sqlite3.h>

using namespace tsms;
using namespace tsms::unit;
using namespace std::chrono_literals;
using store::instance_db;

namespace {

std::int64_t enqueue(instance_db& db, const std::string& process = "process-1") {
    store::outbox_entry d;
    d.process = process;
    d.provider = "sp";
    d.spos = {"https://spos", "PEM"};
    d.body = "{}";
    d.created = store::clock::now();
    db.enqueue(d);
    return d.id;
}

void execute(const std::filesystem::path& file, const std::string& sql) {
    sqlite3* raw = nullptr;
    BOOST_REQUIRE(sqlite3_open(file.c_str(), &raw) == SQLITE_OK);
    BOOST_TEST(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK, sqlite3_errmsg(raw));
    sqlite3_close(raw);
}

} // namespace

BOOST_AUTO_TEST_SUITE(outbox_rows)

BOOST_AUTO_TEST_CASE(attempts_and_pauses_are_counted) {
    temporary_database t;
    instance_db db(t.file());
    const auto id = enqueue(db);
    BOOST_TEST(db.attempt_failed(id, 0s, "refused")->attempts == 1);
    const auto row = db.attempt_failed(id, 5s, "silent");
    BOOST_REQUIRE(row);
    BOOST_TEST(row->attempts == 2);
    BOOST_TEST((row->waited == 5s));
    BOOST_TEST(row->last_error == "silent");
    BOOST_TEST(row->provider == "sp");
    BOOST_TEST(db.delivery(id).value().waited.count() == 5);
    BOOST_TEST(!db.delivery(id + 1).has_value());
    BOOST_TEST(!db.attempt_failed(id + 1, 5s, "nobody"));
}

BOOST_AUTO_TEST_CASE(what_is_given_up_stays_and_begins_anew_when_it_is_wanted) {
    temporary_database t;
    instance_db db(t.file());
    const auto id = enqueue(db);
    db.attempt_failed(id, 5s, "refused");
    db.give_up(id);
    BOOST_TEST(db.outbox().empty());
    BOOST_TEST(!db.delivery(id).has_value()); // it does not wait
    BOOST_TEST(db.given_up_deliveries() == 1u);
    const auto all = db.outbox(instance_db::deliveries::all);
    BOOST_REQUIRE_EQUAL(all.size(), 1u);
    BOOST_TEST(all[0].given_up);
    BOOST_TEST(!db.attempt_failed(id, 5s, "it was on its way"));
    BOOST_TEST(db.retry_delivery(id));
    BOOST_TEST(db.given_up_deliveries() == 0u);
    BOOST_TEST(db.outbox().at(0).attempts == 0);
    BOOST_TEST((db.outbox().at(0).waited == 0s));
    BOOST_TEST(!db.retry_delivery(id + 1));
}

BOOST_AUTO_TEST_CASE(an_operators_changes_are_audited_and_noticed) {
    temporary_database t;
    instance_db db(t.file());
    const auto id = enqueue(db);
    db.changed_by_others();
    enqueue(db, "process-2");
    BOOST_TEST(!db.changed_by_others()); // the server's own change
    instance_db operators(t.file());
    db.changed_by_others();
    const auto before = db.audit_entries();
    BOOST_TEST(operators.retry_delivery(id));
    BOOST_TEST(db.changed_by_others());
    BOOST_TEST(!db.changed_by_others());
    BOOST_TEST(operators.drop_delivery(id));
    BOOST_TEST(!operators.drop_delivery(id));
    BOOST_TEST(db.changed_by_others());
    BOOST_TEST(db.audit_entries() == before + 2);
    BOOST_TEST(!db.broken_audit_entry());
}

BOOST_AUTO_TEST_CASE(a_database_whose_attempts_had_dates_is_taken_over) {
    temporary_database t;
    { const instance_db made(t.file()); }
    execute(t.file(), std::string() +
                          "ALTER TABLE outbox DROP COLUMN provider; ALTER TABLE outbox DROP COLUMN waited;"
                          "ALTER TABLE outbox ADD COLUMN next_attempt INTEGER NOT NULL DEFAULT 0;"
                          "INSERT INTO outbox (process, spos, body, created, next_attempt, attempts, given_up) VALUES "
                          "('p', '" +
                          store::encode(model::spos_target{"https://spos", "PEM"}) + "', '{}', 1, 99999999999, 3, 0);");
    for (int open = 0; open < 2; ++open) {
        instance_db db(t.file());
        const auto rows = db.outbox();
        BOOST_REQUIRE_EQUAL(rows.size(), 1u);
        BOOST_TEST(rows[0].process == "p");
        BOOST_TEST(rows[0].attempts == 3);
        BOOST_TEST((rows[0].waited == 0s));
    }
    instance_db db(t.file());
    enqueue(db);
    BOOST_TEST(db.outbox().size() == 2u);
}

// A clock that is a year ahead for an hour must not cost the log of a year (DIV-053).
BOOST_AUTO_TEST_CASE(a_step_of_the_clock_deletes_nothing_for_a_day) {
    temporary_database t;
    auto now = store::clock::now();
    std::optional<instance_db> db(t.file());
    BOOST_TEST(db->may_forget(now));
    BOOST_TEST(db->may_forget(now += 1h));
    BOOST_TEST(!db->may_forget(now += 24h * 300));
    for (int hour = 1; hour < 24; ++hour) {
        db.emplace(t.file()); // restarts do not shorten it
        BOOST_TEST(!db->may_forget(now += 1min));
        BOOST_TEST(!db->may_forget(now += 1h));
    }
    BOOST_TEST(db->may_forget(now += 1h));
    BOOST_TEST(!db->may_forget(now += 24h * 300));
    now -= 24h * 300; // set right
    int held = 0;
    while (!db->may_forget(now += 1h))
        ++held;
    BOOST_TEST(held < 24);
    BOOST_TEST(db->may_forget(now -= 24h * 300)); // nothing is older by that
}

BOOST_AUTO_TEST_SUITE_END()
