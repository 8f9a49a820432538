#include "actors/framework/runner.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using tsms::actors::process_runner;

namespace {

process::process<int> one_wish() {
    process::random_octets wish{1};
    const auto octets = co_await std::move(wish);
    co_return octets.at(0);
}

process::process<int> no_wish() {
    co_return 7;
}

struct ends {
    std::vector<std::string> told;
    void tell(const int* outcome, const std::string& bug) {
        told.push_back(outcome ? std::to_string(*outcome) : "bug: " + bug);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(actors_runner)

BOOST_AUTO_TEST_CASE(an_answer_may_come_at_once_or_later) {
    for (const bool at_once : {true, false}) {
        ends e;
        process_runner<int>* self = nullptr;
        process_runner<int> runner(
            one_wish(),
            [&](const process::effect&) {
                if (at_once)
                    self->answer(bytes{5});
            },
            [&](const int* outcome, const std::string& bug) { e.tell(outcome, bug); });
        self = &runner;
        runner.start();
        if (!at_once) {
            BOOST_TEST(e.told.empty());
            runner.answer(bytes{5});
        }
        BOOST_TEST(e.told == std::vector<std::string>{"5"});
    }
}

BOOST_AUTO_TEST_CASE(an_end_that_throws_is_not_told_again) {
    ends e;
    process_runner<int> runner(
        no_wish(), [](const process::effect&) {},
        [&](const int* outcome, const std::string& bug) {
            e.tell(outcome, bug);
            throw std::runtime_error("the end");
        });
    BOOST_CHECK_THROW(runner.start(), std::runtime_error);
    BOOST_TEST(e.told == std::vector<std::string>{"7"});
}

BOOST_AUTO_TEST_CASE(an_answer_after_the_end_is_not_another_end) {
    ends e;
    process_runner<int> runner(
        one_wish(), [](const process::effect&) { throw std::runtime_error("sent, and broken behind it"); },
        [&](const int* outcome, const std::string& bug) { e.tell(outcome, bug); });
    runner.start();
    runner.answer(bytes{5});
    BOOST_TEST(e.told == std::vector<std::string>{"bug: sent, and broken behind it"});
}

BOOST_AUTO_TEST_SUITE_END()
