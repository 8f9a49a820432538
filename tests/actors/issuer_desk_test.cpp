// The queue in front of issuers: bounds, fairness, Retry-After, and a stop that it does not hold up (DIV-052).

#include "actors/framework/attempt.hpp"
#include "tests/actors/world.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::actors_test;

namespace {

exchanged busy(std::optional<std::chrono::seconds> retry_after = std::nullopt) {
    return {port_error(port_cause::busy, "answered 429", retry_after)};
}
exchanged commands() {
    model::issuer_step step;
    step.commands.push_back(hex("00A40400"));
    return {step};
}

/// Somebody who wants an exchange.
struct asked_exchange {
    asked_exchange(world& w, const std::string& issuer, lane where = lane::fresh, std::chrono::seconds patience = 60s)
        : line(std::make_shared<issuer_line>()), asker(w.system) {
        asker->send(w.around->desk,
                    issuer_exchange{issuer, where, w.time, w.time + patience, line,
                                    [issuer]() -> exchanged { return {port_error(port_cause::refused, issuer)}; }});
        w.run();
    }
    std::optional<exchanged> outcome() {
        std::optional<exchanged> got;
        if (!asker->mailbox().empty())
            asker->receive([&](exchanged& x) { got = std::move(x); });
        return got;
    }
    bool served() {
        const auto x = outcome();
        return x && std::holds_alternative<model::issuer_step>(x->value);
    }
    /// Seconds after which it may come again; -1: it was not told to.
    long told_to_come_again() {
        const auto x = outcome();
        const auto* e = x ? std::get_if<port_error>(&x->value) : nullptr;
        if (!e || e->cause() != port_cause::busy)
            return -1;
        BOOST_TEST(std::string(e->what()).find("again in " + std::to_string(e->retry_after()->count()) + " seconds") !=
                   std::string::npos);
        BOOST_TEST(failed_by(*e).retry_can_help);
        return e->retry_after()->count();
    }

    std::shared_ptr<issuer_line> line;
    caf::scoped_actor asker;
};

/// The world's desk has two exchanges at once with an issuer, three in all, and a queue of four.
struct desk {
    /// Which exchanges are on their way.
    std::vector<std::string> begun() const {
        std::vector<std::string> names;
        for (const auto& m : w.begun)
            names.push_back(std::get<port_error>(m.call().value).what());
        return names;
    }
    void end(const exchanged& outcome) {
        BOOST_REQUIRE(!w.begun.empty());
        const auto first = w.begun.front();
        w.begun.erase(w.begun.begin());
        caf::anon_send(first.desk, exchange_made{first.ticket, outcome});
        w.run();
    }

    world w;
};

using names = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(issuer_desk)

BOOST_AUTO_TEST_CASE(an_issuer_that_hangs_holds_up_nobody_else) {
    desk d;
    asked_exchange a(d.w, "hangs"), b(d.w, "hangs"), c(d.w, "hangs"), other(d.w, "lab"), third(d.w, "third");
    BOOST_TEST(d.begun() == (names{"hangs", "hangs", "lab"}), boost::test_tools::per_element());
    d.w.begun.erase(d.w.begun.begin(), d.w.begun.begin() + 2); // they never answer
    d.end(commands());
    BOOST_TEST(other.served());
    BOOST_TEST(d.begun() == (names{"third"}), boost::test_tools::per_element());
    BOOST_TEST(!c.outcome());
    d.w.wait(60s);
    BOOST_TEST(c.told_to_come_again() == 30);
}

BOOST_AUTO_TEST_CASE(an_issuer_at_its_limit_is_asked_again_when_it_wants_to_be) {
    desk d;
    asked_exchange first(d.w, "lab"), second(d.w, "lab"), running(d.w, "lab", lane::goes_on);
    d.end(busy(5s));
    BOOST_TEST(!first.outcome());
    BOOST_TEST(d.begun().size() == 2u); // what goes on is not held back
    d.end(commands());
    BOOST_TEST(second.served());
    d.end(commands());
    BOOST_TEST(running.served());
    d.w.wait(4s);
    BOOST_TEST(d.begun().empty());
    asked_exchange later(d.w, "lab");
    d.w.wait(1s);
    BOOST_TEST(d.begun().size() == 1u); // one, to see
    d.end(commands());
    BOOST_TEST(first.served()); // it came first
    d.end(commands());
    BOOST_TEST(later.served());
}

BOOST_AUTO_TEST_CASE(who_would_wait_too_long_is_told_at_once_when_to_come_again) {
    desk d;
    asked_exchange patient(d.w, "lab"), hurried(d.w, "lab", lane::fresh, 20s);
    d.end(busy(50s));
    BOOST_TEST(hurried.told_to_come_again() == -1); // it is on its way itself
    d.end(busy(45s));
    BOOST_TEST(hurried.told_to_come_again() == 50);
    BOOST_TEST(!patient.outcome());
    asked_exchange late(d.w, "lab", lane::fresh, 40s);
    BOOST_TEST(late.told_to_come_again() == 50);
    d.w.wait(50s);
    d.end(commands());
    BOOST_TEST(patient.served());
}

BOOST_AUTO_TEST_CASE(an_issuer_cannot_ask_for_a_day) {
    desk d;
    asked_exchange a(d.w, "lab", lane::fresh, 1000s);
    d.end(busy(std::chrono::hours(24)));
    d.w.wait(300s);
    d.end(commands());
    BOOST_TEST(a.served());
}

BOOST_AUTO_TEST_CASE(an_exchange_of_a_running_session_waits_alone) {
    desk d;
    asked_exchange running(d.w, "lab", lane::goes_on);
    d.end(busy(3s));
    asked_exchange opening(d.w, "lab");
    d.end(commands());
    BOOST_TEST(opening.served());
    d.w.wait(3s);
    d.end(commands());
    BOOST_TEST(running.served());
    asked_exchange short_of_time(d.w, "lab", lane::goes_on, 2s);
    d.end(busy(3s));
    BOOST_TEST(short_of_time.told_to_come_again() == 30);
}

BOOST_AUTO_TEST_CASE(a_full_queue_is_told_so_and_who_has_gone_is_forgotten) {
    desk d;
    std::vector<std::unique_ptr<asked_exchange>> requests;
    for (int i = 0; i < 6; ++i) // two on their way, four wait
        requests.push_back(std::make_unique<asked_exchange>(d.w, "lab"));
    asked_exchange seventh(d.w, "lab");
    BOOST_TEST(seventh.told_to_come_again() == 30);
    for (int i = 2; i < 6; ++i)
        requests[i]->line->cut();      // their processes have ended
    asked_exchange eighth(d.w, "lab"); // before anybody has looked
    BOOST_TEST(eighth.told_to_come_again() == 30);
    d.w.wait(1s);
    asked_exchange ninth(d.w, "lab");
    BOOST_TEST(!ninth.outcome());
    d.end(commands());
    d.end(commands());
    d.end(commands());
    BOOST_TEST(ninth.served());
}

BOOST_AUTO_TEST_CASE(a_stop_answers_the_queue_and_cuts_what_is_on_its_way) {
    desk d;
    asked_exchange a(d.w, "lab"), b(d.w, "lab"), c(d.w, "lab");
    caf::anon_send_exit(d.w.around->desk, caf::exit_reason::user_shutdown);
    d.w.run();
    for (auto* each : {&a, &b, &c}) {
        const auto x = each->outcome();
        BOOST_REQUIRE(x);
        BOOST_TEST((std::get<port_error>(x->value).cause() == port_cause::unreachable));
    }
    BOOST_TEST(a.line->is_cut());
    BOOST_TEST(!c.line->is_cut()); // its session does that
}

BOOST_AUTO_TEST_SUITE_END()
