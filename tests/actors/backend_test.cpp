// The whole device role behind its one door: it starts, carries calls to their results, and stops.

#include "store/instance_records.hpp"
#include "tests/actors/device_role.hpp"
#include "tests/actors/phone.hpp"

using namespace tsms;
using namespace tsms::actors_test;

namespace {

/// How the call ended before a session: "4 Invalid request: …"; empty: a session was opened.
std::string refusal_of(const call_answer& answer) {
    if (std::holds_alternative<session_opened>(answer))
        return {};
    const auto& r = std::get<result>(answer);
    if (const auto* c = std::get_if<model::create_service_instance_result>(&r))
        return c->outcome.message;
    if (const auto* c = std::get_if<model::service_deployment_available_result>(&r))
        return c->outcome.message;
    return outcome_of(r).message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(actors_backend)

BOOST_AUTO_TEST_CASE(what_needs_no_card_is_answered_at_once) {
    device_role r;
    auto& b = r.backend();
    BOOST_TEST(refusal_of(b.open(call_for(model::check_service_deployment_available{"none", "1.0.0"}))) ==
               "Invalid request: service ‘none’ does not exist");
    BOOST_TEST(refusal_of(b.open(call_for(model::create_service_instance{"service", "2.0.0"}))) ==
               "Invalid request: version ‘2.0.0’ does not exist");
    BOOST_TEST(refusal_of(b.open(call_for(model::terminate_service{"none"}))) ==
               "Invalid request: serviceInstanceId ‘none’ does not exist");
    BOOST_TEST(refusal_of(b.open(call_for(model::check_service_deployment_available{"service", "1.0.0"}))) == "");
    r.catalog->broken = true;
    BOOST_TEST(refusal_of(b.open(call_for(model::check_service_deployment_available{"service", "1.0.0"}))) ==
               "TSM not available: an internal problem, please try again later");
    BOOST_TEST(r.logged().find("the catalog cannot be read") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_phone_comes_from_its_call_to_its_result) {
    device_role r;
    auto& b = r.backend();
    const auto s = opened(b.open(call_for(model::create_service_instance{"service", "1.0.0"})));
    const session_key mine{s.session_id, s.secret};
    for (const auto& stranger : {session_key{s.session_id, "guessed"}, {"none", s.secret}, {s.session_id, ""}}) {
        BOOST_TEST(!b.handshake(stranger));
        BOOST_TEST(std::holds_alternative<no_session>(b.report_back(stranger, 0, {})));
        BOOST_TEST(std::holds_alternative<no_session>(b.fetch_result(stranger)));
    }
    BOOST_TEST(b.handshake(mine));
    BOOST_TEST(std::holds_alternative<not_ready>(b.fetch_result(mine)));
    auto answer = b.report_back(mine, 0, {});
    for (int turn = 0; turn < 10; ++turn) {
        BOOST_REQUIRE(std::holds_alternative<order>(answer));
        const auto& o = std::get<order>(answer);
        if (result_of(o))
            break;
        answer = b.report_back(mine, o.number, told_by_cards(o, {{"eSE1", "4790" + std::string(80, '4')}}));
    }
    const auto* stop = std::get_if<order>(&answer);
    BOOST_REQUIRE(stop);
    BOOST_REQUIRE(result_of(*stop));
    const auto& created = std::get<model::create_service_instance_result>(*result_of(*stop));
    BOOST_TEST(created.outcome.message == "");
    BOOST_TEST(std::holds_alternative<result>(b.fetch_result(mine)));
    // It is in the database, not only in the answer.
    const store::device_store db(r.file.path);
    const auto row = db.cards.all();
    BOOST_REQUIRE_EQUAL(row.size(), 1u);
    BOOST_TEST(db.instances.count_on(row[0].id) == 1u);
}

BOOST_AUTO_TEST_CASE(its_load_is_told) {
    backend_options options;
    options.sessions.most_of_address = 2;
    device_role r(options);
    auto& b = r.backend();
    const auto before = b.current_load();
    BOOST_REQUIRE(before);
    BOOST_TEST(before->store_works);
    BOOST_TEST(before->sessions == 0u);
    opened(b.open(call_for(model::check_service_deployment_available{"service", "1.0.0"})));
    opened(b.open(call_for(model::check_service_deployment_available{"service", "1.0.0"})));
    const auto full = b.open(call_for(model::check_service_deployment_available{"service", "1.0.0"}));
    BOOST_TEST(std::holds_alternative<too_many_sessions>(full));
    const auto after = b.current_load();
    BOOST_REQUIRE(after);
    BOOST_TEST(after->sessions == 2u);
    BOOST_TEST(after->calls == before->calls + 3);
}

BOOST_AUTO_TEST_CASE(what_the_last_run_left_is_resolved_and_delivered) {
    device_role::before_start = [](store::device_store& db) {
        model::secure_component card;
        card.id = "card";
        card.identity = std::string(84, '4');
        model::service_instance i;
        i.id = "one";
        i.secure_component_id = "card";
        i.state = i.last_stable = model::instance_state::operational;
        i.target.spos = model::spos_target{"https://spos", ""};
        db.instances.create(i, card);
        auto running = i;
        running.running_process = "p";
        model::process_record record;
        record.id = "p";
        record.instance = "one";
        record.card = "card";
        record.started = "2026-01-01T00:00:00.000Z";
        BOOST_TEST((db.processes.begin(record, {*db.instances.find("one"), db.cards.find("card")},
                                       {running, db.cards.find("card")}) == model::beginning::begun));
        model::outbox_entry waiting;
        waiting.process = "q";
        waiting.spos = {"https://spos", ""};
        waiting.body = "an older result";
        waiting.created = std::chrono::system_clock::now();
        db.outbox.add(waiting);
    };
    device_role r;
    device_role::before_start = nullptr;
    auto delivered = r.spos->delivered(2);
    std::sort(delivered.begin(), delivered.end());
    BOOST_TEST(delivered == (std::vector<std::string>{"https://spos an older result", "https://spos result of p"}),
               boost::test_tools::per_element());
    BOOST_TEST(r.logged().find("process p was interrupted") != std::string::npos);
    // Delivered is delivered: the rows go.
    for (int turn = 0; turn < 200 && r.backend().current_load()->deliveries_waiting > 0; ++turn)
        std::this_thread::sleep_for(10ms);
    BOOST_TEST(r.backend().current_load()->deliveries_waiting == 0u);
    const store::device_store db(r.file.path);
    BOOST_TEST(db.outbox.all().empty());
    BOOST_TEST(db.instances.find("one")->running_process == "");
    BOOST_TEST(db.processes.interrupted().empty());
}

BOOST_AUTO_TEST_CASE(a_stop_answers_everybody_and_leaves_nobody) {
    device_role r;
    auto& b = r.backend();
    const auto s = opened(b.open(call_for(model::check_service_deployment_available{"service", "1.0.0"})));
    const session_key mine{s.session_id, s.secret};
    auto first = std::get<order>(b.report_back(mine, 0, {}));
    b.close();
    b.close(); // once is enough
    BOOST_TEST(refusal_of(b.open(call_for(model::check_service_deployment_available{"service", "1.0.0"}))) ==
               "TSM not available: no answer in time; ask again later");
    BOOST_TEST(!b.handshake(mine));
    BOOST_TEST(std::holds_alternative<not_ready>(b.fetch_result(mine)));
    BOOST_TEST(!b.current_load().has_value());
    const auto nothing = b.report_back(mine, first.number, {});
    BOOST_REQUIRE(std::holds_alternative<order>(nothing)); // void: the phone repeats its report elsewhere
    BOOST_TEST(std::get<order>(nothing).number == first.number);
    BOOST_TEST(std::get<order>(nothing).items.empty());
    BOOST_TEST(std::get<order>(nothing).delay > 0);
    BOOST_TEST(b.stop(10s) == "");
    BOOST_TEST(b.stop(10s) == "");
    BOOST_TEST(!b.handshake(mine)); // nobody is left to ask
    BOOST_TEST(!b.current_load().has_value());
}

BOOST_AUTO_TEST_SUITE_END()
