// The sequence log with history (TR 3.5.1, AMB-190).

#include "tests/moved_clock.hpp"
#include "tests/unit/instance_rows.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::unit;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(card_log)

BOOST_AUTO_TEST_CASE(it_is_kept_for_its_time_and_in_its_order) {
    temporary_database t;
    moved_clock clock;
    store::device_store db(t.file(), store::believe_mark::yes, clock);
    constexpr auto kept = 42 * 24h;
    db.card_log.append({{"old", false, "00A4040000", "SELECT", ""}, {"old", true, "6F009000", "", ""}});
    const auto begun = clock.wall_now;
    clock.wall_now += kept;
    db.card_log.append({{"new", false, "80CA9F7F00", "GET DATA", ""}});
    db.card_log.append({{"new", true, "9000", "", ""}});
    db.retention.forget_log_before(clock.wall_now - kept);
    const auto old = db.card_log.of("old");
    BOOST_REQUIRE_EQUAL(old.size(), 2u); // not older than its time
    BOOST_TEST(old[0].apdu == "00A4040000");
    BOOST_TEST(!old[0].response);
    BOOST_TEST(old[0].at == iso8601(begun));
    BOOST_TEST(old[1].apdu == "6F009000");
    BOOST_TEST(old[1].response);
    clock.wall_now += 1s;
    db.retention.forget_log_before(clock.wall_now - kept);
    BOOST_TEST(db.card_log.of("old").empty());
    BOOST_REQUIRE_EQUAL(db.card_log.of("new").size(), 2u);
    BOOST_TEST(db.card_log.of("new")[0].note == "GET DATA");
    BOOST_TEST(db.card_log.of("new")[1].response);
}

BOOST_AUTO_TEST_SUITE_END()
