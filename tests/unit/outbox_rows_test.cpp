// Deliveries in instances.db: what is counted, what an operator may do, and a database of before (DIV-051).

#include "store/error.hpp"
#include "store/sqlite/database_kind.hpp"
#include "tests/moved_clock.hpp"
#include "tests/unit/instance_rows.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::unit;
using namespace std::chrono_literals;
using store::device_store;

namespace {

std::int64_t enqueue(device_store& db, const std::string& process = "process-1") {
    model::outbox_entry d;
    d.process = process;
    d.provider = "sp";
    d.spos = {"https://spos", "PEM"};
    d.body = "{}";
    d.created = std::chrono::system_clock::now();
    db.outbox.add(d);
    return d.id;
}

} // namespace

BOOST_AUTO_TEST_SUITE(outbox_rows)

BOOST_AUTO_TEST_CASE(attempts_and_pauses_are_counted) {
    temporary_database t;
    device_store db(t.file());
    const auto id = enqueue(db);
    BOOST_TEST(db.outbox.attempt_failed(id, 0s, "refused")->attempts == 1);
    const auto row = db.outbox.attempt_failed(id, 5s, "silent");
    BOOST_REQUIRE(row);
    BOOST_TEST(row->attempts == 2);
    BOOST_TEST((row->waited == 5s));
    BOOST_TEST(row->last_error == "silent");
    BOOST_TEST(row->provider == "sp");
    BOOST_TEST(db.outbox.waiting(id).value().waited.count() == 5);
    BOOST_TEST(!db.outbox.waiting(id + 1).has_value());
    BOOST_TEST(!db.outbox.attempt_failed(id + 1, 5s, "nobody"));
}

BOOST_AUTO_TEST_CASE(the_database_dates_what_has_no_date) {
    temporary_database t;
    moved_clock clock;
    device_store db(t.file(), store::believe_mark::yes, clock);
    model::outbox_entry d;
    d.spos = {"https://spos", "PEM"};
    db.outbox.add(d);
    BOOST_TEST((db.outbox.waiting(d.id).value().created == clock.wall_now));
    d.created = clock.wall_now - 1h;
    db.outbox.add(d);
    BOOST_TEST((db.outbox.waiting(d.id).value().created == clock.wall_now - 1h));
    db.card_log.append({{"p", false, "00A4", "", ""}});
    BOOST_TEST(db.card_log.of("p").at(0).at == iso8601(clock.wall_now));
}

BOOST_AUTO_TEST_CASE(what_is_given_up_stays_and_begins_anew_when_it_is_wanted) {
    temporary_database t;
    device_store db(t.file());
    const auto id = enqueue(db);
    db.outbox.attempt_failed(id, 5s, "refused");
    db.outbox.give_up(id);
    BOOST_TEST(db.outbox.waiting().empty());
    BOOST_TEST(!db.outbox.waiting(id).has_value()); // it does not wait
    BOOST_TEST(db.outbox.given_up() == 1u);
    const auto all = db.outbox.all();
    BOOST_REQUIRE_EQUAL(all.size(), 1u);
    BOOST_TEST(all[0].given_up);
    BOOST_TEST(!db.outbox.attempt_failed(id, 5s, "it was on its way"));
    BOOST_TEST(db.outbox.retry(id));
    BOOST_TEST(db.outbox.given_up() == 0u);
    BOOST_TEST(db.outbox.waiting().at(0).attempts == 0);
    BOOST_TEST((db.outbox.waiting().at(0).waited == 0s));
    BOOST_TEST(!db.outbox.retry(id + 1));
}

BOOST_AUTO_TEST_CASE(an_operators_changes_are_audited_and_noticed) {
    temporary_database t;
    device_store db(t.file());
    const auto id = enqueue(db);
    db.changed_by_others();
    enqueue(db, "process-2");
    BOOST_TEST(!db.changed_by_others()); // the server's own change
    device_store operators(t.file());
    db.changed_by_others();
    const auto before = db.audit_entries();
    BOOST_TEST(operators.outbox.retry(id));
    BOOST_TEST(db.changed_by_others());
    BOOST_TEST(!db.changed_by_others());
    BOOST_TEST(operators.outbox.drop(id));
    BOOST_TEST(!operators.outbox.drop(id));
    BOOST_TEST(db.changed_by_others());
    BOOST_TEST(db.audit_entries() == before + 2);
    BOOST_TEST(!db.broken_audit_entry());
}

BOOST_AUTO_TEST_CASE(a_database_whose_attempts_had_dates_is_taken_over) {
    temporary_database t;
    { const device_store made(t.file()); }
    {
        SQLite::Database db(t.file(), SQLite::OPEN_READWRITE);
        db.exec("ALTER TABLE outbox DROP COLUMN provider; ALTER TABLE outbox DROP COLUMN waited;"
                "ALTER TABLE outbox ADD COLUMN next_attempt INTEGER NOT NULL DEFAULT 0;"
                "INSERT INTO outbox (process, spos, body, created, next_attempt, attempts, given_up) VALUES ('p', '" +
                store::encode(model::spos_target{"https://spos", "PEM"}) + "', '{}', 1, 99999999999, 3, 0);");
        store::instances_kind().migrations.front().apply(db);
    }
    for (int open = 0; open < 2; ++open) {
        device_store db(t.file());
        const auto rows = db.outbox.waiting();
        BOOST_REQUIRE_EQUAL(rows.size(), 1u);
        BOOST_TEST(rows[0].process == "p");
        BOOST_TEST(rows[0].attempts == 3);
        BOOST_TEST((rows[0].waited == 0s));
    }
    device_store db(t.file());
    enqueue(db);
    BOOST_TEST(db.outbox.waiting().size() == 2u);
}

// A clock that is a year ahead for an hour must not cost the log of a year (DIV-053).
BOOST_AUTO_TEST_CASE(a_step_of_the_clock_deletes_nothing_for_a_day) {
    temporary_database t;
    auto now = std::chrono::system_clock::now();
    std::optional<device_store> db(t.file());
    BOOST_TEST(db->retention.may_forget(now));
    BOOST_TEST(db->retention.may_forget(now += 1h));
    BOOST_TEST(!db->retention.may_forget(now += 24h * 300));
    for (int hour = 1; hour < 24; ++hour) {
        db.emplace(t.file()); // restarts do not shorten it
        BOOST_TEST(!db->retention.may_forget(now += 1min));
        BOOST_TEST(!db->retention.may_forget(now += 1h));
    }
    BOOST_TEST(db->retention.may_forget(now += 1h));
    BOOST_TEST(!db->retention.may_forget(now += 24h * 300));
    now -= 24h * 300; // set right
    int held = 0;
    while (!db->retention.may_forget(now += 1h))
        ++held;
    BOOST_TEST(held < 24);
    BOOST_TEST(db->retention.may_forget(now -= 24h * 300)); // nothing is older by that
}

BOOST_AUTO_TEST_SUITE_END()
