// Calls that wait for each other: for a Service Instance, and for a card (AMB-228, DIV-038).

#include "tests/actors/phone.hpp"

using namespace tsms;
using namespace tsms::actors_test;
using model::error_category;

namespace {

std::string message_in(const call_answer& a) {
    BOOST_REQUIRE(std::holds_alternative<result>(a));
    return outcome_of(std::get<result>(a)).message;
}

void hang_up(world& w, pending_call& call) {
    call.asker->send(w.gate, caller_gone{});
    w.run();
}

} // namespace

BOOST_AUTO_TEST_SUITE(actors_waiting)

BOOST_AUTO_TEST_CASE(one_process_at_a_time_on_an_instance) {
    world w;
    const auto first = opened(w.open(model::terminate_service{"one"}));
    pending_call second(w, w.call_of(model::terminate_service{"one"}));
    w.wait(7s);
    BOOST_TEST(!second.answer());
    w.wait(1s);
    const auto late = second.answer();
    BOOST_REQUIRE(late);
    BOOST_TEST((refusal_in(*late) == error_category::invalid_state)); // AMB-122
    w.report_back(first, 0);                                          // which does not disturb the first
    const auto stop = w.report_back(first, 1, processed);
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::none));
    BOOST_TEST(w.rows.ends.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_second_call_on_an_instance_waits_for_the_first) { // AMB-228
    world w;
    w.rows.instances["one"].state = model::instance_state::operational;
    const auto first = opened(w.open(model::suspend_or_resume_service{"one", false}));
    pending_call second(w, w.call_of(model::suspend_or_resume_service{"one", false}));
    pending_call third(w, w.call_of(model::terminate_service{"one"}));
    w.wait(5s);
    const auto end = [&](const session_opened& s) {
        w.report_back(s, 0);
        const auto stop = w.report_back(s, 1, processed);
        BOOST_REQUIRE(stop);
        BOOST_TEST((result_in(*stop) == error_category::none));
        w.run();
    };
    end(first);
    const auto next = second.answer();
    BOOST_REQUIRE(next);
    BOOST_TEST(!third.answer());
    w.rows.instances["one"].state = model::instance_state::not_deployed; // what is judged is the row of that moment
    end(opened(*next));
    const auto last = third.answer();
    BOOST_REQUIRE(last);
    end(opened(*last));
    BOOST_TEST(w.rows.ends.size() == 3u);
    BOOST_TEST(!w.rows.instances.contains("one"));
}

BOOST_AUTO_TEST_CASE(a_call_that_has_waited_is_judged_by_what_is_there_then) {
    world w;
    const auto first = opened(w.open(model::terminate_service{"one"}));
    pending_call second(w, w.call_of(model::terminate_service{"one"}));
    w.report_back(first, 0);
    w.report_back(first, 1, processed);
    const auto late = second.answer();
    BOOST_REQUIRE(late);
    BOOST_TEST((refusal_in(*late) == error_category::invalid_request)); // the first has removed it
    BOOST_TEST(w.rows.ends.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_call_that_came_late_to_the_instance_still_gets_its_card) {
    world w;
    w.rows.instances["one"].state = model::instance_state::operational;
    const auto first = opened(w.open(model::suspend_or_resume_service{"one", false}));
    pending_call second(w, w.call_of(model::suspend_or_resume_service{"one", false}));
    w.time += 7900ms;
    pending_call other(w, w.call_of(model::terminate_service{"two"})); // gets the card first
    w.report_back(first, 0);
    w.report_back(first, 1, processed);
    const auto two = other.answer();
    BOOST_REQUIRE(two);
    w.wait(1s);
    BOOST_TEST(!second.answer());
    w.report_back(opened(*two), 0);
    w.report_back(opened(*two), 1, processed);
    const auto next = second.answer();
    BOOST_REQUIRE(next);
    const auto start = w.report_back(opened(*next), 0);
    BOOST_REQUIRE(start);
    const auto stop = w.report_back(opened(*next), 1, processed);
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::none));
}

BOOST_AUTO_TEST_CASE(calls_that_wait_for_an_instance_are_bounded_and_a_stop_answers_them) {
    world w;
    opened(w.open(model::terminate_service{"one"}));
    std::vector<std::unique_ptr<pending_call>> waiting;
    for (int i = 0; i < 4; ++i)
        waiting.push_back(std::make_unique<pending_call>(w, w.call_of(model::terminate_service{"one"})));
    BOOST_TEST((refusal_in(w.open(model::terminate_service{"one"})) == error_category::invalid_state)); // at once
    for (auto& call : waiting)
        BOOST_TEST(!call->answer());
    caf::anon_send_exit(w.gate, caf::exit_reason::user_shutdown);
    w.run();
    for (auto& call : waiting) {
        const auto answer = call->answer();
        BOOST_REQUIRE(answer);
        BOOST_TEST((refusal_in(*answer) == error_category::tsm_not_available));
    }
}

BOOST_AUTO_TEST_CASE(who_may_not_wait_is_told_when_the_phone_of_the_other_counts_as_lost) { // DIV-112
    world w;
    w.rows.instances["one"].state = model::instance_state::operational;
    const auto first = opened(w.open(model::suspend_or_resume_service{"one", false}));
    const auto told = [&](int seconds) {
        pending_call second(w, w.call_of(model::terminate_service{"one"}));
        w.wait(8s);
        const auto late = second.answer();
        BOOST_REQUIRE(late);
        BOOST_TEST(message_in(*late) == "Invalid state: another process is running, please try again in " +
                                            std::to_string(seconds) + " seconds");
    };
    told(52); // its phone has 60 s for its first report
    w.report_back(first, 0);
    w.time += 100s;
    told(192); // and 300 s for every other one
    w.time += 190s;
    told(1); // nearly over: there is no "in 0 seconds"
    w.report_back(first, 1, processed);
    pending_call next(w, w.call_of(model::terminate_service{"one"}));
    BOOST_TEST(opened(*next.answer()).session_id != first.session_id);
}

BOOST_AUTO_TEST_CASE(who_hangs_up_frees_his_place_in_the_queue_of_an_instance) { // DIV-112
    world w;
    const auto first = opened(w.open(model::terminate_service{"one"}));
    std::vector<std::unique_ptr<pending_call>> waiting;
    const auto call_again = [&] {
        waiting.push_back(std::make_unique<pending_call>(w, w.call_of(model::terminate_service{"one"})));
        return waiting.back()->answer();
    };
    for (int i = 0; i < 4; ++i)
        BOOST_TEST(!call_again());
    BOOST_TEST(call_again().has_value()); // no place
    waiting.pop_back();
    hang_up(w, *waiting[1]);
    BOOST_TEST(!call_again());
    BOOST_TEST(call_again().has_value()); // and only one had become free
    for (auto& call : waiting)
        hang_up(w, *call);
    BOOST_TEST(!call_again());
    w.report_back(first, 0);
    w.report_back(first, 1, processed);
    BOOST_TEST(waiting.back()->answer().has_value()); // the first has not been disturbed
    BOOST_TEST(w.rows.ends.size() == 1u);
}

BOOST_AUTO_TEST_CASE(who_hangs_up_does_not_wait_for_the_card) { // DIV-112
    world w;
    const auto first = opened(w.open(model::terminate_service{"one"}));
    pending_call gone(w, w.call_of(model::terminate_service{"two"}));
    pending_call next(w, w.call_of(model::terminate_service{"two"})); // waits for the one that waits
    hang_up(w, gone);
    BOOST_TEST(!next.answer());
    w.report_back(first, 0);
    w.report_back(first, 1, processed);
    const auto answer = next.answer();
    BOOST_REQUIRE(answer);
    const auto second = opened(*answer);
    w.report_back(second, 0);
    const auto stop = w.report_back(second, 1, processed);
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::none)); // the card is its own, and was nobody's in between
    BOOST_TEST(w.rows.ends.size() == 2u);
    BOOST_TEST((refusal_in(w.open(model::terminate_service{"two"})) == error_category::invalid_request)); // it is gone
}

BOOST_AUTO_TEST_CASE(a_waiting_call_whose_session_has_ended_is_dropped) {
    world w;
    const auto instance = spawn_service_instance(w.system, "one", w.gate, w.around);
    std::vector<session_actor> sessions;
    caf::scoped_actor asker(w.system);
    const auto begin = [&](const std::string& id) {
        sessions.push_back(spawn_device_session(w.system, {id, "secret"}, w.cards, w.gate, w.around));
        asker->send(instance, begin_call{w.call_of(model::terminate_service{"one"}), id, sessions.back()});
        w.run();
    };
    begin("first");
    asker->receive([](const call_begun& b) { BOOST_TEST(!b.refusal); });
    begin("second");
    BOOST_TEST(asker->mailbox().empty());
    caf::anon_send_exit(sessions.back(), caf::exit_reason::user_shutdown);
    w.run();
    BOOST_REQUIRE(!asker->mailbox().empty()); // not when its time is up, and not when the first has ended
    asker->receive([](const call_begun& b) { BOOST_TEST(b.refusal.has_value()); });
    caf::anon_send_exit(sessions.front(), caf::exit_reason::user_shutdown);
    caf::anon_send_exit(instance, caf::exit_reason::user_shutdown);
    w.run();
}

BOOST_AUTO_TEST_CASE(one_process_at_a_time_on_a_card) {
    world w;
    const auto first = opened(w.open(model::terminate_service{"one"}));
    caf::scoped_actor self{w.system};
    call second;
    second.what = model::terminate_service{"two"};
    second.cards = {{"eSE1", "eSE", "", ""}};
    std::optional<call_answer> late;
    auto pending = self->request(w.gate, caf::infinite, second);
    w.run();
    w.wait(9s); // longer than a process waits for a card
    pending.receive([&](call_routed& r) { late = r.answer; }, [](caf::error&) {});
    BOOST_REQUIRE(late);
    ends_with_inaccessible(w, opened(*late)); // AMB-228
    BOOST_TEST(!w.rows.ends.at(0).card);      // the row belongs to the process that has the card

    auto patient = self->request(w.gate, caf::infinite, second);
    w.run();
    w.report_back(first, 0);
    w.report_back(first, 1, processed); // the first ends: the card is free
    w.run();
    patient.receive([&](call_routed& r) { late = r.answer; }, [](caf::error&) {});
    BOOST_TEST(std::holds_alternative<session_opened>(*late));
}

BOOST_AUTO_TEST_CASE(another_provider_does_not_learn_that_a_process_runs) {
    world w;
    opened(w.open(model::terminate_service{"one"}, "sp"));
    BOOST_TEST((refusal_in(w.open(model::terminate_service{"one"}, "another sp")) ==
                error_category::invalid_request)); // at once
    pending_call own(w, w.call_of(model::terminate_service{"one"}, "sp"));
    BOOST_TEST(!own.answer());
}

BOOST_AUTO_TEST_CASE(what_changed_while_waiting_for_the_card_is_judged_again) {
    world w;
    const auto first = opened(w.open(model::terminate_service{"one"}));
    caf::scoped_actor self{w.system};
    call second;
    second.what = model::terminate_service{"two"};
    second.cards = {{"eSE1", "eSE", "", ""}};
    auto pending = self->request(w.gate, caf::infinite, second);
    w.run();
    w.rows.cards["card"].quarantined = true; // by the first
    w.report_back(first, 0);
    w.report_back(first, 1, processed);
    w.run();
    std::optional<call_answer> answer;
    pending.receive([&](call_routed& r) { answer = r.answer; }, [](caf::error&) {});
    BOOST_REQUIRE(answer);
    ends_with_inaccessible(w, opened(*answer));
    BOOST_TEST(w.rows.ends.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_lease_is_not_given_after_its_deadline_nor_to_the_dead) {
    world w;
    const auto card = spawn_secure_component(w.system, w.clock);
    caf::scoped_actor holder{w.system};
    caf::scoped_actor late{w.system};
    caf::scoped_actor patient{w.system};
    const auto granted = [&](auto& pending) {
        bool yes = false;
        w.run();
        pending.receive([&](card_leased& l) { yes = l.granted; }, [](caf::error&) { BOOST_FAIL("no answer"); });
        return yes;
    };
    auto first = holder->request(card, caf::infinite, lease_card{"1", w.time + 8s});
    BOOST_TEST(granted(first));
    {
        caf::scoped_actor dead{w.system};
        dead->send(card, lease_card{"2", w.time + 60s});
        w.run();
    }
    auto second = late->request(card, caf::infinite, lease_card{"3", w.time + 8s});
    auto third = patient->request(card, caf::infinite, lease_card{"4", w.time + 60s});
    w.run();
    w.time += 9s;
    holder->send(card, return_card{"1"});
    BOOST_TEST(!granted(second));
    BOOST_TEST(granted(third));
    patient->send(card, return_card{"4"});
    {
        caf::scoped_actor mortal{w.system};
        auto fourth = mortal->request(card, caf::infinite, lease_card{"5", w.time + 8s});
        BOOST_TEST(granted(fourth));
        BOOST_TEST(!w.ask<bool>(card, ask_idle{}));
    }
    w.run();
    BOOST_TEST(w.ask<bool>(card, ask_idle{})); // who dies gives it back
    caf::anon_send_exit(card, caf::exit_reason::user_shutdown);
    w.run();
}

BOOST_AUTO_TEST_SUITE_END()
