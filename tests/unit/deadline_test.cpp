// Tests that hang are ended and named.

#include "tests/deadline.hpp"

#include <future>

using namespace std::chrono_literals;
using tsms::tests::deadline_watch;

BOOST_AUTO_TEST_SUITE(deadline_of_tests)

BOOST_AUTO_TEST_CASE(what_does_not_end_is_named) {
    std::promise<std::string> late;
    auto told = late.get_future();
    deadline_watch watch(50ms, [&](const std::string& name) { late.set_value(name); });
    watch.begin("unit/quick");
    watch.end();
    BOOST_CHECK(told.wait_for(100ms) == std::future_status::timeout);
    watch.begin("unit/hangs");
    BOOST_REQUIRE(told.wait_for(10s) == std::future_status::ready);
    BOOST_TEST(told.get() == "unit/hangs");
}

BOOST_AUTO_TEST_CASE(each_begins_with_its_whole_time) {
    std::promise<std::string> late;
    auto told = late.get_future();
    deadline_watch watch(2s, [&](const std::string& name) { late.set_value(name); });
    for (int i = 0; i < 25; ++i) {
        watch.begin("case " + std::to_string(i));
        BOOST_CHECK(told.wait_for(100ms) == std::future_status::timeout);
    }
    watch.end();
}

BOOST_AUTO_TEST_SUITE_END()
