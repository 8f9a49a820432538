// A call that comes again with its callId begins nothing: it gets what the first one got (DIV-107).

#include "actors/framework/call_book.hpp"
#include "crypto/digest.hpp"
#include "http/device/call_id.hpp"
#include "tests/actors/phone.hpp"

using namespace tsms;
using namespace tsms::actors_test;
using model::error_category;

namespace {

call_id id_of(std::uint8_t n, std::uint8_t asked = 0) {
    return {{n}, {asked}, "secret " + std::to_string(n)};
}

call with(call c, call_id id) {
    c.id = std::move(id);
    return c;
}

call asked(std::uint8_t n) {
    call c;
    c.what = model::terminate_service{"one"};
    c.caller_id = "CAFE";
    return with(c, id_of(n));
}

call_answer ask(world& w, const call& c) {
    return w.ask<call_routed>(w.gate, c).answer;
}

std::optional<order> first_order(world& w, const session_opened& s) {
    const auto given = w.ask<order_given>(w.gate, route_first_report{s.session_id, {s.secret, w.time}});
    const auto* o = std::get_if<order>(&given.answer);
    return o ? std::optional(*o) : std::nullopt;
}

bool is_of_another(const call_answer& a) {
    return refusal_in(a) == error_category::invalid_request &&
           outcome_of(std::get<result>(a)).message.find("belongs to another call") != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(actors_repeated_calls)

BOOST_AUTO_TEST_CASE(the_same_session_and_the_same_order) {
    world w;
    const auto c = with(w.call_of(model::terminate_service{"one"}), id_of(1));
    const auto s = opened(ask(w, c));
    BOOST_TEST(s.secret == "secret 1"); // the cookie can be given again, though nobody keeps it
    const auto first = first_order(w, s);
    BOOST_REQUIRE(first);
    BOOST_TEST(announces(*first));
    for (int again = 0; again < 3; ++again) {
        const auto same = opened(ask(w, c));
        BOOST_TEST(same.session_id == s.session_id);
        BOOST_TEST(same.secret == s.secret);
        const auto order = first_order(w, same);
        BOOST_REQUIRE(order);
        BOOST_TEST(order->number == 1u);
        BOOST_TEST(announces(*order));
    }
    const auto stop = w.report_back(s, 1, processed);
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::none));
    BOOST_TEST(w.rows.ends.size() == 1u);
    // Also when it is over: the result is in the order that was given last.
    const auto after = first_order(w, opened(ask(w, c)));
    BOOST_REQUIRE(after);
    BOOST_TEST((result_in(*after) == error_category::none));
    BOOST_TEST(w.rows.ends.size() == 1u);
    BOOST_TEST(w.ask<load>(w.gate, ask_load{}).sessions == 1u);
}

BOOST_AUTO_TEST_CASE(nobody_else_gets_into_it) {
    world w;
    const auto c = with(w.call_of(model::terminate_service{"one"}), id_of(1));
    opened(ask(w, c));
    auto other = c;
    other.id->digest = {7};
    BOOST_TEST(is_of_another(ask(w, other)));
    other = c;
    other.caller_id = "BEEF";
    BOOST_TEST(is_of_another(ask(w, other)));
    other = c;
    other.provider = "sp";
    BOOST_TEST(is_of_another(ask(w, other)));
    BOOST_TEST(w.ask<load>(w.gate, ask_load{}).sessions == 1u);
    other = c;
    other.id.reset(); // and without it, it is another call
    BOOST_TEST((refusal_in([&] {
                    pending_call second(w, other);
                    w.wait(8s);
                    return *second.answer();
                }()) == error_category::invalid_state));
}

BOOST_AUTO_TEST_CASE(a_repetition_joins_the_call_that_waits) {
    world w;
    w.rows.instances["one"].state = model::instance_state::operational;
    const auto running = opened(w.open(model::suspend_or_resume_service{"one", false}));
    const auto c = with(w.call_of(model::suspend_or_resume_service{"one", false}), id_of(1));
    pending_call first(w, c), second(w, c);
    pending_call foreign(w, with(c, id_of(1, 7)));
    BOOST_TEST(is_of_another(foreign.answer().value()));
    w.wait(5s);
    BOOST_TEST(!first.answer());
    w.report_back(running, 0);
    w.report_back(running, 1, processed);
    w.run();
    const auto one = opened(first.answer().value()), two = opened(second.answer().value());
    BOOST_TEST(one.session_id == two.session_id);
    BOOST_TEST(w.rows.ends.size() == 1u);
    BOOST_REQUIRE(first_order(w, one));
    const auto stop = w.report_back(two, 1, processed);
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::none));
    BOOST_TEST(w.rows.ends.size() == 2u);
}

BOOST_AUTO_TEST_CASE(two_connections_that_wait_for_the_first_order) {
    world w;
    const auto session = spawn_device_session(w.system, {"s", "secret"}, w.cards, w.gate, w.around);
    caf::scoped_actor first{w.system}, second{w.system}, third{w.system}, owner{w.system};
    const auto answer = [](caf::scoped_actor& who) {
        std::optional<order_answer> got;
        if (!who->mailbox().empty())
            who->receive([&](order_given& o) { got = std::move(o.answer); });
        return got;
    };
    owner->send(session, call_answered{});
    for (auto* who : {&third, &first, &second}) {
        (*who)->send(session, report_first{"secret", w.time});
        w.run();
    }
    BOOST_TEST(std::holds_alternative<no_session>(answer(third).value())); // a third one has been given up
    BOOST_TEST(!answer(first).has_value());
    BOOST_TEST(!answer(second).has_value());
    gp::batch work;
    work.commands.emplace_back(gp::step::get_data, hex("80CA9F7F00"));
    owner->send(session, perform_order{"eSE1", work});
    w.run();
    for (auto* who : {&first, &second})
        BOOST_TEST(std::get<order>(answer(*who).value()).number == 1u);
    const auto again = w.ask<order_given>(session, report_back{"secret", 0, {}});
    BOOST_TEST(std::get<order>(again.answer).number == 1u);
    const auto guessed = w.ask<order_given>(session, report_first{"guessed", w.time});
    BOOST_TEST(std::holds_alternative<no_session>(guessed.answer));
    owner->send_exit(session, caf::exit_reason::user_shutdown);
    w.run();
}

BOOST_AUTO_TEST_CASE(what_was_refused_stays_refused) {
    world w;
    const auto c = with(w.call_of(model::terminate_service{"nobody"}), id_of(1));
    const auto refused = refusal_in(ask(w, c));
    auto row = w.rows.instances.at("one");
    row.id = "nobody";
    w.rows.instances["nobody"] = row; // now it could begin
    BOOST_TEST((refusal_in(ask(w, c)) == refused));
    auto other = c;
    other.caller_id = "BEEF";
    BOOST_TEST(is_of_another(ask(w, other)));
    opened(ask(w, with(c, id_of(2))));
    // Not for ever: who repeats a call has given up long before.
    world x;
    BOOST_TEST((refusal_in(ask(x, c)) == refused));
    x.rows.instances["nobody"] = row;
    x.wait(x.around->sessions.result_kept - 1s);
    BOOST_TEST((refusal_in(ask(x, c)) == refused));
    x.wait(1s);
    opened(ask(x, c));
}

BOOST_AUTO_TEST_CASE(a_call_without_cards_is_refused_once_and_for_all) {
    world w;
    auto c = with(w.call_of(model::terminate_service{"one"}), id_of(1));
    c.cards.clear();
    BOOST_TEST((refusal_in(ask(w, c)) == error_category::invalid_request));
    BOOST_TEST((refusal_in(ask(w, c)) == error_category::invalid_request));
    BOOST_TEST(w.ask<load>(w.gate, ask_load{}).sessions == 0u);
}

BOOST_AUTO_TEST_CASE(a_session_that_is_over_takes_its_call_along) {
    world w;
    w.service = model::offered_service{"service", "sp", true, {}, {}};
    const auto c = with(w.call_of(model::get_service_instances{"service"}), id_of(1));
    const auto s = opened(ask(w, c));
    BOOST_REQUIRE(first_order(w, s));
    BOOST_REQUIRE(result_of(*w.report_back(s, 1, no_card)));
    w.wait(w.around->sessions.result_kept);
    w.run();
    BOOST_TEST(opened(ask(w, c)).session_id != s.session_id);
}

BOOST_AUTO_TEST_CASE(a_session_that_nobody_came_to_is_kept_for_its_repetition) {
    world w;
    const auto c = with(w.call_of(model::terminate_service{"one"}), id_of(1));
    const auto s = opened(ask(w, c));
    w.wait(w.around->sessions.dialogue.first_report);
    for (int i = 0; i < 3; ++i)
        w.wait(1s);
    BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
    const auto again = opened(ask(w, c));
    BOOST_TEST(again.session_id == s.session_id);
    BOOST_TEST(w.ask<hand_shaken>(w.gate, route_handshake{s.session_id, {s.secret}}).accepted);
    const auto stop = w.report_back(again, 0);
    BOOST_REQUIRE(stop && result_of(*stop));
    BOOST_TEST((result_in(*stop) == error_category::execution_interrupted));
    BOOST_TEST(w.rows.ends.size() == 1u);
    w.wait(w.around->sessions.result_kept);
    BOOST_TEST(w.ask<load>(w.gate, ask_load{}).sessions == 0u); // not for ever
}

BOOST_AUTO_TEST_CASE(who_hangs_up_before_his_process_begins_may_call_again) { // DIV-112
    for (const bool has_id : {true, false}) {
        world w;
        const auto c = has_id ? with(w.call_of(model::terminate_service{"one"}), id_of(1))
                              : w.call_of(model::terminate_service{"one"});
        caf::scoped_actor caller(w.system);
        std::optional<call_answer> meanwhile;
        caf::scoped_actor second(w.system);
        w.rows.before_load = [&] {
            caller->send(w.gate, caller_gone{});
            if (has_id)
                second->send(w.gate, c);
        };
        caller->send(w.gate, c);
        w.run();
        BOOST_TEST(w.rows.events.empty()); // nothing has begun for nobody
        if (has_id) {
            BOOST_REQUIRE(!second->mailbox().empty());
            second->receive([&](call_routed& r) { meanwhile = std::move(r.answer); });
            BOOST_TEST(std::holds_alternative<not_yet>(*meanwhile)); // nobody knew yet
        }
        opened(ask(w, c));
        BOOST_TEST(w.rows.events == (std::vector<std::string>{"begin"}), boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(who_hangs_up_while_his_process_begins_begins_no_other) {
    world w;
    const auto c = with(w.call_of(model::terminate_service{"one"}), id_of(1));
    caf::scoped_actor caller(w.system);
    w.rows.before_begin = [&] { caller->send(w.gate, caller_gone{}); };
    caller->send(w.gate, c);
    w.run();
    BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
    BOOST_TEST((w.rows.ends[0].end.status == error_category::execution_interrupted)); // its session has ended
    BOOST_TEST((refusal_in(ask(w, c)) == error_category::execution_interrupted));
    BOOST_TEST(w.rows.ends.size() == 1u);
    opened(w.open(model::terminate_service{"one"})); // another call is not in its way
}

// -- the book --

BOOST_AUTO_TEST_CASE(so_many_refusals_are_remembered) {
    const steady_time t0{};
    const result refusal = model::terminate_service_result{};
    call_book book(900s, 3);
    for (std::uint8_t n = 1; n <= 3; ++n)
        book.refused(asked(n), refusal, t0);
    for (std::uint8_t n = 1; n <= 3; ++n)
        BOOST_TEST(std::holds_alternative<result>(book.find(asked(n))), int(n));
    book.refused(asked(4), refusal, t0);
    BOOST_TEST(book.size() == 3u);
    BOOST_TEST(std::holds_alternative<call_book::unknown>(book.find(asked(1))));
    BOOST_TEST(std::holds_alternative<result>(book.find(asked(2))));
    book.opened(asked(5), "s"); // sessions have a bound of their own
    BOOST_TEST(book.size() == 4u);
    book.trim(t0 + 899s);
    BOOST_TEST(book.size() == 4u);
    book.trim(t0 + 900s);
    BOOST_TEST(book.size() == 1u);
    BOOST_TEST(std::get<call_book::in_session>(book.find(asked(5))).id == "s");
    book.forget("other");
    book.forget("s");
    BOOST_TEST(book.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_call_without_an_id_is_not_remembered) {
    call_book book(900s);
    auto c = asked(1);
    c.id.reset();
    book.opened(c, "s");
    book.refused(c, model::terminate_service_result{}, {});
    BOOST_TEST(book.size() == 0u);
    BOOST_TEST(std::holds_alternative<call_book::unknown>(book.find(c)));
}

// -- what is known of a callId --

BOOST_AUTO_TEST_CASE(a_call_is_recognised_by_everything_that_it_asks) {
    const wire::tsm_api_call c{
        model::terminate_service{"i"}, {"CAFE", {{"eSE1", "eSE", "", ""}}}, false, "00112233445566778899aabbccddeeff"};
    const auto known = http::identify(c);
    const auto id = hex(c.call_id);
    bytes text(id);
    text.insert(text.begin(), {'t', 's', 'm', 's', ' ', 's', 'e', 's', 's', 'i', 'o', 'n'});
    BOOST_TEST(known.secret == to_hex(crypto::sha256(text)));
    BOOST_TEST(known.hash != crypto::sha256(id));
    BOOST_TEST(known.digest.size() == 32u);

    auto same = c;
    same.first_report = true;
    BOOST_TEST(http::identify(same).digest == known.digest);
    auto other = c;
    other.function = model::terminate_service{"j"};
    BOOST_TEST(http::identify(other).digest != known.digest);
    BOOST_TEST(http::identify(other).hash == known.hash);
    other = c;
    other.phone.components[0].reader = "SIM1";
    BOOST_TEST(http::identify(other).digest != known.digest);
    other = c;
    other.call_id[0] = '1'; // keyed: the same words under another callId tell nobody that they are the same
    BOOST_TEST(http::identify(other).digest != known.digest);
    BOOST_TEST(http::identify(other).hash != known.hash);
    BOOST_TEST(http::identify(other).secret != known.secret);
    // Two functions with the same parameters are two.
    wire::tsm_api_call check{model::check_service_deployment_available{"s", "1.0.0"}, c.phone, false, c.call_id};
    wire::tsm_api_call create{model::create_service_instance{"s", "1.0.0"}, c.phone, false, c.call_id};
    BOOST_TEST(http::identify(check).digest != http::identify(create).digest);
    // So is the same call in two dialects: its answer would be another one (DIV-119).
    const auto newer = http::identify(c, model::dialect::v1_0_4);
    BOOST_TEST(newer.digest != known.digest);
    BOOST_TEST(newer.hash == known.hash);
}

BOOST_AUTO_TEST_SUITE_END()
