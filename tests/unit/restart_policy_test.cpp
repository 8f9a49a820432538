// When a role that has ended starts again.

#include "app/tsms/restart_policy.hpp"

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <vector>

using namespace tsms;
using namespace std::chrono_literals;
using app::process_end;
using app::restart_policy;

namespace {

const process_end crashed{SIGSEGV, 0};
const process_end gave_up{0, 1};

} // namespace

BOOST_AUTO_TEST_SUITE(restart_policy_)

BOOST_AUTO_TEST_CASE(who_has_lived_starts_again_at_once) {
    restart_policy policy;
    for (int i = 0; i < 100; ++i)
        BOOST_CHECK(policy.ended(crashed, restart_policy::early) == 0ms);
    BOOST_TEST(policy.early_ends() == 0);
}

BOOST_AUTO_TEST_CASE(who_ends_early_for_the_same_cause_waits_longer_each_time) {
    restart_policy policy;
    std::vector<std::int64_t> seconds;
    for (int i = 0; i < 8; ++i) // just too early, or never ready
        seconds.push_back(
            policy.ended(crashed, i % 2 ? std::optional(restart_policy::early - 1ms) : std::nullopt).count() / 1000);
    BOOST_TEST(seconds == (std::vector<std::int64_t>{0, 1, 2, 4, 8, 16, 30, 30}), boost::test_tools::per_element());
    BOOST_TEST(policy.early_ends() == 8);
    BOOST_CHECK(policy.ended(crashed, 1min) == 0ms); // it has lived: all is forgotten
    BOOST_CHECK(policy.ended(crashed, 1s) == 0ms);
    BOOST_CHECK(policy.ended(crashed, 1s) == 1s);
}

BOOST_AUTO_TEST_CASE(another_cause_begins_anew_but_is_bounded) {
    restart_policy policy;
    policy.ended(crashed, 1s);
    policy.ended(crashed, 1s);
    BOOST_CHECK(policy.ended(crashed, 1s) == 2s);
    for (int i = 0; i < 10; ++i) { // never faster than one start a second
        BOOST_CHECK(policy.ended(gave_up, std::nullopt) == 1s);
        BOOST_CHECK(policy.ended(crashed, 1s) == 1s);
    }
}

BOOST_AUTO_TEST_CASE(who_has_lost_a_database_waits_until_all_are_replaced) {
    const process_end displaced{0, restart_policy::database_displaced};
    restart_policy policy;
    BOOST_CHECK(policy.ended(displaced, 1h) == restart_policy::settling);
    BOOST_TEST(policy.early_ends() == 0);
    BOOST_CHECK(policy.ended(displaced, 1s) == restart_policy::settling);
    for (int i = 0; i < 10; ++i)
        policy.ended(displaced, 1s);
    BOOST_CHECK(policy.ended(displaced, 1s) == restart_policy::longest_pause);
    BOOST_CHECK((policy.ended({SIGKILL, restart_policy::database_displaced}, 1h) == 0ms));
}

BOOST_AUTO_TEST_CASE(the_cause_in_words) {
    BOOST_TEST(process_end::from_wait(SIGKILL).text() == "SIGKILL");
    BOOST_TEST(process_end::from_wait(3 << 8).text() == "exit code 3");
    BOOST_TEST((process_end{64, 0}).text() == "signal 64");
}

BOOST_AUTO_TEST_SUITE_END()
