#include "actors/framework/stranger_budget.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms::actors;
using namespace std::chrono_literals;

namespace {

using scope = stranger_budget::scope;

struct asked {
    stranger_budget budget;
    stranger_budget::time now{};

    std::optional<stranger_budget::refusal> take(const payer& who, int traces = 1) {
        return budget.take(who, traces, now);
    }
    /// How often it goes until it does not.
    int until_refused(const payer& who) {
        int times = 0;
        while (times < 1000 && !take(who))
            ++times;
        return times;
    }
    scope refused_by(const payer& who, int traces = 1) {
        const auto refused = take(who, traces);
        BOOST_REQUIRE(refused);
        return refused->of;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(actors_stranger_budget)

BOOST_AUTO_TEST_CASE(each_scope_gives_n_and_refuses_the_next) {
    asked address{stranger_budget({5, 100, 100})};
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(!address.take({"a", std::to_string(i)}));
    BOOST_TEST((address.refused_by({"a", "new"}) == scope::address));
    BOOST_TEST(!address.take({"b", "new"}));

    asked card{stranger_budget({100, 5, 100})};
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(!card.take({std::to_string(i), "c"}));
    BOOST_TEST((card.refused_by({"new", "c"}) == scope::card));
    BOOST_TEST(!card.take({"new", "d"}));

    asked all{stranger_budget({100, 100, 5})};
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(!all.take({std::to_string(i), std::to_string(i)}));
    BOOST_TEST((all.refused_by({"new", "new"}) == scope::all));
}

BOOST_AUTO_TEST_CASE(a_refusal_takes_nothing) {
    asked a{stranger_budget({5, 3, 100})};
    BOOST_TEST(!a.take({"a", "c"}, 3));
    BOOST_TEST((a.refused_by({"a", "c"}, 2) == scope::card));
    BOOST_TEST(a.until_refused({"a", "d"}) == 2);
}

BOOST_AUTO_TEST_CASE(what_is_taken_comes_back_in_an_hour) {
    asked a{stranger_budget({60, 1000, 1000})};
    BOOST_TEST(a.until_refused({"a", {}}) == 60);
    BOOST_TEST(a.take({"a", {}})->again.count() == 60);
    BOOST_TEST(a.take({"a", {}}, 3)->again.count() == 180);
    a.now += 59s;
    BOOST_TEST(a.take({"a", {}})->again.count() == 1);
    a.now += 1s;
    BOOST_TEST(a.until_refused({"a", {}}) == 1);
    a.now += 24h;
    BOOST_TEST(a.until_refused({"a", {}}) == 60); // never more than at once
}

BOOST_AUTO_TEST_CASE(a_price_above_the_limit_is_slow_and_no_lock) {
    asked a{stranger_budget({2, 100, 100})};
    BOOST_TEST(!a.take({"a", "c"}, 3));
    BOOST_TEST(a.take({"a", "c"}, 3)->again == 1h);
}

BOOST_AUTO_TEST_CASE(a_proven_card_gives_back) {
    asked a{stranger_budget({3, 3, 3})};
    for (int i = 0; i < 10; ++i) {
        const payer who{"a", std::to_string(i)};
        BOOST_TEST(!a.take(who, 3));
        a.budget.give_back(who, 3, a.now);
    }
    a.budget.give_back({"a", "1"}, 100, a.now);
    BOOST_TEST(a.until_refused({"a", "1"}) == 3);
}

BOOST_AUTO_TEST_CASE(a_fine_is_paid_by_the_address_alone) {
    asked a{stranger_budget({20, 20, 20})};
    a.budget.fine({"a", "c"}, 15, a.now);
    BOOST_TEST(a.until_refused({"a", "c"}) == 5);
    BOOST_TEST(a.until_refused({"b", "c"}) == 15);
    a.budget.fine({"a", "c"}, 15, a.now); // as far as it can
    BOOST_TEST(a.take({"a", "d"})->again.count() == 180);
}

/// Nobody elsewhere can spend what a card that was proven may still cause.
BOOST_AUTO_TEST_CASE(a_card_that_was_proven_pays_where_it_is) {
    asked a{stranger_budget({2, 3, 100})};
    BOOST_TEST(a.until_refused({"thief", "c"}) == 2);
    BOOST_TEST(a.until_refused({"thief", "c", standing::proven}) == 3);
    BOOST_TEST(a.until_refused({"home", "c", standing::proven}) == 3);
    BOOST_TEST(a.until_refused({"home", "d", standing::proven}) == 3);
    BOOST_TEST(!a.take({"home", "e"})); // its address has lost nothing by it
    a.budget.fine({"home", "c", standing::proven}, 100, a.now);
    BOOST_TEST(!a.take({"home", "f"}));
}

/// A claim of it is told the same as any other, and is no way around the budgets of strangers.
BOOST_AUTO_TEST_CASE(a_card_that_nothing_proves_any_more_pays_from_everything) {
    asked address{stranger_budget({2, 100, 100})};
    BOOST_TEST(address.until_refused({"thief", "c", standing::proven_once}) == 2);
    BOOST_TEST((address.refused_by({"thief", "d", standing::proven_once}) == scope::address));
    BOOST_TEST((address.refused_by({"thief", "unknown"}) == scope::address));
    BOOST_TEST(!address.take({"home", "c", standing::proven_once}));
    address.budget.fine({"home", "c", standing::proven_once}, 100, address.now);
    BOOST_TEST((address.refused_by({"home", "e"}) == scope::address));

    asked all{stranger_budget({100, 100, 2})};
    BOOST_TEST(all.until_refused({"thief", "c", standing::proven_once}) == 2);
    BOOST_TEST((all.refused_by({"home", "d"}) == scope::all));

    asked card{stranger_budget({100, 2, 100})}; // and nobody elsewhere can spend its own
    BOOST_TEST(card.until_refused({"thief", "c"}) == 2);
    BOOST_TEST(card.until_refused({"thief", "c", standing::proven_once}) == 2);
    BOOST_TEST(!card.take({"home", "c", standing::proven_once}));
}

BOOST_AUTO_TEST_CASE(the_operator_is_told_once_a_minute) {
    asked a{stranger_budget({1, 100, 100})};
    const payer who{"192.0.2.1", "c"};
    BOOST_TEST(!a.take(who));
    const auto first = a.take(who);
    BOOST_TEST(first->unreported == 1u);
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(a.take(who)->unreported == 0u);
    a.now += 60s;
    const auto next = a.take(who);
    BOOST_TEST(next->unreported == 6u);
    const auto line = report_of(*next, who);
    for (const char* part : {"192.0.2.1", "device.unproven_per_address", "refused 6 times", "raise it"})
        BOOST_TEST((line.find(part) != std::string::npos), part);
    BOOST_TEST((report_of({scope::card, 1s, 1}, who).find("device.unproven_per_card") != std::string::npos));
    BOOST_TEST((report_of({scope::all, 1s, 1}, who).find("device.unproven_in_all") != std::string::npos));
}

BOOST_AUTO_TEST_CASE(its_memory_is_bounded) {
    constexpr int many = 20000;
    asked a{stranger_budget({3, 3, 1000000})};
    for (int i = 0; i < many; ++i)
        BOOST_REQUIRE(!a.take({std::to_string(i), {}}));
    BOOST_TEST((a.refused_by({"one more", {}}) == scope::all));
    BOOST_TEST(!a.take({"7", {}})); // whoever is known goes on
    a.now += 20min;                 // one trace is back: they are forgotten
    BOOST_TEST(!a.take({"one more", {}}));
}

BOOST_AUTO_TEST_SUITE_END()
