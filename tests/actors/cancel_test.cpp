// A user cancels (AMB-148): until something that changes the card has left, the process ends with 6 and nothing else
// has changed.

#include "tests/actors/phone.hpp"

using namespace tsms;
using namespace tsms::actors_test;

namespace {

cancel_answer cancel(world& w, const session_opened& s) {
    return w.ask<session_cancelled>(w.gate, route_cancel{s.session_id, {s.secret}}).answer;
}

void is_cancelled(const std::optional<order>& stop) {
    BOOST_REQUIRE(stop && result_of(*stop));
    const auto outcome = outcome_of(*result_of(*stop));
    BOOST_TEST((outcome.status == error_category::execution_interrupted));
    BOOST_TEST(outcome.message == "Execution interrupted: manually cancelled");
}

/// A process whose issuer does not answer, and its phone that waits for the next order.
struct waiting_for_issuer {
    waiting_for_issuer() : phone(w.system) {
        w.rows.cards["card"].issuer = "lab";
        w.rows.cards["card"].identity = cplc;
        s = opened(w.open(model::deploy_service{"one", {{model::service_command::install, {}, false}}, false}));
        report said;
        for (std::uint64_t number = 0; number < 9; ++number) {
            phone->send(w.gate, route_report{s.session_id, {s.secret, number, said}});
            w.run();
            const auto next = order_for_phone();
            if (!next)
                break;
            said = told_by_card(*next);
        }
        BOOST_REQUIRE_EQUAL(w.begun.size(), 1u);
        BOOST_REQUIRE(w.rows.ends.empty());
    }
    /// Nothing: it waits.
    std::optional<order> order_for_phone() {
        std::optional<order> got;
        if (!phone->mailbox().empty())
            phone->receive([&](order_given& given) { got = std::get<order>(given.answer); });
        return got;
    }
    void issuer_answers() {
        const auto exchange = w.begun.front();
        caf::anon_send(exchange.desk, exchange_made{exchange.ticket, {model::issuer_step{}}});
        w.run();
    }

    world w;
    caf::scoped_actor phone;
    session_opened s;
};

} // namespace

BOOST_AUTO_TEST_SUITE(actors_cancel)

BOOST_AUTO_TEST_CASE(a_process_that_has_changed_nothing_ends_with_6) {
    for (const bool phone_waits : {false, true}) {
        world w;
        const auto s = opened(w.open(model::terminate_service{"one"}));
        if (!phone_waits)
            w.report_back(s, 0);
        BOOST_TEST((cancel(w, s) == cancel_answer::cancelled));
        BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
        BOOST_TEST((w.rows.ends[0].end.status == error_category::execution_interrupted));
        BOOST_TEST(w.rows.ends[0].delivery.has_value()); // the SPOS hears of it
        BOOST_TEST(w.rows.instances.contains("one"));
        BOOST_TEST((cancel(w, s) == cancel_answer::too_late)); // it has ended
        is_cancelled(w.report_back(s, phone_waits ? 0 : 1, processed));
        opened(w.open(model::terminate_service{"one"})); // and nobody has to wait
    }
}

BOOST_AUTO_TEST_CASE(an_enquiry_ends_with_6) {
    world w;
    const auto s = opened(w.open(model::get_service_instances{"service-one"}, "sp"));
    const auto look = w.report_back(s, 0);
    BOOST_REQUIRE(look);
    BOOST_TEST((cancel(w, s) == cancel_answer::cancelled));
    is_cancelled(w.report_back(s, 1, told_by_card(*look)));
    BOOST_TEST(w.rows.created.empty());
}

BOOST_AUTO_TEST_CASE(a_session_knows_that_it_is_cancelled) {
    world w;
    const auto session = spawn_device_session(w.system, {"s", "secret"}, w.cards, w.gate, w.around);
    BOOST_TEST(w.ask<user_wish>(session, ask_wish{}).unwanted == "");
    w.ask<session_cancelled>(session, cancel_session{"guessed"});
    BOOST_TEST(w.ask<user_wish>(session, ask_wish{}).unwanted == "");
    w.ask<session_cancelled>(session, cancel_session{"secret"});
    BOOST_TEST(w.ask<user_wish>(session, ask_wish{}).unwanted == process::cancelled_by_user);
    caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
    w.run();
}

BOOST_AUTO_TEST_CASE(whoever_cancels_does_not_wait_for_the_issuer) {
    waiting_for_issuer p;
    p.w.wait(1s);
    BOOST_TEST(p.w.rows.ends.empty()); // nobody has cancelled
    BOOST_TEST((cancel(p.w, p.s) == cancel_answer::cancelled));
    p.w.wait(1s);
    BOOST_REQUIRE_EQUAL(p.w.rows.ends.size(), 1u);
    const auto& end = p.w.rows.ends[0];
    BOOST_TEST((end.end.status == error_category::execution_interrupted));
    BOOST_TEST(end.end.message == "Execution interrupted: manually cancelled");
    BOOST_TEST(end.delivery.has_value());
    is_cancelled(p.order_for_phone());
    const auto told = p.w.log.size();
    p.issuer_answers(); // to nobody
    p.w.wait(1s);
    BOOST_TEST(p.w.rows.ends.size() == 1u);
    BOOST_TEST(p.w.begun.size() == 1u); // nor is it asked again
    BOOST_TEST(p.w.log.size() == told);
    opened(p.w.open(model::terminate_service{"one"})); // the card is free
}

BOOST_AUTO_TEST_CASE(nobody_elses_session_is_cancelled) {
    world w;
    const auto s = opened(w.open(model::terminate_service{"one"}));
    BOOST_TEST((cancel(w, {s.session_id, "another"}) == cancel_answer::no_session));
    BOOST_TEST((cancel(w, {"another", s.secret}) == cancel_answer::no_session));
    w.report_back(s, 0);
    const auto stop = w.report_back(s, 1, processed);
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::none));
    BOOST_TEST((cancel(w, s) == cancel_answer::too_late));
}

BOOST_AUTO_TEST_SUITE_END()
