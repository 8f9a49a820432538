#include "dialogue.hpp"

#include "actors/framework/backoff.hpp"
#include "actors/framework/redaction.hpp"
#include "gp/card_failure.hpp"
#include "gp/commands.hpp"
#include "gp/secured_batch.hpp"

using namespace tsms;
using namespace tsms::actors;
using namespace tsms::actors::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(actors_dialogue)

BOOST_AUTO_TEST_CASE(the_patience_with_a_phone_is_told) { // DIV-112
    auto d = fresh();
    BOOST_TEST((d.patience(t0 + 10s) == 50s)); // for its first report
    d.perform("eSE1", commands(1));
    next_order(d, {}, 0, t0 + 20s);
    BOOST_TEST((d.patience(t0 + 20s) == 300s));
    BOOST_TEST((d.patience(t0 + 100s + 1ms) == 220s));
    d.report_arrived(processed({{hex("9000")}}), 1, t0 + 110s);
    BOOST_TEST((d.patience(t0 + 400s) == 300s)); // it is not its turn
}

BOOST_AUTO_TEST_CASE(a_repeated_report_gets_the_stored_order_and_is_read_once) {
    auto d = fresh();
    d.perform("eSE1", commands(1));
    const auto first = next_order(d, {}, 0);
    const auto again = d.report_arrived({}, 0, t0);
    BOOST_TEST(std::get<order>(again).number == first.number);
    d.report_arrived(processed({{{0x90, 0x00}}}), 1, t0);
    BOOST_TEST(std::get<gp::batch_answer>(*d.take_event(t0)).responses.size() == 1u);
    d.report_arrived(processed({{{0x6A, 0x82}}}), 1,
                     t0); // the same report over a new connection, before there was an order
    BOOST_TEST(!d.take_event(t0));
}

// DIV-108: what answers an order of a former life of the server is a poll, whatever it says.
BOOST_AUTO_TEST_CASE(a_report_to_an_order_of_a_former_life_is_not_believed) {
    constexpr std::uint64_t before = 2 << 24, former = (1 << 24) + 5;
    dialogue d({{"eSE1", "eSE", "", ""}}, {20s, 300s, 32}, before);
    d.opened(t0);
    d.goes_on("p");
    d.perform("eSE1", commands(1));
    BOOST_TEST(d.report_begins(former, 100, t0));
    BOOST_TEST(std::holds_alternative<dialogue::wait>(d.report_arrived(processed({{{0x90, 0x00}}}), former, t0)));
    BOOST_TEST(!d.take_event(t0));
    const auto first = d.next(t0);
    BOOST_REQUIRE(first);
    BOOST_TEST(first->number == before + 1);
    BOOST_TEST(std::holds_alternative<card_commands>(first->items.at(0)));        // Start was sent by the former life
    const auto again = d.report_arrived(processed({{{0x90, 0x00}}}), former, t0); // its answer was lost
    BOOST_TEST(std::get<order>(again).number == before + 1);
    d.report_arrived(processed({{{0x6A, 0x82}}}), before + 1, t0);
    BOOST_TEST((std::get<gp::batch_answer>(*d.take_event(t0)).responses.at(0) == bytes{0x6A, 0x82}));
    d.perform("eSE1", commands(1));
    BOOST_TEST(d.next(t0)->number == before + 2);
    BOOST_TEST(std::holds_alternative<dialogue::unknown_order>(d.report_arrived({}, former, t0)));
    BOOST_TEST(!d.report_begins(former, 100, t0));
}

// DIV-106: the call stands for handshake and void report, and its repetition gets the same order.
BOOST_AUTO_TEST_CASE(a_call_may_be_the_first_report) {
    auto d = fresh();
    BOOST_TEST(std::holds_alternative<dialogue::wait>(d.first_report(t0, t0)));
    BOOST_TEST(!d.next(t0));
    d.perform("eSE1", commands(1));
    BOOST_TEST(std::holds_alternative<dialogue::wait>(d.first_report(t0, t0)));
    const auto first = d.next(t0);
    BOOST_REQUIRE(first);
    BOOST_TEST(first->number == 1u);
    BOOST_REQUIRE_EQUAL(first->items.size(), 2u);
    BOOST_TEST(std::holds_alternative<start_session>(first->items[0]));
    BOOST_TEST(std::get<order>(d.first_report(t0, t0)).number == 1u);
    BOOST_TEST(d.handshake(t0)); // a Local Agent that has not got it and goes on as SERAM says
    BOOST_TEST(std::get<order>(d.report_arrived({}, 0, t0)).number == 1u);
    d.report_arrived(processed({{{0x90, 0x00}}}), 1, t0);
    BOOST_TEST(std::get<gp::batch_answer>(*d.take_event(t0)).responses.size() == 1u);
    BOOST_TEST(!d.handshake(t0));
    BOOST_TEST(std::get<order>(d.first_report(t0, t0)).number == 1u); // and no second report
    BOOST_TEST(!d.take_event(t0));
}

BOOST_AUTO_TEST_CASE(a_call_waits_for_its_order_no_longer_than_a_report) {
    auto d = fresh();
    d.first_report(t0, t0 + 8s); // so long it has been admitted
    BOOST_TEST(!d.next(t0 + 19s));
    const auto o = d.next(t0 + 20s);
    BOOST_REQUIRE(o);
    BOOST_TEST(o->items.empty());
    BOOST_TEST(!d.lost());
    BOOST_TEST(!d.take_event(t0 + 307s));
    BOOST_TEST(!d.lost());
    d.take_event(t0 + 308s); // silent since
    BOOST_TEST(d.lost());
    BOOST_TEST(!d.never_came());
}

BOOST_AUTO_TEST_CASE(an_order_number_that_was_never_given_is_unknown) {
    auto d = fresh();
    BOOST_TEST(std::holds_alternative<dialogue::unknown_order>(d.report_arrived({}, 7, t0)));
}

BOOST_AUTO_TEST_CASE(a_long_poll_ends_with_a_void_order) {
    auto d = fresh();
    d.report_arrived({}, 0, t0);
    BOOST_TEST(!d.next(t0 + 19s));
    const auto o = d.next(t0 + 20s);
    BOOST_REQUIRE(o);
    BOOST_TEST(o->items.empty());
    BOOST_TEST(o->delay > 0);
}

BOOST_AUTO_TEST_CASE(commands_travel_in_bundles_with_progress_between_them) {
    auto d = fresh();
    d.announce({"p", "caller", "now"});
    next_order(d, {}, 0);
    d.report_arrived(processed(), 1, t0);
    d.take_event(t0);
    auto work = commands(40);
    work.progress = {{10, 25, 10}, {40, 90, 10}};
    d.perform("SIM1", work);
    const auto o = d.next(t0);
    BOOST_REQUIRE(o);
    BOOST_TEST(o->card->reader == "SIM1");
    BOOST_REQUIRE_EQUAL(o->items.size(), 4u); // 10 commands, progress, 30 commands, progress
    BOOST_TEST(std::get<card_commands>(o->items[0]).apdus.size() == 10u);
    BOOST_TEST(std::get<model::process_progress>(o->items[1]).progress == 25);
    BOOST_TEST(std::get<card_commands>(o->items[2]).apdus.size() == 30u);
    BOOST_TEST(std::get<model::process_progress>(o->items[3]).progress == 90);
}

BOOST_AUTO_TEST_CASE(a_bundle_has_at_most_32_commands) {
    auto d = fresh();
    d.perform("eSE1", commands(70));
    const auto o = next_order(d, {}, 0);
    BOOST_REQUIRE_EQUAL(o.items.size(), 4u); // Start, 32, 32, 6
    BOOST_TEST(std::get<card_commands>(o.items[1]).apdus.size() == 32u);
    BOOST_TEST(std::get<card_commands>(o.items[3]).apdus.size() == 6u);
}

BOOST_AUTO_TEST_CASE(answers_that_do_not_fit_their_commands_are_a_failed_transmission) {
    for (const std::size_t count : {0u, 1u, 3u}) {
        auto d = fresh();
        d.perform("eSE1", commands(2));
        next_order(d, {}, 0);
        d.report_arrived(processed({std::vector<bytes>(count, bytes{0x90, 0x00})}), 1, t0);
        const auto answer = std::get<gp::batch_answer>(*d.take_event(t0));
        BOOST_TEST((answer.end == gp::transmission::failed));
        BOOST_TEST(answer.responses.empty());
        BOOST_TEST(answer.unattributed); // which were executed nobody knows
    }
    auto d = fresh(); // one that stops at a command says so
    d.perform("eSE1", commands(2));
    next_order(d, {}, 0);
    d.report_arrived({agent_status::unknown_failure, "", {{bytes{0x90, 0x00}}}}, 1, t0);
    const auto answer = std::get<gp::batch_answer>(*d.take_event(t0));
    BOOST_TEST(answer.responses.size() == 1u);
    BOOST_TEST(!answer.unattributed);
}

BOOST_AUTO_TEST_CASE(a_silent_phone_is_lost_for_this_work_and_all_that_follows) {
    auto d = fresh();
    d.perform("eSE1", commands(1));
    next_order(d, {}, 0);
    BOOST_TEST(!d.take_event(t0 + 299s));
    BOOST_TEST((std::get<gp::batch_answer>(*d.take_event(t0 + 300s)).end == gp::transmission::phone_lost));
    d.perform("eSE1", commands(1));
    BOOST_TEST((std::get<gp::batch_answer>(*d.take_event(t0 + 301s)).end == gp::transmission::phone_lost));
    d.announce({"p", "c", "now"});
    BOOST_TEST(std::get<dialogue::start_refused>(*d.take_event(t0 + 301s)).phone_lost);
}

namespace {

/// A phone with a link of 100 octets a second, that has an order of 1912 octets: 512 and 14 for each C-APDU.
dialogue with_order_for_slow_phone() {
    dialogue_settings settings{20s, 300s, 32};
    settings.octets_per_second = 100;
    settings.most_of_report = 30000;
    dialogue d({{"eSE1", "eSE", "", ""}}, settings);
    d.opened(t0);
    BOOST_REQUIRE(octets_on_the_way(commands(100)) == 1912u);
    d.perform("eSE1", commands(100));
    next_order(d, {}, 0);
    return d;
}

} // namespace

BOOST_AUTO_TEST_CASE(an_order_that_is_on_its_way_is_no_silence) {
    auto d = with_order_for_slow_phone();
    BOOST_TEST(!d.take_event(t0 + 319s));
    BOOST_TEST((std::get<gp::batch_answer>(*d.take_event(t0 + 320s)).end == gp::transmission::phone_lost));
}

BOOST_AUTO_TEST_CASE(a_report_that_is_on_its_way_is_no_silence) {
    auto d = with_order_for_slow_phone();
    BOOST_TEST(d.report_begins(1, 2000, t0 + 200s)); // and takes 20 s
    BOOST_TEST(!d.take_event(t0 + 519s));
    BOOST_TEST(d.take_event(t0 + 520s).has_value());
    auto larger = with_order_for_slow_phone();
    larger.report_begins(1, 10001, t0 + 100s);
    BOOST_TEST(!larger.take_event(t0 + 500s));
    BOOST_TEST(larger.take_event(t0 + 501s).has_value());
    auto arrived = with_order_for_slow_phone();
    arrived.report_begins(1, 10000, t0 + 100s);
    arrived.report_arrived(processed({std::vector<bytes>(100, bytes{0x90, 0x00})}), 1, t0 + 250s);
    BOOST_TEST(arrived.take_event(t0 + 250s).has_value());
    arrived.perform("eSE1", commands(1)); // the next order has a time of its own
    BOOST_REQUIRE(arrived.next(t0 + 250s).has_value());
    BOOST_TEST(!arrived.take_event(t0 + 250s + 305s));
    BOOST_TEST(arrived.take_event(t0 + 250s + 306s).has_value());
}

/// Heads are cheap: whoever sends only those is lost, 300 s, the order's 20 and the largest report's 300 after its last
/// report.
BOOST_AUTO_TEST_CASE(reports_that_only_begin_do_not_keep_a_session) {
    auto d = with_order_for_slow_phone();
    for (auto now = t0; now < t0 + 619s; now += 100s) {
        BOOST_TEST(!d.take_event(now));
        d.report_begins(1, 1 << 30, now);
    }
    BOOST_TEST(!d.take_event(t0 + 619s));
    BOOST_TEST(d.take_event(t0 + 620s).has_value());
    auto other = with_order_for_slow_phone();
    BOOST_TEST(other.report_begins(0, 30000, t0 + 200s)); // a repeated one: the order was lost on its way
    BOOST_TEST(!other.report_begins(2, 30000, t0 + 200s));
    BOOST_TEST(!other.take_event(t0 + 319s));
    BOOST_TEST(other.take_event(t0 + 320s).has_value());
}

// Its process has ended: a session that is kept for its result keeps no load file, and no card executes it any more.
BOOST_AUTO_TEST_CASE(a_phone_that_was_lost_is_not_given_its_last_order_again) {
    auto d = fresh();
    d.perform("eSE1", commands(100));
    const auto sent = next_order(d, {}, 0);
    BOOST_TEST(std::get<order>(d.report_arrived({}, 0, t0)).items.size() == sent.items.size()); // its answer was lost
    BOOST_TEST((std::get<gp::batch_answer>(*d.take_event(t0 + 300s)).end == gp::transmission::phone_lost));
    const auto again = std::get<order>(d.report_arrived({}, 0, t0 + 301s));
    BOOST_TEST(again.number == sent.number);
    BOOST_TEST(again.items.empty());
}

// Each handshake is answered as before, but it brings nothing on: whoever only shakes hands is lost.
BOOST_AUTO_TEST_CASE(handshakes_do_not_keep_a_session) {
    auto d = fresh();
    d.announce({"p", "caller", "now"});
    for (auto now = t0; now < t0 + 60s; now += 10s) {
        BOOST_TEST(d.handshake(now));
        BOOST_TEST(!d.take_event(now));
    }
    BOOST_TEST(std::get<dialogue::start_refused>(*d.take_event(t0 + 60s)).phone_lost);
    BOOST_TEST(!d.handshake(t0 + 61s));
}

BOOST_AUTO_TEST_CASE(the_first_handshake_is_a_sign_of_life) {
    auto d = fresh();
    d.announce({"p", "caller", "now"});
    BOOST_TEST(d.handshake(t0 + 50s));
    BOOST_TEST(!d.take_event(t0 + 109s));
    BOOST_TEST(d.take_event(t0 + 110s).has_value());
}

// Its call waits for another one's end (AMB-228): it does not know its session yet.
BOOST_AUTO_TEST_CASE(a_phone_is_not_silent_before_its_call_is_answered) {
    dialogue d({{"eSE1", "eSE", "", ""}}, {20s, 300s, 32});
    d.announce({"p", "caller", "now"});
    BOOST_TEST(!d.take_event(t0 + 1000s));
    d.opened(t0 + 1000s);
    BOOST_TEST(!d.take_event(t0 + 1059s));
    BOOST_TEST(d.take_event(t0 + 1060s).has_value());
}

BOOST_AUTO_TEST_CASE(a_phone_that_waits_is_not_lost) {
    auto d = fresh();
    d.report_arrived({}, 0, t0);
    d.take_event(t0 + 400s);
    BOOST_TEST(!d.lost());
}

BOOST_AUTO_TEST_CASE(work_for_a_reader_that_was_not_announced_goes_nowhere) {
    auto d = fresh();
    d.perform("another", commands(1));
    BOOST_TEST((std::get<gp::batch_answer>(*d.take_event(t0)).end == gp::transmission::unavailable));
    BOOST_REQUIRE(std::holds_alternative<dialogue::wait>(d.report_arrived({}, 0, t0)));
    BOOST_TEST(!d.next(t0));
}

BOOST_AUTO_TEST_CASE(a_phone_without_a_free_channel_says_so_in_its_words) {
    for (const auto& [words, end] : {std::pair{"no channel: all in use", gp::transmission::no_channel},
                                     std::pair{"NFC off: turned off", gp::transmission::nfc_off},
                                     std::pair{"nothing works", gp::transmission::failed}}) {
        auto d = fresh();
        d.perform("eSE1", commands(1));
        next_order(d, {}, 0);
        d.report_arrived({agent_status::unknown_failure, words, {}}, 1, t0);
        BOOST_TEST((std::get<gp::batch_answer>(*d.take_event(t0)).end == end));
    }
    const auto failure = gp::transmission_failure(gp::step::load, gp::transmission::no_channel);
    BOOST_TEST(failure.category == static_cast<int>(model::error_category::sc_channel_not_available));
    const auto off = gp::transmission_failure(gp::step::load, gp::transmission::nfc_off);
    BOOST_TEST(off.category == static_cast<int>(model::error_category::nfc_not_activated));
    BOOST_TEST(off.retry_can_help);
}

BOOST_AUTO_TEST_CASE(progress_never_goes_back) {
    auto d = fresh();
    d.announce({"p", "caller", "now"});
    next_order(d, {}, 0);
    auto work = commands(2);
    work.progress = {{0, 60, 10}, {1, 20, 10}};
    d.perform("eSE1", work);
    const auto o = next_order(d, processed(), 1);
    for (const auto& item : o.items)
        if (const auto* p = std::get_if<model::process_progress>(&item))
            BOOST_TEST(p->progress == 60);
}

BOOST_AUTO_TEST_CASE(the_result_goes_with_the_stop) {
    auto d = fresh();
    d.finish(model::terminate_service_result{});
    const auto o = next_order(d, {}, 0);
    BOOST_TEST(std::holds_alternative<result>(o.items[1]));
    BOOST_TEST(std::holds_alternative<stop_session>(o.items.back()));
    BOOST_TEST(std::holds_alternative<order>(d.report_arrived({}, 0, t0))); // its answer was lost
    BOOST_TEST(std::holds_alternative<dialogue::unknown_order>(d.report_arrived({}, 1, t0)));
}

BOOST_AUTO_TEST_CASE(deliveries_back_off_and_are_given_up_after_three_days) {
    BOOST_TEST(delivery_pause(1, 0s)->count() == 5);
    BOOST_TEST(delivery_pause(3, 0s)->count() == 20);
    BOOST_TEST(delivery_pause(100, 71h)->count() == 3600);
    BOOST_TEST(!delivery_pause(1, 72h));
    // The pauses as they come: the bound in time is one in attempts too.
    int attempts = 1;
    auto waited = 0s;
    for (; const auto pause = delivery_pause(attempts, waited); ++attempts)
        waited += *pause;
    BOOST_TEST(attempts == 82);
}

BOOST_AUTO_TEST_CASE(key_material_does_not_reach_the_log) {
    gp::batch b;
    b.commands.emplace_back(gp::step::store_data, hex("80E2900004DEADBEEF"), true, true);
    b.commands.emplace_back(gp::step::get_data, hex("80CA9F7F00"));
    const auto sent = log_of_commands("p", b);
    BOOST_TEST(sent[0].apdu == "80E2900004");
    BOOST_TEST(sent[1].apdu == "80CA9F7F00");
    gp::batch_answer a;
    a.responses = {hex("CAFE9000"), hex("CAFE9000")};
    const auto got = log_of_answers("p", b, a);
    BOOST_TEST(got[0].apdu == "9000");
    BOOST_TEST(got[1].apdu == "CAFE9000");
}

BOOST_AUTO_TEST_CASE(the_log_says_which_object_was_meant_and_why_no_answer_came) {
    gp::secured_batch plain;
    plain.add_plain(gp::step::select, gp::select(hex("D27600018501")));
    plain.add_plain(gp::step::store_data, {0x80, 0xE2, 0x90, 0, hex("DEADBEEF"), {}});
    const auto b = plain.take();
    const auto sent = log_of_commands("p", b);
    BOOST_TEST(sent[0].note == "SELECT: D27600018501");
    BOOST_TEST(sent[1].note == "STORE DATA, redacted");
    const auto got = log_of_answers("p", b, {{hex("9000")}, gp::transmission::failed, "torn \x1B[2J"});
    BOOST_REQUIRE_EQUAL(got.size(), 2u);
    BOOST_TEST(got[1].apdu == "");
    BOOST_TEST(got[1].note == "transmission ended: failed, torn \uFFFD[2J");
    BOOST_TEST(log_of_answers("p", b, {{}, gp::transmission::phone_lost, {}}).at(0).note ==
               "transmission ended: the phone is gone");
}

BOOST_AUTO_TEST_SUITE_END()
