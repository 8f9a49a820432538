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
