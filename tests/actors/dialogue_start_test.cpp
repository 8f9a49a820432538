// The start of a process and its cancel, in the dialogue with the phone (AMB-132, AMB-148, AMB-230).

#include "dialogue.hpp"

using namespace tsms;
using namespace tsms::actors;
using namespace tsms::actors::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(actors_dialogue)

BOOST_AUTO_TEST_CASE(the_first_order_starts_the_session_and_announces_the_process) {
    auto d = fresh();
    d.announce({"p", "caller", "now"});
    const auto o = next_order(d, {}, 0);
    BOOST_TEST(o.number == 1u);
    BOOST_TEST(o.delay == 0);
    BOOST_REQUIRE_EQUAL(o.items.size(), 2u);
    BOOST_TEST(std::holds_alternative<start_session>(o.items[0]));
    BOOST_TEST(std::get<model::process_start>(o.items[1]).process_id == "p");
    BOOST_TEST(!d.take_event(t0));
    d.report_arrived(processed(), 1, t0);
    BOOST_TEST(std::holds_alternative<dialogue::start_acknowledged>(*d.take_event(t0)));
}

BOOST_AUTO_TEST_CASE(a_user_cancels_before_anything_changes_the_card) { // AMB-148
    const auto refused = [](dialogue& d) {
        const auto event = d.take_event(t0);
        BOOST_REQUIRE(event);
        BOOST_TEST(std::get<dialogue::start_refused>(*event).detail == "manually cancelled");
        BOOST_TEST(!std::get<dialogue::start_refused>(*event).phone_lost);
    };
    for (const bool sent : {false, true}) { // the announcement
        auto d = fresh();
        d.announce({"p", "caller", "now"});
        if (sent)
            next_order(d, {}, 0);
        BOOST_TEST(d.cancel());
        refused(d);
        BOOST_TEST(d.cancel()); // once more
        BOOST_TEST(!d.take_event(t0));
        d.report_arrived(processed(), sent ? 1 : 0, t0); // does not bring it back
        BOOST_TEST(!d.take_event(t0));
    }
    for (const bool sent : {false, true}) { // reading
        auto d = fresh();
        d.perform("eSE1", commands(2));
        if (sent)
            next_order(d, {}, 0);
        BOOST_TEST(d.cancel());
        BOOST_TEST(std::holds_alternative<dialogue::work_cancelled>(*d.take_event(t0)));
        d.report_arrived(processed({{hex("9000"), hex("9000")}}), sent ? 1 : 0, t0);
        BOOST_TEST(!d.take_event(t0));
        BOOST_TEST(!d.next(t0)); // nothing of it leaves any more
    }
    auto d = fresh(); // what comes behind it
    BOOST_TEST(d.cancel());
    d.announce({"p", "caller", "now"});
    refused(d);
    d.perform("eSE1", commands(1));
    BOOST_TEST(std::holds_alternative<dialogue::work_cancelled>(*d.take_event(t0)));
}

BOOST_AUTO_TEST_CASE(a_cancel_that_comes_too_late_is_refused) { // AMB-148
    gp::batch change;
    change.commands.emplace_back(gp::step::load, hex("80E8000000"), true);
    const auto acknowledged = [] {
        auto d = fresh();
        d.announce({"p", "caller", "now"});
        next_order(d, {}, 0);
        d.report_arrived(processed(), 1, t0);
        d.take_event(t0);
        return d;
    };
    auto d = acknowledged();
    d.perform("eSE1", change); // waits for no report, so it leaves at once
    BOOST_REQUIRE(d.next(t0));
    BOOST_TEST(!d.cancel());
    d.report_arrived(processed({{hex("9000")}}), 2, t0);
    BOOST_TEST(std::holds_alternative<gp::batch_answer>(*d.take_event(t0)));
    BOOST_TEST(!d.cancel()); // for ever
    d.perform("eSE1", commands(1));
    BOOST_TEST(d.next(t0).has_value());

    auto waits = acknowledged();
    BOOST_TEST(waits.cancel());
    waits.perform("eSE1", change);
    BOOST_TEST(std::holds_alternative<dialogue::work_cancelled>(*waits.take_event(t0)));
    BOOST_TEST(!waits.next(t0));

    auto ended = fresh();
    ended.finish(model::terminate_service_result{});
    BOOST_TEST(!ended.cancel());
}

// AMB-132: whatever a process does wrong, the card does not feel it before the app has seen the start.
BOOST_AUTO_TEST_CASE(nothing_changes_the_card_before_the_start_is_acknowledged) {
    gp::batch change;
    change.commands.emplace_back(gp::step::load, hex("80E8000000"), true);
    for (const auto status : {agent_status::polling, agent_status::processed}) {
        auto d = fresh();
        d.announce({"p", "caller", "now"});
        next_order(d, {}, 0);
        d.report_arrived({status, "", {}}, 1, t0);
        d.take_event(t0);
        d.perform("eSE1", change);
        const auto event = d.take_event(t0);
        BOOST_TEST(event.has_value() == (status != agent_status::processed));
        if (event)
            BOOST_TEST((std::get<gp::batch_answer>(*event).end == gp::transmission::failed));
    }
}

BOOST_AUTO_TEST_CASE(a_start_that_was_not_processed_is_refused) {
    for (const auto status : {agent_status::polling, agent_status::unknown_failure}) {
        auto d = fresh();
        d.announce({"p", "caller", "now"});
        next_order(d, {}, 0);
        d.report_arrived({status, "listener threw", {}}, 1, t0);
        BOOST_TEST(std::get<dialogue::start_refused>(*d.take_event(t0)).detail == "listener threw");
    }
}

namespace {

/// One that is announced together with two reading commands, and has been handed out.
dialogue announced_with_reads() {
    auto d = fresh();
    d.announce({"p", "caller", "now"}, process::exchange("SIM1", commands(2)));
    const auto o = next_order(d, {}, 0);
    BOOST_TEST(o.card->reader == "SIM1");
    BOOST_REQUIRE_EQUAL(o.items.size(), 3u);
    BOOST_TEST(std::holds_alternative<start_session>(o.items[0]));
    BOOST_TEST(std::holds_alternative<model::process_start>(o.items[1]));
    BOOST_TEST(std::get<card_commands>(o.items[2]).apdus.size() == 2u);
    return d;
}

} // namespace

// AMB-230. What counts is whether the agent came past the notification, and that can be told unless it names no list.
BOOST_AUTO_TEST_CASE(a_report_to_a_start_with_reads_answers_both) {
    using enum agent_status;
    using gp::transmission;
    const bytes ok{0x90, 0x00};
    const std::vector<std::vector<bytes>> none, empty{{}}, one{{ok}}, two{{ok, ok}}, three{{ok, ok, ok}};
    struct {
        agent_status status;
        const char* error;
        std::vector<std::vector<bytes>> lists;
        std::optional<transmission> end; ///< of the reads; nothing: the start was not taken
        std::size_t answers = 0;
    } const rows[] = {
        {processed, "", two, transmission::complete, 2},
        {processed, "", one, transmission::failed},
        {processed, "", three, transmission::failed},
        {processed, "", empty, transmission::failed},
        {processed, "", none, transmission::failed},
        {unavailable, "", one, transmission::unavailable, 1},
        {unavailable, "", empty, transmission::unavailable},
        {unavailable, "", none, transmission::unavailable},
        {ungranted, "", one, transmission::ungranted, 1},
        {ungranted, "", empty, transmission::ungranted},
        {ungranted, "", none, transmission::ungranted},
        {unknown_failure, "no channel: all in use", one, transmission::no_channel, 1},
        {unknown_failure, "no channel: all in use", empty, transmission::no_channel},
        {unknown_failure, "no channel: all in use", none, transmission::no_channel},
        {unknown_failure, "NFC off: turned off", one, transmission::nfc_off, 1},
        {unknown_failure, "NFC off: turned off", empty, transmission::nfc_off},
        {unknown_failure, "NFC off: turned off", none, transmission::nfc_off},
        {unknown_failure, "listener threw", one, transmission::failed, 1},
        {unknown_failure, "listener threw", empty, transmission::failed},
        {unknown_failure, "listener threw", none, std::nullopt}, // AMB-132
        {polling, "", two, std::nullopt},                        // there was nothing to do, it says
        {polling, "", empty, std::nullopt},
        {polling, "", none, std::nullopt},
    };
    gp::batch change;
    change.commands.emplace_back(gp::step::load, hex("80E8000000"), true);
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT("row " << &row - rows) {
            auto d = announced_with_reads();
            d.report_arrived({row.status, row.error, row.lists}, 1, t0);
            const auto event = d.take_event(t0);
            BOOST_REQUIRE(event);
            if (const auto* taken = std::get_if<dialogue::start_acknowledged>(&*event)) {
                BOOST_REQUIRE(row.end);
                BOOST_TEST((taken->answer.end == *row.end));
                BOOST_TEST(taken->answer.responses.size() == row.answers);
            } else {
                BOOST_TEST(!row.end);
                BOOST_TEST(!std::get<dialogue::start_refused>(*event).phone_lost);
            }
            BOOST_TEST(!d.take_event(t0)); // once, and for both
            d.perform("SIM1", change);
            BOOST_TEST(d.take_event(t0).has_value() == !row.end);
        }
}

BOOST_AUTO_TEST_CASE(what_may_not_travel_with_a_start_does_not) {
    gp::batch change = commands(1);
    change.commands.emplace_back(gp::step::load, hex("80E8000000"), true);
    for (const auto& [reads, end] :
         {std::pair{process::exchange("another", commands(1)), gp::transmission::unavailable},
          std::pair{process::exchange("SIM1", change), gp::transmission::failed}}) {
        auto d = fresh();
        d.announce({"p", "caller", "now"}, reads);
        BOOST_TEST(next_order(d, {}, 0).items.size() == 2u); // Start and ProcessStart
        d.report_arrived(processed(), 1, t0);
        BOOST_TEST((std::get<dialogue::start_acknowledged>(*d.take_event(t0)).answer.end == end));
    }
}

BOOST_AUTO_TEST_CASE(a_phone_that_falls_silent_over_a_start_with_reads_has_not_taken_it) {
    auto d = announced_with_reads();
    BOOST_TEST(!d.take_event(t0 + 299s));
    BOOST_TEST(std::get<dialogue::start_refused>(*d.take_event(t0 + 300s)).phone_lost);
    BOOST_TEST(!d.take_event(t0 + 300s));
}

BOOST_AUTO_TEST_SUITE_END()
