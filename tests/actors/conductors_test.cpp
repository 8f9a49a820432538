#include "http/rest/text_formats.hpp"
#include "tests/actors/phone.hpp"

#include <algorithm>
#include <iterator>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <set>

using namespace tsms;
using namespace tsms::actors_test;
using model::error_category;

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

// TR 3.2.1: an app, its SPOS and the log mean the same process by it, and no other one.
BOOST_AUTO_TEST_CASE(each_process_has_a_uuid_of_its_own) {
    world w;
    w.rows.instances["one"].state = model::instance_state::suspended;
    std::set<std::string> ids;
    for (const auto& what : {function(model::suspend_or_resume_service{"one", true}),
                             function(model::suspend_or_resume_service{"one", true}),
                             function(model::terminate_service{"one"}), function(model::terminate_service{"two"})}) {
        const auto s = opened(w.open(what));
        const auto start = w.report_back(s, 0);
        BOOST_REQUIRE(start);
        const auto id = std::get<model::process_start>(start->items.at(1)).process_id;
        BOOST_TEST(rest::canonical_uuid(id).value_or("") == id);
        const auto stop = w.report_back(s, 1, processed);
        BOOST_REQUIRE(stop && result_of(*stop));
        BOOST_TEST(w.rows.ends.back().end.id == id);
        BOOST_TEST(w.rows.ends.back().delivery.value().process == id);
        ids.insert(id);
    }
    BOOST_TEST(ids.size() == 4u);
}

// TR 3.5.1
BOOST_AUTO_TEST_CASE(what_a_process_and_its_card_say_is_logged) {
    world w;
    w.rows.cards["card"].identity = cplc;
    w.rows.cards["card"].tsm_domain.emplace().aid = "D27600016354534D0001";
    w.rows.cards["card"].tsm_domain->keys.emplace().version = 0x31;
    w.rows.instances["one"].on_card = true;
    const auto s = opened(w.open(model::terminate_service{"one"}));
    const auto process = w.rows.instances["one"].running_process;
    const auto work = w.report_back(s, 0);
    BOOST_REQUIRE(work && work->card && announces(*work)); // in one order (AMB-230)
    const auto said = told_by_card(*work);
    caf::scoped_actor phone{w.system}; // the next order needs what is not played here
    phone->send(w.gate, route_report{s.session_id, {s.secret, 1, said}});
    w.run();
    std::vector<std::string> commands, answers;
    for (const auto& item : work->items)
        if (const auto* c = std::get_if<card_commands>(&item))
            for (const auto& apdu : c->apdus)
                commands.push_back(to_hex(apdu));
    for (const auto& list : said.responses)
        for (const auto& response : list)
            answers.push_back(to_hex(response));
    BOOST_REQUIRE(!commands.empty() && commands.size() == answers.size());
    std::vector<store::card_log_entry> logged;
    std::ranges::remove_copy_if(w.rows.logged, std::back_inserter(logged), store::is_remark);
    BOOST_REQUIRE(logged.size() >= 2 * commands.size());
    for (std::size_t i = 0; i < commands.size(); ++i) {
        const auto& sent = logged[i];
        const auto& got = logged[commands.size() + i];
        BOOST_TEST(sent.apdu == commands[i]);
        BOOST_TEST(got.apdu == answers[i]);
        BOOST_TEST((!sent.response && got.response));
        BOOST_TEST(sent.process == process);
        BOOST_TEST(got.process == process);
    }
}

BOOST_AUTO_TEST_CASE(the_log_says_what_was_called_and_how_it_ended_without_what_the_provider_gave) {
    world w;
    model::deploy_service d{"one", {{model::service_command::install, {{"pin", "4711-secret"}}, false}}, true};
    const auto s = opened(w.open(d));
    const auto process = w.rows.instances["one"].running_process;
    w.report_back(s, 0);
    w.report_back(s, 1, {agent_status::unknown_failure, "listener threw\x1B[2J", {}});
    std::string said;
    for (const auto& e : w.rows.logged) {
        BOOST_TEST(e.process == process);
        BOOST_TEST(e.note.find("4711") == std::string::npos);
        BOOST_TEST(e.note.find("pin") == std::string::npos);
        BOOST_TEST(e.note.find('\x1B') == std::string::npos);
        said += e.note + "\n";
    }
    for (const char* words : {"deployService: install with 1 value (not kept), finalize",
                              "the app is told that the process starts", "listener threw", "ends, status 6"})
        BOOST_TEST(said.find(words) != std::string::npos, words << " in " << said);
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

BOOST_AUTO_TEST_CASE(what_is_refused_leaves_no_trace) {
    world w;
    BOOST_TEST((refusal_in(w.open(model::terminate_service{"nobody"})) == error_category::invalid_request));
    BOOST_TEST((refusal_in(w.open(model::terminate_service{"one"}, "another sp")) == error_category::invalid_request));
    w.rows.instances["one"].state = model::instance_state::installed;
    w.flavor_exists = false;
    model::deploy_service d{"one", {{model::service_command::activate, {}, false}}, true};
    BOOST_TEST((refusal_in(w.open(d)) == error_category::orphaned_service_instance));
    BOOST_TEST(w.rows.events.empty());
    BOOST_TEST(w.rows.logged.empty());
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
                w.rows.hint = model::domain_hint{"D27600016354534D0009", 0x33, 8};
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

BOOST_AUTO_TEST_CASE(a_call_without_secure_components_is_invalid) {
    world w;
    call c;
    c.what = model::terminate_service{"one"};
    BOOST_TEST((refusal_in(w.ask<call_routed>(w.gate, c).answer) == error_category::invalid_request));
}

BOOST_AUTO_TEST_CASE(a_handset_without_secure_components_is_not_eligible) { // TR 4.2.5.2, 4.2.5.7
    world w;
    w.service = model::offered_service{"service-one", "sp", true, {{"1.0.0", true, {"profile"}}}, {}};
    w.cards.clear();
    const auto told = [&](function what) {
        const auto s = opened(w.open(std::move(what), "sp"));
        const auto stop = w.report_back(s, 0);
        BOOST_REQUIRE(stop && result_of(*stop));
        return *result_of(*stop);
    };
    const auto check = std::get<model::service_deployment_available_result>(
        told(model::check_service_deployment_available{"service-one", "x.x.x"}));
    BOOST_TEST((check.outcome.status == error_category::none));
    BOOST_TEST(!check.deployment_available);
    BOOST_TEST(check.version == "");
    BOOST_TEST(!check.new_technical.has_value());
    const auto list = std::get<model::get_service_instances_result>(told(model::get_service_instances{"service-one"}));
    BOOST_TEST((list.outcome.status == error_category::none));
    BOOST_TEST(list.service_instances.empty());
    const auto created =
        std::get<model::create_service_instance_result>(told(model::create_service_instance{"service-one", "1.0.0"}));
    BOOST_TEST(created.outcome.message == "No eligible SC: the handset has no secure component");
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
        auto db = std::make_shared<store::device_store>(file, store::believe_mark::yes, clock);
        auto store = spawn_instance_store(system, db, clock, [](const log_event&) {}, {[] { return std::size_t(0); }});
        create_row row;
        row.card.id = "card";
        row.card.identity = "4790";
        row.instance.id = "one";
        row.instance.secure_component_id = "card";
        caf::scoped_actor self{system};
        const auto created = [&] {
            bool done = false;
            self->request(store, caf::infinite, row)
                .receive([&](row_created& r) { done = r.outcome == model::creation::created; }, [](caf::error&) {});
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
