// An app that has been killed begins anew: with the callIds of the calls that it has left it proves that they are its
// own, and what they have begun ends for the new call. Whoever proves nothing changes nothing (DIV-113).

#include "actors/framework/parked_sessions.hpp"
#include "http/device/call_id.hpp"
#include "tests/actors/dialogue.hpp"
#include "tests/actors/phone.hpp"

using namespace tsms;
using namespace tsms::actors_test;
using model::error_category;

namespace {

const std::string interrupted = "Execution interrupted: its app has begun anew";
const auto suspend = model::suspend_or_resume_service{"one", false};

/// A world whose instance "one" can be suspended and terminated.
struct phones : world {
    phones() { rows.instances["one"].state = model::instance_state::operational; }

    call numbered(std::uint8_t n, function what, std::vector<std::uint8_t> former = {}) const {
        auto c = call_of(std::move(what));
        c.id = {{n}, {n}, "secret " + std::to_string(n)};
        for (const auto one : former)
            c.former.push_back({one});
        return c;
    }
    call_answer ask(const call& c) { return world::ask<call_routed>(gate, c).answer; }
    void ends_well(const session_opened& s, std::uint64_t number) {
        const auto stop = report_back(s, number, processed);
        BOOST_REQUIRE(stop);
        BOOST_TEST((result_in(*stop) == error_category::none));
    }
};

void hang_up(world& w, pending_call& call) {
    call.asker->send(w.gate, caller_gone{});
    w.run();
}

std::string message_in(const call_answer& a) {
    BOOST_REQUIRE(std::holds_alternative<result>(a));
    return outcome_of(std::get<result>(a)).message;
}

std::string message_in(const std::optional<order>& stop) {
    BOOST_REQUIRE(stop && result_of(*stop));
    return outcome_of(*result_of(*stop)).message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(actors_takeover)

BOOST_AUTO_TEST_CASE(what_an_app_has_left_ends_at_once_and_its_next_call_begins) {
    for (const bool phone_had_come : {true, false}) {
        phones w;
        const auto left = opened(w.ask(w.numbered(1, suspend)));
        if (phone_had_come)
            w.report_back(left, 0);
        pending_call next(w, w.numbered(2, model::terminate_service{"one"}, {1}));
        const auto begun = opened(next.answer().value()); // and no second has passed
        BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
        BOOST_TEST((w.rows.ends[0].end.status == error_category::execution_interrupted));
        BOOST_TEST(w.rows.ends[0].end.message == interrupted);
        BOOST_TEST(w.rows.ends[0].delivery.has_value()); // its SPOS is told, once
        BOOST_TEST(w.rows.unwanted == (std::vector{left.session_id}), boost::test_tools::per_element());
        BOOST_TEST(message_in(w.report_back(left, phone_had_come ? 1 : 0, processed)) == interrupted);
        w.report_back(begun, 0);
        w.ends_well(begun, 1);
        BOOST_TEST(w.rows.ends.size() == 2u);
    }
}

BOOST_AUTO_TEST_CASE(who_proves_nothing_changes_nothing_and_learns_nothing) {
    const auto foreign = [](phones& w, int what) {
        auto c = w.numbered(2, model::terminate_service{"one"}, {1});
        if (what == 0)
            c.former = {{7}, {}, bytes(32, 1), {2}}; // of nobody, and its own
        else if (what == 1)
            c.caller_id = "BEEF";
        else if (what == 2)
            c.provider = "sp";
        else
            c.former.clear();
        return c;
    };
    std::vector<std::string> told;
    for (int what = 0; what < 4; ++what) {
        phones w;
        const auto left = opened(w.ask(w.numbered(1, suspend)));
        w.report_back(left, 0);
        pending_call next(w, foreign(w, what));
        BOOST_TEST(!next.answer());
        w.wait(8s);
        told.push_back(message_in(next.answer().value()));
        BOOST_TEST(w.rows.ends.empty(), what);
        BOOST_TEST(w.rows.unwanted.empty());
        w.ends_well(left, 1);
    }
    const std::string late = "Invalid state: another process is running, please try again in 292 seconds";
    BOOST_TEST(told == std::vector<std::string>(4, late), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_call_that_is_repeated_ends_and_begins_nothing_more) {
    phones w;
    opened(w.ask(w.numbered(1, suspend)));
    const auto c = w.numbered(2, suspend, {1});
    const auto begun = opened(w.ask(c));
    w.report_back(begun, 0);
    for (int again = 0; again < 3; ++again)
        BOOST_TEST(opened(w.ask(c)).session_id == begun.session_id);
    auto other = c; // what it asks does not depend on what was before it
    other.former.clear();
    BOOST_TEST(opened(w.ask(other)).session_id == begun.session_id);
    w.ends_well(begun, 1);
    BOOST_TEST(w.rows.ends.size() == 2u);
    BOOST_TEST(w.rows.unwanted.size() == 1u);
}

BOOST_AUTO_TEST_CASE(it_comes_before_everybody_who_waits) {
    phones w;
    opened(w.ask(w.numbered(1, suspend)));
    std::vector<std::unique_ptr<pending_call>> waiting;
    for (int i = 0; i < 4; ++i) // nobody else can wait
        waiting.push_back(std::make_unique<pending_call>(w, w.call_of(suspend)));
    pending_call next(w, w.numbered(2, suspend, {1}));
    const auto begun = opened(next.answer().value());
    for (auto& other : waiting)
        BOOST_TEST(!other->answer());
    w.report_back(begun, 0);
    w.ends_well(begun, 1);
    BOOST_TEST(waiting[0]->answer().has_value());
    BOOST_TEST(!waiting[1]->answer());
}

BOOST_AUTO_TEST_CASE(it_does_not_come_before_who_waits_for_another_instance) {
    phones w;
    w.rows.instances["two"].state = model::instance_state::operational;
    opened(w.ask(w.numbered(1, suspend)));
    pending_call first(w, w.call_of(model::suspend_or_resume_service{"two", false})); // waits for the card
    pending_call second(w, w.call_of(model::terminate_service{"two"}));
    BOOST_TEST(!first.answer());
    pending_call next(w, w.numbered(2, model::terminate_service{"two"}, {1}));
    BOOST_TEST(first.answer().has_value()); // the card is free
    BOOST_TEST(!second.answer());
    BOOST_TEST(!next.answer());
}

BOOST_AUTO_TEST_CASE(a_call_that_waits_is_given_up_for_the_next_one) {
    phones w;
    const auto running = opened(w.open(suspend));
    pending_call left(w, w.numbered(1, suspend));
    pending_call next(w, w.numbered(2, model::terminate_service{"one"}, {1}));
    BOOST_TEST(std::holds_alternative<not_yet>(left.answer().value())); // whoever still listens
    BOOST_TEST(!next.answer());
    w.report_back(running, 0);
    w.ends_well(running, 1); // which is not disturbed
    w.run();
    const auto begun = opened(next.answer().value());
    BOOST_TEST((refusal_in(w.ask(w.numbered(1, suspend))) == error_category::execution_interrupted));
    w.report_back(begun, 0);
    w.ends_well(begun, 1);
    BOOST_TEST(w.rows.ends.size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_app_that_is_killed_twice_still_comes_first) {
    phones w;
    const auto left = opened(w.ask(w.numbered(1, suspend)));
    w.report_back(left, 0);
    w.rows.broken = true; // its end cannot be stored yet
    pending_call stranger(w, w.call_of(suspend));
    pending_call second(w, w.numbered(2, suspend, {1}));
    pending_call third(w, w.numbered(3, suspend, {1, 2}));
    BOOST_TEST(std::holds_alternative<not_yet>(second.answer().value()));
    BOOST_TEST(!third.answer());
    w.rows.broken = false;
    w.wait(2s);
    const auto begun = opened(third.answer().value());
    BOOST_TEST(!stranger.answer());
    BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
    BOOST_TEST((refusal_in(w.ask(w.numbered(2, suspend, {1}))) == error_category::execution_interrupted));
    w.report_back(begun, 0);
    w.ends_well(begun, 1);
    BOOST_TEST(opened(stranger.answer().value()).session_id != begun.session_id);
}

BOOST_AUTO_TEST_CASE(it_does_not_wait_longer_than_anybody) {
    phones w;
    opened(w.ask(w.numbered(1, suspend)));
    w.rows.broken = true;
    pending_call next(w, w.numbered(2, suspend, {1}));
    pending_call gone(w, w.numbered(3, suspend, {1}));
    hang_up(w, gone);
    w.wait(7s);
    BOOST_TEST(!next.answer());
    w.wait(1s);
    BOOST_TEST(message_in(next.answer().value()) ==
               "Invalid state: another process is running, please try again in 1 seconds");
    w.rows.broken = false;
    w.wait(30s);
    pending_call again(w, w.numbered(4, suspend, {1}));
    opened(again.answer().value());
}

BOOST_AUTO_TEST_CASE(of_a_call_that_has_its_result_nothing_ends) {
    phones w;
    const auto over = opened(w.ask(w.numbered(1, suspend)));
    w.report_back(over, 0);
    w.ends_well(over, 1);
    const auto begun = opened(w.ask(w.numbered(2, suspend, {1})));
    BOOST_TEST(w.rows.ends.size() == 1u);
    BOOST_TEST(w.rows.unwanted.empty());
    w.report_back(begun, 0);
    w.ends_well(begun, 1);
    BOOST_TEST(std::holds_alternative<result>(
        w.world::ask<result_fetched>(w.gate, route_fetch{over.session_id, {over.secret}}).answer)); // still there
}

BOOST_AUTO_TEST_CASE(several_calls_and_those_that_only_ask_are_ended_too) {
    phones w;
    w.rows.cards["other"].id = "other";
    w.rows.instances["two"].secure_component_id = "other";
    const auto look = w.numbered(1, model::get_service_instances{"service-one"});
    const auto asking = opened(w.ask(look));
    w.report_back(asking, 0);
    opened(w.ask(w.numbered(2, suspend)));
    opened(w.ask(w.numbered(3, model::terminate_service{"two"})));
    opened(w.ask(w.numbered(4, model::get_service_instances{"service-one"}, {1, 2, 3})));
    BOOST_TEST(w.rows.ends.size() == 2u);
    BOOST_TEST(message_in(w.report_back(asking, 1, processed)) == interrupted);
}

// -- in the middle of an order --

BOOST_AUTO_TEST_CASE(an_order_that_changes_the_card_is_one_of_a_lost_phone) {
    phones w;
    const auto session = spawn_device_session(w.system, {"s", "secret"}, w.cards, w.gate, w.around);
    caf::scoped_actor owner{w.system};
    owner->send(session, call_answered{true});
    const auto report_to = [&](std::uint64_t order) { owner->send(session, report_back{"secret", order, processed}); };
    report_to(0);
    owner->send(session, announce_process{{"p", "CAFE", "now"}, {}});
    w.run();
    report_to(1);
    gp::batch change;
    change.commands.emplace_back(gp::step::load, hex("80E8000000"), true);
    owner->send(session, perform_order{"eSE1", change});
    w.run();
    const auto performed = [&] {
        std::optional<order_performed> got;
        while (!owner->mailbox().empty())
            owner->receive([&](order_performed& p) { got = std::move(p); }, [](const order_given&) {},
                           [](const process_announced&) {});
        return got;
    };
    BOOST_TEST(!performed());
    owner->send(session, give_way{});
    w.run();
    const auto told = performed();
    BOOST_REQUIRE(told);
    BOOST_TEST((told->answer.end == gp::transmission::phone_lost));
    BOOST_TEST(told->answer.detail == "its app has begun anew");
    BOOST_TEST(told->unwanted == ""); // so the card is in doubt
    BOOST_TEST(w.world::ask<user_wish>(session, ask_wish{}).unwanted ==
               "its app has begun anew"); // and no issuer is asked
    BOOST_TEST((w.world::ask<session_cancelled>(session, cancel_session{"secret"}).answer == cancel_answer::too_late));
    owner->send(session, perform_order{"eSE1", change}); // and everything behind it
    w.run();
    BOOST_TEST((performed().value().answer.end == gp::transmission::phone_lost));
    owner->send_exit(session, caf::exit_reason::user_shutdown);
    w.run();
}

BOOST_AUTO_TEST_CASE(a_dialogue_gives_way) {
    using namespace actors::test;
    const std::string why = process::begun_anew;
    auto announced = fresh(); // what has changed nothing ends as by a cancel
    announced.announce({"p", "caller", "now"});
    next_order(announced, {}, 0);
    BOOST_TEST(announced.give_way());
    const auto refused = std::get<dialogue::start_refused>(announced.take_event(t0).value());
    BOOST_TEST(refused.detail == why);
    BOOST_TEST(!refused.phone_lost);
    BOOST_TEST((announced.patience(t0) == 0s));

    auto reading = fresh();
    reading.perform("eSE1", commands(2));
    next_order(reading, {}, 0);
    BOOST_TEST(reading.give_way());
    BOOST_TEST(std::get<dialogue::work_cancelled>(reading.take_event(t0).value()).why == why);
    BOOST_TEST(reading.give_way()); // once more
    BOOST_TEST(!reading.take_event(t0));

    auto cancelled = fresh(); // before
    BOOST_TEST(cancelled.cancel());
    BOOST_TEST(cancelled.give_way());
    BOOST_TEST(cancelled.unwanted() == process::cancelled_by_user);

    auto again = fresh(); // entered again: nobody knows what its former life has changed
    again.goes_on("p");
    again.perform("eSE1", commands(1));
    BOOST_TEST(again.give_way());
    BOOST_TEST((std::get<gp::batch_answer>(again.take_event(t0).value()).end == gp::transmission::phone_lost));

    auto over = fresh();
    over.finish(model::terminate_service_result{});
    BOOST_TEST(!over.give_way());
    BOOST_TEST(over.unwanted() == "");
}

// -- after a restart (DIV-108) --

namespace {

calls::left_process some_left_process() {
    calls::left_process left;
    auto& record = left.record;
    record.id = "p";
    record.session = "former";
    record.instance = "one";
    record.card = "card";
    record.caller = "CAFE";
    record.proof = {hash_of_secret("secret 1"), "01", "01", "", std::nullopt};
    record.start_state = model::instance_state::operational;
    record.asked = {suspend, {{"eSE1", "eSE", "", ""}}};
    left.holds_card = true;
    left.life = "2";
    return left;
}

/// A server that has started and found a process, for which no phone has come yet.
struct restarted : phones {
    restarted() {
        rows.instances["one"].running_process = "p";
        caf::anon_send_exit(gate, caf::exit_reason::user_shutdown);
        gate = spawn_gate(system, around, {{some_left_process()}, {}});
        run();
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_process_that_waits_for_its_phone_after_a_restart_ends_too) {
    restarted w;
    const auto begun = opened(w.ask(w.numbered(2, suspend, {1})));
    BOOST_REQUIRE_EQUAL(w.rows.parked.size(), 1u);
    BOOST_TEST(w.rows.parked[0].left.record.id == "p");
    BOOST_TEST((w.rows.parked[0].why == model::interruption::begun_anew));
    w.report_back(begun, 0);
    w.ends_well(begun, 1);
    // The former app gets the result, should it live after all.
    const auto over = opened(w.ask(w.numbered(1, suspend)));
    BOOST_TEST(over.session_id == "former");
    BOOST_TEST(message_in(w.report_back(over, 0)) == interrupted);
}

BOOST_AUTO_TEST_CASE(who_does_not_prove_it_is_told_how_long_it_waits) {
    for (const bool foreign : {true, false}) {
        restarted w;
        const auto told = [&] {
            auto c = w.call_of(suspend);
            if (foreign) {
                c.caller_id = "BEEF";
                c.former = {{1}};
            }
            return message_in(w.ask(c));
        };
        const auto late = [](int seconds) {
            return "Invalid state: another process is running, please try again in " + std::to_string(seconds) +
                   " seconds";
        };
        BOOST_TEST(told() == late(300));
        w.time += 100s;
        BOOST_TEST(told() == late(200));
        BOOST_TEST(w.rows.parked.empty());
        w.wait(200s);
        BOOST_REQUIRE_EQUAL(w.rows.parked.size(), 1u);
        BOOST_TEST((w.rows.parked[0].why == model::interruption::restart));
        opened(w.open(suspend));
    }
}

BOOST_AUTO_TEST_CASE(a_process_that_is_entered_again_ends_too) {
    restarted w;
    w.report_back({"former", "secret 1"}, 0); // its phone has come back, and its app is killed then
    const auto begun = opened(w.ask(w.numbered(2, suspend, {1})));
    BOOST_TEST(w.rows.parked.empty());
    BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
    BOOST_TEST(w.rows.ends[0].end.id == "p");
    BOOST_TEST((w.rows.ends[0].end.status == error_category::execution_interrupted));
    w.report_back(begun, 0);
    w.ends_well(begun, 1);
}

BOOST_AUTO_TEST_CASE(so_many_results_of_a_former_life_are_kept) {
    const auto ended = [](int n) {
        store::ended_process e;
        e.process.session = "s" + std::to_string(n);
        e.process.proof.secret_hash = hash_of_secret("secret");
        e.end.ended = "2026-01-01T00:00:0" + std::to_string(n) + ".000Z";
        e.end.result = model::terminate_service_result{};
        return e;
    };
    left_behind left{{some_left_process()}, {ended(3), ended(1), ended(2)}};
    parked_sessions all(left, 3), two(left, 2);
    BOOST_TEST(all.records().size() == 4u);
    BOOST_TEST(two.records().size() == 3u); // processes have their cards as a bound
    BOOST_TEST(!two.take("s1", "secret").has_value());
    BOOST_TEST(two.add(ended(4)).value() == "s2");
    BOOST_TEST(two.take("s3", "secret").has_value());
    BOOST_TEST(!two.add(ended(5)).has_value()); // there is room again
    BOOST_TEST(two.waits("one"));
    BOOST_TEST(!two.waits("two"));
    BOOST_TEST(!two.take_process("s4").has_value()); // has ended
    BOOST_TEST(!two.take_process("none").has_value());
    BOOST_TEST(two.take_process("former").value().record.id == "p");
    BOOST_TEST(!two.take_process("former").has_value());
    BOOST_TEST(!two.waits("one"));
    BOOST_TEST(two.clear().size() == 2u);
    BOOST_TEST(all.waits("one"));
    BOOST_TEST(all.take("former", "secret 1").has_value());
    BOOST_TEST(!all.waits("one"));
    parked_sessions late({{some_left_process()}, {}});
    BOOST_TEST(late.take_processes().size() == 1u);
    BOOST_TEST(!late.waits("one"));
}

// -- what is known of a callId --

BOOST_AUTO_TEST_CASE(what_a_call_asks_does_not_depend_on_those_before_it) {
    wire::tsm_api_call c{
        model::terminate_service{"i"}, {"CAFE", {{"eSE1", "eSE", "", ""}}}, false, "00112233445566778899aabbccddeeff"};
    const auto known = http::identify(c);
    BOOST_TEST(http::hash_of_call_id(c.call_id) == known.hash);
    c.former_call_ids = {"ffeeddccbbaa99887766554433221100"};
    BOOST_TEST(http::identify(c).digest == known.digest);
}

BOOST_AUTO_TEST_SUITE_END()
