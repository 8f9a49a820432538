// How many commands, octets and seconds one order to a phone may have (card_parameters, gp/procedures hazard 9): each
// bound is met exactly, and the next command goes into the next order.

#include "process/deployment.hpp"

#include <boost/test/unit_test.hpp>
#include <numeric>

using namespace tsms;

namespace {

struct bounds {
    int apdus = 400;
    int octets = 131072;
    int seconds = 120;
    int milliseconds_per_apdu = 30;
};

process::work work_with(const bounds& b) {
    process::process_request request;
    request.instance.target.card.order_apdus = b.apdus;
    request.instance.target.card.order_bytes = b.octets;
    request.instance.target.card.order_seconds = b.seconds;
    request.instance.target.card.milliseconds_per_apdu = b.milliseconds_per_apdu;
    request.reader = "eSE1";
    return {std::move(request), model::operation::service_deployment_installation};
}

gp::batch commands_of(const std::vector<std::size_t>& sizes) {
    gp::batch all;
    for (const auto size : sizes)
        all.commands.emplace_back(gp::step::get_data, bytes(size, 0x80));
    return all;
}

/// The first one carries the start of its process (AMB-230).
const process::exchange& order_in(const process::effect& effect) {
    const auto* start = std::get_if<process::announce_start>(&effect);
    return start ? start->reads.value() : std::get<process::exchange>(effect);
}

/// The orders in which a batch travels, as the number of commands in each; every command is answered.
std::vector<std::size_t> orders(const bounds& b, gp::batch all) {
    auto w = work_with(b);
    const auto sent = all.commands.size();
    auto sending = process::send(&w, std::move(all));
    std::vector<std::size_t> counts;
    for (const auto* effect = sending.start(); effect;) {
        const auto& order = order_in(*effect);
        counts.push_back(order.commands.commands.size());
        BOOST_TEST(order.reader == "eSE1");
        gp::batch_answer answer;
        answer.responses.assign(counts.back(), hex("9000"));
        effect = sending.answer(std::move(answer));
    }
    BOOST_TEST(std::accumulate(counts.begin(), counts.end(), std::size_t{0}) == sent);
    BOOST_TEST(sending.result().responses.size() == sent);
    return counts;
}

using counts = std::vector<std::size_t>;

} // namespace

BOOST_AUTO_TEST_SUITE(order_bounds)

BOOST_AUTO_TEST_CASE(commands) {
    for (const auto& [sent, wanted] : {std::pair<std::size_t, counts>{2, {2}}, {3, {3}}, {4, {3, 1}}, {7, {3, 3, 1}}})
        BOOST_TEST(orders({.apdus = 3}, commands_of(counts(sent, 5))) == wanted, boost::test_tools::per_element());
    BOOST_TEST(orders({.apdus = 1}, commands_of(counts(3, 5))) == (counts{1, 1, 1}), boost::test_tools::per_element());
    BOOST_TEST(orders({}, {}).empty());
}

BOOST_AUTO_TEST_CASE(the_start_goes_with_what_changes_nothing) { // AMB-132, AMB-230
    for (const bool changes : {false, true}) {
        auto w = work_with({.apdus = 1});
        auto all = commands_of({5, 5});
        all.commands.front().changes_card = changes;
        auto sending = process::send(&w, std::move(all));
        const auto* effect = sending.start();
        BOOST_REQUIRE(std::holds_alternative<process::announce_start>(*effect));
        BOOST_TEST(std::get<process::announce_start>(*effect).reads.has_value() == !changes);
        gp::batch_answer answer;
        if (changes)
            effect = sending.answer(answer);
        answer.responses = {hex("9000")};
        BOOST_TEST(order_in(*effect).commands.commands.size() == 1u);
        effect = sending.answer(answer);
        BOOST_REQUIRE(effect && std::holds_alternative<process::exchange>(*effect));
        BOOST_TEST((sending.answer(answer) == nullptr));
    }
}

BOOST_AUTO_TEST_CASE(octets) {
    const bounds thousand{.octets = 1000};
    BOOST_TEST(orders(thousand, commands_of({500, 499})) == (counts{2}), boost::test_tools::per_element());
    BOOST_TEST(orders(thousand, commands_of({500, 500})) == (counts{2}), boost::test_tools::per_element());
    BOOST_TEST(orders(thousand, commands_of({500, 501})) == (counts{1, 1}), boost::test_tools::per_element());
    BOOST_TEST(orders(thousand, commands_of({300, 300, 400, 1})) == (counts{3, 1}), boost::test_tools::per_element());
    // One that is larger than an order may be goes alone: it cannot be divided.
    BOOST_TEST(orders(thousand, commands_of({1001, 5, 1001})) == (counts{1, 1, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(seconds) {
    const bounds two{.seconds = 2, .milliseconds_per_apdu = 500};
    BOOST_TEST(orders(two, commands_of(counts(4, 5))) == (counts{4}), boost::test_tools::per_element());
    BOOST_TEST(orders(two, commands_of(counts(5, 5))) == (counts{4, 1}), boost::test_tools::per_element());
    const bounds slow{.seconds = 1, .milliseconds_per_apdu = 1001};
    BOOST_TEST(orders(slow, commands_of(counts(2, 5))) == (counts{1, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(progress_goes_with_the_command_behind_it) {
    auto w = work_with({.apdus = 2});
    auto all = commands_of(counts(5, 5));
    for (std::size_t before = 0; before <= 5; ++before)
        all.progress.push_back({before, static_cast<int>(before), 10});
    auto sending = process::send(&w, std::move(all));
    std::vector<std::vector<std::pair<std::size_t, int>>> marks;
    for (const auto* effect = sending.start(); effect;) {
        const auto& order = order_in(*effect).commands;
        marks.emplace_back();
        for (const auto& m : order.progress)
            marks.back().emplace_back(m.before, m.percent);
        gp::batch_answer answer;
        answer.responses.assign(order.commands.size(), hex("9000"));
        effect = sending.answer(std::move(answer));
    }
    const std::vector<std::vector<std::pair<std::size_t, int>>> wanted{{{0, 0}, {1, 1}}, {{0, 2}, {1, 3}}, {{0, 4}}};
    BOOST_TEST((marks == wanted)); // one behind the last command belongs to none
}

BOOST_AUTO_TEST_CASE(nothing_follows_a_refusal_or_a_broken_order) {
    const auto answered = [](gp::batch_answer answer, bool may_fail) {
        auto w = work_with({.apdus = 2});
        auto all = commands_of(counts(4, 5));
        for (auto& c : all.commands)
            c.may_fail = may_fail;
        auto sending = process::send(&w, std::move(all));
        sending.start();
        const bool more = sending.answer(std::move(answer)) != nullptr;
        return std::pair(more, more ? std::string() : sending.result().detail);
    };
    constexpr auto complete = gp::transmission::complete;
    const bytes ok = hex("9000"), refused = hex("6982");
    BOOST_TEST(answered({{ok, ok}, complete, ""}, false).first);
    BOOST_TEST(!answered({{ok, refused}, complete, ""}, false).first);
    BOOST_TEST(!answered({{ok, hex("90")}, complete, ""}, false).first);
    BOOST_TEST(answered({{ok, refused}, complete, ""}, true).first);
    BOOST_TEST(!answered({{ok}, gp::transmission::unavailable, "gone"}, true).first);
    BOOST_TEST(answered({{ok, ok, ok}, complete, ""}, true).second == "more answers than commands");
}

BOOST_AUTO_TEST_CASE(a_service_has_at_most_4096_access_rules) { // DIV-095
    model::deployment_target target;
    target.card.ara = "arac";
    target.applications.resize(3);
    for (auto& application : target.applications)
        application.make_selectable = true;
    target.applications[2].make_selectable = false; // no rule is written for it
    target.device_apps.resize(2047);
    model::target_remnants beside;
    beside.rules.resize(2);
    BOOST_CHECK_NO_THROW(process::check_rule_count(target, beside));
    beside.rules.resize(3);
    BOOST_CHECK_EXCEPTION(process::check_rule_count(target, beside), gp::card_failure, [](const auto& failure) {
        return failure.category == static_cast<int>(model::error_category::content_related_error);
    });
    target.card.ara = "none";
    BOOST_CHECK_NO_THROW(process::check_rule_count(target, beside));
}

BOOST_AUTO_TEST_SUITE_END()
