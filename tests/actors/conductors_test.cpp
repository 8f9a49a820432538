#include "tests/actors/phone.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::actors_test;
using model::error_category;

namespace {

/// The process is announced, ends with 9 and is reported to the SPOS.
void ends_with_inaccessible(world& w, const session_opened& s) {
    const auto start = w.report_back(s, 0);
    BOOST_REQUIRE(start);
    BOOST_TEST(std::holds_alternative<model::process_start>(start->items.at(1)));
    const auto stop = w.report_back(s, 1, processed);
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::sc_inaccessible));
    BOOST_REQUIRE(!w.rows.ends.empty());
    const auto& end = w.rows.ends.back();
    BOOST_TEST((end.end.status == error_category::sc_inaccessible));
    BOOST_TEST((end.delivery && end.delivery->body == end.end.id));
}

} // namespace

BOOST_AUTO_TEST_SUITE(actors_conductors)

BOOST_AUTO_TEST_CASE(a_process_runs_from_call_to_result) {
    world w;
    const auto s = opened(w.open(model::terminate_service{"one"}));
    BOOST_TEST(w.rows.instances.at("one").running_process != "");
    BOOST_TEST(w.ask<hand_shaken>(w.gate, route_handshake{s.session_id, {s.secret}}).accepted);
    const auto start = w.report_back(s, 0);
    BOOST_REQUIRE(start);
    BOOST_TEST(std::get<model::process_start>(start->items.at(1)).caller_id == "CAFE");
    BOOST_TEST(w.rows.ends.empty()); // nothing before the app has seen the start
    const auto stop = w.report_back(s, 1, processed);
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::none));
    BOOST_TEST(std::holds_alternative<stop_session>(stop->items.back()));
    BOOST_TEST(!w.rows.instances.contains("one"));
    BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
    BOOST_TEST(w.rows.ends[0].delivery->body == w.rows.ends[0].end.id); // the SPOS is told of this process
    BOOST_TEST(w.rows.events.front() == "begin");
    BOOST_TEST(w.rows.events.at(1) == "acknowledged");
    BOOST_TEST(w.rows.events.back() == "end");
    const auto fetched = w.ask<result_fetched>(w.gate, route_fetch{s.session_id, {s.secret}});
    BOOST_TEST(std::holds_alternative<result>(fetched.answer));
}

BOOST_AUTO_TEST_CASE(an_app_that_does_not_take_the_start_ends_the_process_with_6) {
    world w;
    const auto s = opened(w.open(model::terminate_service{"one"}));
    w.report_back(s, 0);
    const auto stop = w.report_back(s, 1, {agent_status::unknown_failure, "listener threw", {}});
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::execution_interrupted));
    BOOST_TEST(w.rows.instances.at("one").running_process == "");
    BOOST_TEST((w.rows.instances.at("one").state == model::instance_state::not_deployed));
}

BOOST_AUTO_TEST_CASE(a_phone_that_vanishes_ends_the_process_and_frees_the_card) {
    world w;
    const auto s = opened(w.open(model::terminate_service{"one"}));
    w.report_back(s, 0);
    w.wait(299s);
    BOOST_TEST(w.rows.ends.empty());
    w.wait(2s);
    BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
    BOOST_TEST((w.rows.ends[0].end.status == error_category::execution_interrupted));
    opened(w.open(model::terminate_service{"two"}));
}

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

BOOST_AUTO_TEST_CASE(what_is_refused_leaves_no_trace) {
    world w;
    BOOST_TEST((refusal_in(w.open(model::terminate_service{"nobody"})) == error_category::invalid_request));
    BOOST_TEST((refusal_in(w.open(model::terminate_service{"one"}, "another sp")) == error_category::invalid_request));
    w.rows.instances["one"].state = model::instance_state::installed;
    w.flavor_exists = false;
    model::deploy_service d{"one", {{model::service_command::activate, {}, false}}, true};
    BOOST_TEST((refusal_in(w.open(d)) == error_category::orphaned_service_instance));
    BOOST_TEST(w.rows.events.empty());
}

// TR 4.2, AMB-131: what is found out later than the checks of the request is a process, and the SPOS hears of it.
BOOST_AUTO_TEST_CASE(a_quarantined_card_ends_the_process) {
    world w;
    w.rows.cards["card"].quarantined = true;
    ends_with_inaccessible(w, opened(w.open(model::terminate_service{"one"})));
    BOOST_TEST(w.rows.instances.contains("one"));
    BOOST_TEST(!w.rows.ends.at(0).card); // an operator may release it meanwhile
    w.rows.cards["card"].quarantined = false;
    opened(w.open(model::terminate_service{"one"}));
}

BOOST_AUTO_TEST_CASE(a_store_that_cannot_write_lets_no_process_begin) {
    world w;
    w.rows.broken = true;
    BOOST_TEST((refusal_in(w.open(model::terminate_service{"one"})) == error_category::tsm_not_available));
    w.rows.broken = false;
    opened(w.open(model::terminate_service{"one"})); // and nothing is left behind that would keep the next one off
}

BOOST_AUTO_TEST_CASE(a_session_is_for_who_has_its_cookie) {
    world w;
    auto s = opened(w.open(model::terminate_service{"one"}));
    s.secret.back() ^= 1;
    BOOST_TEST(!w.ask<hand_shaken>(w.gate, route_handshake{s.session_id, {s.secret}}).accepted);
    BOOST_TEST(!w.report_back(s, 0));
    BOOST_TEST(std::holds_alternative<no_session>(
        w.ask<result_fetched>(w.gate, route_fetch{s.session_id, {s.secret}}).answer));
}

BOOST_AUTO_TEST_CASE(a_stop_answers_those_who_wait) {
    world w;
    const auto s = opened(w.open(model::terminate_service{"one"}));
    caf::scoped_actor self{w.system};
    call second;
    second.what = model::terminate_service{"two"};
    second.cards = {{"eSE1", "eSE", "", ""}};
    auto waits_for_the_card = self->request(w.gate, caf::infinite, second);
    auto long_poll = self->request(w.gate, caf::infinite, route_report{s.session_id, {s.secret, 0, {}}});
    w.run();
    caf::anon_send_exit(w.gate, caf::exit_reason::user_shutdown);
    w.run();
    std::optional<call_answer> answer;
    waits_for_the_card.receive([&](call_routed& r) { answer = r.answer; }, [](caf::error&) {});
    BOOST_REQUIRE(answer);
    BOOST_TEST((refusal_in(*answer) == error_category::tsm_not_available));
    bool polled = false;
    long_poll.receive([&](order_given&) { polled = true; }, [](caf::error&) {});
    BOOST_TEST(polled);
}

BOOST_AUTO_TEST_CASE(a_finished_session_is_forgotten_after_its_time) {
    world w;
    const auto s = opened(w.open(model::terminate_service{"one"}));
    w.report_back(s, 0);
    w.report_back(s, 1, processed);
    w.wait(899s);
    BOOST_TEST(
        std::holds_alternative<result>(w.ask<result_fetched>(w.gate, route_fetch{s.session_id, {s.secret}}).answer));
    w.wait(2s);
    BOOST_TEST(std::holds_alternative<no_session>(
        w.ask<result_fetched>(w.gate, route_fetch{s.session_id, {s.secret}}).answer));
    BOOST_TEST(w.ask<load>(w.gate, ask_load{}).sessions == 0u);
}

BOOST_AUTO_TEST_CASE(an_anonymous_app_may_act_only_for_a_provider_without_apps) {
    world w;
    w.rows.provider_has_apps = true; // AMB-194, AMB-236
    w.service = model::offered_service{"service-one", "sp", true, {}, {}};
    BOOST_TEST((refusal_in(w.open(model::terminate_service{"one"})) == error_category::not_authenticated));
    const auto listed = w.open(model::get_service_instances{"service-one"});
    BOOST_REQUIRE(std::holds_alternative<result>(listed));
    BOOST_TEST((std::get<model::get_service_instances_result>(std::get<result>(listed)).outcome.status ==
                error_category::not_authenticated));
    BOOST_TEST(w.rows.events.empty());
    opened(w.open(model::terminate_service{"one"}, "sp"));
}

// AMB-239, AMB-240: what a claim is shown, and what a card is not asked for.
BOOST_AUTO_TEST_CASE(a_claim_is_shown_what_rests_on_claims) {
    for (const bool proven : {true, false})
        for (const bool silent : {true, false})
            BOOST_TEST_CONTEXT("proven " << proven << ", a second card is silent " << silent) {
                world w;
                w.service.emplace().provider = "sp";
                w.rows.cards["card"].identity = cplc;
                if (proven) {
                    w.rows.cards["card"].tsm_domain.emplace().aid = "D27600016354534D0001";
                    w.rows.cards["card"].tsm_domain->keys.emplace().version = 0x31;
                }
                w.rows.hint = store::domain_hint{"D27600016354534D0009", 0x33, 8};
                if (silent)
                    w.cards.push_back({"SIM1", "UICC", "", ""});
                const auto s = opened(w.open(model::get_service_instances{"service-one"}, "sp"));
                auto look = w.report_back(s, 0);
                BOOST_REQUIRE(look);
                const auto& apdus = std::get<card_commands>(look->items.back()).apdus;
                BOOST_TEST(to_hex(apdus[apdus.size() - 2]) == "00A404000AD27600016354534D000900");
                BOOST_TEST(to_hex(bytes_view(apdus.back()).first(5)) == "8050330008");
                auto next = w.report_back(s, 1, told_by_card(*look));
                BOOST_REQUIRE(next);
                std::uint64_t number = 2;
                if (silent) {
                    auto half = told_by_cards(*next, {{"SIM1", std::string(84, '5')}});
                    half.responses[0].resize(2);
                    half.status = agent_status::unavailable;
                    next = w.report_back(s, number++, half);
                    BOOST_REQUIRE(next);
                }
                if (proven) { // its domain has another AID than the usual one of the kind
                    BOOST_REQUIRE(!result_of(*next));
                    next = w.report_back(s, number, told_by_card(*next));
                }
                BOOST_REQUIRE(next && result_of(*next));
                const auto& got = std::get<model::get_service_instances_result>(*result_of(*next));
                BOOST_TEST(got.service_instances.size() == (proven ? 0u : 1u));
                BOOST_TEST((got.outcome.status == (silent ? error_category::sc_inaccessible : error_category::none)));
                BOOST_TEST((got.outcome.message.find("SIM1") != std::string::npos) == silent);
            }
}

BOOST_AUTO_TEST_CASE(instances_of_a_deleted_service_are_shown_to_its_provider_alone) {
    for (const bool foreign : {true, false}) {
        world w;
        w.rows.cards["card"].identity = cplc;
        const auto s = opened(w.open(model::get_service_instances{"service-one"}, foreign ? "another sp" : "sp"));
        const auto look = w.report_back(s, 0);
        BOOST_REQUIRE(look);
        const auto stop = w.report_back(s, 1, told_by_card(*look));
        BOOST_REQUIRE(stop && result_of(*stop));
        const auto& got = std::get<model::get_service_instances_result>(*result_of(*stop));
        BOOST_TEST(got.service_instances.size() == (foreign ? 0u : 1u));
        BOOST_TEST((got.outcome.status == (foreign ? error_category::invalid_request : error_category::none)));
    }
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

BOOST_AUTO_TEST_CASE(a_call_without_secure_components_is_invalid) {
    world w;
    call c;
    c.what = model::terminate_service{"one"};
    BOOST_TEST((refusal_in(w.ask<call_routed>(w.gate, c).answer) == error_category::invalid_request));
}

BOOST_AUTO_TEST_CASE(the_result_goes_to_the_spos_of_the_end) {
    world w;
    w.service = model::offered_service{"service-one", "sp", true, {}, model::spos_target{"https://moved", ""}};
    const auto run = [&](const char* instance) {
        const auto s = opened(w.open(model::terminate_service{instance}));
        w.report_back(s, 0);
        w.report_back(s, 1, processed);
    };
    run("one");
    BOOST_REQUIRE(w.rows.ends.at(0).delivery);
    BOOST_TEST(w.rows.ends[0].delivery->spos.url == "https://moved");
    w.service->spos.reset(); // the provider does not want results any more
    run("two");
    BOOST_TEST(!w.rows.ends.at(1).delivery);
}

BOOST_AUTO_TEST_CASE(an_end_is_stored_again_until_it_is_stored) {
    world w;
    const auto s = opened(w.open(model::terminate_service{"one"}));
    w.report_back(s, 0);
    w.rows.broken = true;
    const auto stop = w.report_back(s, 1, processed);
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::internal_error)); // the app is not kept waiting
    pending_call second(w, w.call_of(model::terminate_service{"one"}));
    w.wait(5s);
    BOOST_TEST(!second.answer());
    BOOST_TEST(w.rows.ends.empty());
    w.rows.broken = false;
    w.wait(5s);
    BOOST_TEST(w.rows.ends.size() == 1u);
    BOOST_TEST(!w.rows.instances.contains("one"));
    BOOST_TEST(second.answer().has_value());
    opened(w.open(model::terminate_service{"two"}));
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

BOOST_AUTO_TEST_CASE(the_store_drops_a_write_that_comes_too_late) {
    char folder[] = "/tmp/tsms-late-XXXXXX";
    BOOST_REQUIRE(::mkdtemp(folder));
    {
        caf::actor_system_config config;
        caf::actor_system system{config};
        moved_clock clock;
        clock.steady_now += 10s;
        const auto now = clock.steady_now;
        const auto file = std::filesystem::path(folder) / "instances.db";
        store::create_database({file, store::database_name::instances}, "an installation");
        auto db = std::make_shared<store::instance_db>(file);
        auto store = spawn_instance_store(system, db, clock, [](const log_event&) {});
        create_row row;
        row.card.id = "card";
        row.card.identity = "4790";
        row.instance.id = "one";
        row.instance.secure_component_id = "card";
        caf::scoped_actor self{system};
        const auto created = [&] {
            bool done = false;
            self->request(store, caf::infinite, row)
                .receive([&](row_created& r) { done = r.outcome == store::creation::created; }, [](caf::error&) {});
            return done;
        };
        row.deadline = now - 1s;
        BOOST_TEST(!created());
        row.deadline = now;
        BOOST_TEST(created());
        caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
    }
    std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()
