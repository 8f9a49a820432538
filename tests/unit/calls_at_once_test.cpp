#include "http/net/calls_at_once.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>

using namespace tsms::net;
using namespace std::chrono_literals;

namespace {

struct callers {
    explicit callers(call_limits limits)
        : calls(limits, [this](const refusal_report& report) { reports.push_back(report); }) {}

    std::optional<refusal> enter(const std::string& network) {
        return held.emplace_back(new calls_at_once::place(calls.enter(network, now)))->refused();
    }
    int until_refused(const std::string& network) {
        int times = 0;
        while (times < 1000 && !enter(network))
            ++times;
        return times;
    }
    std::uint64_t refused(refusal why) const { return calls.counted(now).refused[static_cast<std::size_t>(why)]; }

    calls_at_once::time now{};
    std::vector<refusal_report> reports;
    calls_at_once calls;
    std::deque<std::unique_ptr<calls_at_once::place>> held;
};

} // namespace

BOOST_AUTO_TEST_SUITE(calls_at_once_of_strangers)

BOOST_AUTO_TEST_CASE(two_addresses_do_not_keep_a_third_one_out) {
    callers c{{256, 64}};
    for (const char* stranger : {"192.0.2.1", "192.0.2.2"}) {
        BOOST_TEST(c.until_refused(stranger) == 64);
        BOOST_TEST((c.enter(stranger) == refusal::address));
    }
    BOOST_TEST(!c.enter("192.0.2.3"));
    const auto counts = c.calls.counted(c.now);
    BOOST_TEST(counts.at_once == 129u);
    BOOST_TEST(!counts.full); // the strangers alone have no room
    BOOST_TEST(c.refused(refusal::address) == 4u);
    BOOST_TEST(c.refused(refusal::full) == 0u);
}

BOOST_AUTO_TEST_CASE(it_is_full_while_there_is_no_place_and_shortly_after) {
    callers c{{4, 2}};
    for (const char* one : {"a", "b"})
        BOOST_TEST(c.until_refused(one) == 2);
    BOOST_TEST(c.calls.counted(c.now).full); // before anybody is turned away
    BOOST_TEST((c.enter("c") == refusal::full));
    BOOST_TEST(c.refused(refusal::full) == 1u);
    c.held.clear();
    BOOST_TEST(c.calls.counted(c.now).at_once == 0u);
    BOOST_TEST(c.calls.counted(c.now).full);
    c.now += 10s;
    BOOST_TEST(!c.calls.counted(c.now).full);
    BOOST_TEST(c.until_refused("a") == 2); // each place is free again, once
}

BOOST_AUTO_TEST_CASE(the_operator_is_told_once_a_minute_of_calls) {
    callers c{{4, 1}};
    BOOST_TEST(c.until_refused("a") == 1);
    for (int i = 0; i < 5; ++i)
        c.enter("a");
    BOOST_REQUIRE_EQUAL(c.reports.size(), 1u);
    BOOST_TEST((c.reports[0].why == refusal::address));
    BOOST_TEST(c.reports[0].address == "a");
    c.now += 60s;
    c.enter("a");
    BOOST_REQUIRE_EQUAL(c.reports.size(), 2u);
    BOOST_TEST(c.reports[1].count == 6u);
}

BOOST_AUTO_TEST_SUITE_END()
