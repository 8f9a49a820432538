// How the card of a Service Instance is found, and what is believed of it before anybody has authenticated.

#include "store/instance_records.hpp"
#include "tests/actors/phone.hpp"

using namespace tsms;
using namespace tsms::actors_test;

BOOST_AUTO_TEST_SUITE(actors_where_the_card_is)

BOOST_AUTO_TEST_CASE(a_card_in_a_renamed_reader_is_found_again) {
    world w;
    w.rows.cards["card"].identity = cplc;
    w.rows.instances["one"].reader = "old name";
    const auto s = opened(w.open(model::terminate_service{"one"}));
    const auto look = w.report_back(s, 0);
    BOOST_REQUIRE(look);
    BOOST_TEST(w.rows.events.empty()); // no process yet
    const auto start = w.report_back(s, 1, told_by_card(*look));
    BOOST_REQUIRE(start);
    BOOST_TEST(std::holds_alternative<model::process_start>(start->items.at(0)));
    BOOST_TEST(w.rows.instances["one"].reader == "old name"); // until the card has proven that it is the one
}

BOOST_AUTO_TEST_CASE(readers_that_have_exchanged_their_names_are_told_apart) {
    const auto other = std::string(84, '5');
    struct situation {
        std::string stored_atr;
        std::vector<announced_card> announced;
        readers cards;
        bool asked;
    };
    const announced_card first{"SIM1", "UICC", "", "3B01"}, second{"SIM2", "UICC", "", "3B02"};
    const announced_card first_other{"SIM1", "UICC", "", "3B02"}, second_ours{"SIM2", "UICC", "", "3B01"};
    const announced_card first_twin{"SIM1", "UICC", "", "3B01"}, second_twin{"SIM2", "UICC", "", "3B01"};
    const announced_card only{"SIM1", "UICC", "", "3B02"};
    for (const auto& s : {situation{"3B01", {first, second}, {}, false},
                          situation{"3B01", {first_other, second_ours}, {{"SIM1", other}, {"SIM2", cplc}}, true},
                          situation{"3B01", {first_twin, second_twin}, {{"SIM1", other}, {"SIM2", cplc}}, true},
                          situation{"3B01", {first_twin, second_twin}, {{"SIM1", cplc}, {"SIM2", other}}, true},
                          situation{"", {first, second}, {{"SIM1", cplc}, {"SIM2", other}}, true}, // a row of before
                          situation{"3B01", {only}, {{"SIM1", cplc}}, true}, situation{"3B02", {only}, {}, false},
                          situation{"", {only}, {}, false}}) {
        world w;
        w.rows.cards["card"].identity = cplc;
        w.rows.cards["card"].tsm_domain.emplace().aid = "D27600016354534D0001";
        w.rows.cards["card"].tsm_domain->keys.emplace().version = 0x31;
        w.rows.instances["one"].on_card = true; // so that there is something to do on it
        w.rows.instances["one"].reader = "SIM1";
        w.rows.instances["one"].atr = s.stored_atr;
        w.cards = s.announced;
        const auto session = opened(w.open(model::terminate_service{"one"}));
        auto order = w.report_back(session, 0);
        BOOST_REQUIRE(order);
        BOOST_TEST(announces(*order) != s.asked);
        std::uint64_t number = 1;
        while (!announces(*order)) {
            BOOST_TEST(w.rows.events.empty()); // no process yet
            order = w.report_back(session, number++, told_by_cards(*order, s.cards));
            BOOST_REQUIRE(order);
        }
        const bool in_second = s.cards.contains("SIM2") && s.cards.at("SIM2") == cplc;
        BOOST_REQUIRE(order->card);
        BOOST_TEST(order->card->reader == (in_second ? "SIM2" : "SIM1"));
    }
}

BOOST_AUTO_TEST_CASE(another_card_is_not_worked_on) {
    world w;
    w.rows.cards["card"].identity = std::string(84, '5');
    w.rows.instances["one"].reader = "old name";
    const auto s = opened(w.open(model::deploy_service{"one", {{model::service_command::install, {}, false}}, false}));
    const auto look = w.report_back(s, 0);
    BOOST_REQUIRE(look);
    const auto start = w.report_back(s, 1, told_by_card(*look));
    BOOST_REQUIRE(start);
    BOOST_TEST(std::holds_alternative<model::process_start>(start->items.at(0)));
    const auto stop = w.report_back(s, 2, processed);
    BOOST_REQUIRE(stop && result_of(*stop));
    BOOST_TEST((result_in(*stop) == error_category::sc_inaccessible));
    BOOST_TEST(w.rows.ends.at(0).delivery.has_value());
    BOOST_TEST(w.rows.instances["one"].reader == "old name");
    opened(w.open(model::terminate_service{"two"}, "sp")); // the card is free again
}

BOOST_AUTO_TEST_CASE(an_issuer_that_rests_on_a_claim_is_found_anew) {
    const auto issuer_after = [](const char* stored, auto change) {
        world w;
        w.rows.issuers = {{"lab", "https://issuer", "", {}, {}}};
        auto& card = w.rows.cards["card"];
        card.identity = cplc;
        card.issuer = stored;
        change(w);
        const auto s = opened(w.open(model::terminate_service{"one"}));
        const auto first = w.report_back(s, 0);
        BOOST_REQUIRE(first);
        std::uint64_t number = 1;
        if (!announces(*first))
            w.report_back(s, number++, told_by_card(*first));
        w.report_back(s, number, processed);
        BOOST_REQUIRE(!w.rows.ends.empty() && w.rows.ends[0].card);
        return w.rows.ends[0].card->issuer;
    };
    const auto nothing = [](world&) {};
    const auto renamed = [](world& w) { w.rows.instances["one"].reader = "old name"; }; // so that the card is read
    BOOST_TEST(issuer_after("", nothing) == "lab");
    BOOST_TEST(issuer_after("removed", nothing) == "lab");
    BOOST_TEST(issuer_after("removed", [](world& w) { w.rows.cards["card"].assigned = true; }) == "removed");
    BOOST_TEST(issuer_after("removed", [](world& w) {
                   w.rows.cards["card"].tsm_domain.emplace().keys.emplace();
                   w.rows.cards["card"].quarantined = false;
               }) == "removed");
    const auto claimed_now = [&](world& w) {
        renamed(w);
        w.rows.issuers.push_back({"liar's", "https://issuer", "", {}, {}});
        w.rows.issuers[0].cards.cplc = {"4444"};
    };
    BOOST_TEST(issuer_after("liar's", claimed_now) == "lab"); // what the card says today
}

// AMB-239: that a card is nowhere is the phone's word. Nothing changes, however often it is said, by whatever function.
BOOST_AUTO_TEST_CASE(an_instance_whose_card_is_nowhere_stays) {
    const auto other = std::string(84, '5');
    const announced_card first{"SIM1", "UICC", "", "3B01"}, second{"SIM2", "UICC", "", "3B02"};
    const function functions[] = {model::terminate_service{"one"}, model::suspend_or_resume_service{"one", true},
                                  model::deploy_service{"one", {{model::service_command::activate, {}, false}}, true}};
    for (const auto& what : functions)
        for (const auto& second_says : {processed, no_card}) {
            world w;
            auto& card = w.rows.cards["card"];
            card.identity = cplc;
            card.tsm_domain.emplace().aid = "D27600016354534D0001";
            card.tsm_domain->keys.emplace().version = 0x31;
            auto& instance = w.rows.instances["one"];
            instance.reader = "SIM9";
            instance.atr = "3B09";
            instance.on_card = true;
            instance.state = std::holds_alternative<model::deploy_service>(what) ? model::instance_state::installed
                                                                                 : model::instance_state::operational;
            const auto card_before = store::encode(card), instance_before = store::encode(instance);
            w.cards = {first, second};
            for (int times = 0; times < 2; ++times) {
                const auto s = opened(w.open(what));
                auto order = w.report_back(s, 0);
                BOOST_REQUIRE(order);
                std::uint64_t number = 1;
                while (!announces(*order)) {
                    const bool silent =
                        order->card && order->card->reader == "SIM2" && second_says.status != agent_status::processed;
                    order = w.report_back(
                        s, number++, silent ? second_says : told_by_cards(*order, {{"SIM1", other}, {"SIM2", other}}));
                    BOOST_REQUIRE(order);
                }
                const auto stop = w.report_back(s, number, processed);
                BOOST_REQUIRE(stop);
                BOOST_TEST((result_in(*stop) == error_category::sc_inaccessible));
                BOOST_TEST(w.rows.ends.back().delivery.has_value()); // the SPOS hears of it
                BOOST_TEST(store::encode(w.rows.cards["card"]) == card_before);
                BOOST_TEST(store::encode(w.rows.instances["one"]) == instance_before);
            }
        }
}

namespace {

/// A session whose phone has been asked which card is where, and the answer that it is about to give.
auto asked_where_the_card_is(world& w) {
    w.rows.cards["card"].identity = cplc;
    w.rows.instances["one"].reader = "old name";
    const auto s = opened(w.open(model::terminate_service{"one"}));
    const auto look = w.report_back(s, 0);
    BOOST_REQUIRE(look && !announces(*look));
    return std::pair(s, told_by_card(*look));
}

} // namespace

// Meanwhile an operator changes what the answer is for.
BOOST_AUTO_TEST_CASE(an_operator_may_be_faster_than_the_phone) {
    {
        world w;
        const auto [s, answer] = asked_where_the_card_is(w);
        w.rows.before_begin = [&] { w.rows.instances.erase("one"); };
        const auto stop = w.report_back(s, 1, answer);
        BOOST_REQUIRE(stop && result_of(*stop));
        BOOST_TEST((result_in(*stop) == error_category::invalid_request));
        BOOST_TEST(w.rows.events.empty());
        BOOST_TEST(!w.rows.instances.contains("one"));
    }
    {
        world w;
        const auto [s, answer] = asked_where_the_card_is(w);
        w.rows.before_begin = [&] {
            w.rows.cards["card"].assigned = true;
            w.rows.cards["card"].issuer = "an operator's";
        };
        const auto start = w.report_back(s, 1, answer); // the card is not asked again
        BOOST_REQUIRE(start && announces(*start));
        w.report_back(s, 2, processed);
        BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
        BOOST_TEST(w.rows.ends[0].card->issuer == "an operator's");
    }
    {
        world w;
        const auto [s, answer] = asked_where_the_card_is(w);
        w.rows.before_begin = [&] { w.rows.cards["card"].quarantined = true; };
        w.report_back(s, 1, answer);
        w.report_back(s, 2, processed);
        BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
        BOOST_TEST((w.rows.ends[0].end.status == error_category::sc_inaccessible));
        opened(w.open(model::terminate_service{"two"})); // the card is free again
    }
}

BOOST_AUTO_TEST_CASE(rows_that_change_before_a_process_begins_are_read_again) {
    {
        world w; // another process has the card, and the row of this instance changes: nothing of either is lost
        w.rows.cards["card"].identity = cplc;
        const auto busy = opened(w.open(model::terminate_service{"two"}));
        pending_call waits(w, w.call_of(model::terminate_service{"one"}));
        w.rows.before_begin = [&] { w.rows.instances["one"].target.version_tag = "2.0.0"; };
        for (int i = 0; i < 12 && !waits.answer(); ++i)
            w.wait(1s);
        BOOST_TEST(!w.rows.before_begin); // it came to the beginning with what hinders it, and again
        BOOST_TEST(w.rows.instances["one"].target.version_tag == "2.0.0");
        w.report_back(busy, 0);
        w.report_back(busy, 1, processed);
        BOOST_TEST(!w.rows.instances.contains("two"));
    }
    {
        world w; // somebody changes it again and again: the call ends
        const auto [s, answer] = asked_where_the_card_is(w);
        int changes = 0;
        std::function<void()> change = [&] {
            w.rows.instances["one"].target.version_tag = std::to_string(++changes);
            w.rows.before_begin = change;
        };
        w.rows.before_begin = change;
        const auto stop = w.report_back(s, 1, answer);
        BOOST_REQUIRE(stop && result_of(*stop));
        BOOST_TEST((result_in(*stop) == error_category::tsm_not_available));
        BOOST_TEST(changes < 20);
        w.rows.before_begin = nullptr;
        opened(w.open(model::terminate_service{"one"}));
    }
}

// DIV-056: a second fresh card would be taken for the first one.
BOOST_AUTO_TEST_CASE(a_card_that_cannot_be_told_from_others_gets_no_instance) {
    for (const char digit : {'0', 'F'}) {
        world w;
        w.service = model::offered_service{"service-one", "sp", true, {{"1.0.0", true, {"profile"}}}, {}};
        const auto s = opened(w.open(model::create_service_instance{"service-one", "1.0.0"}));
        const auto look = w.report_back(s, 0);
        BOOST_REQUIRE(look);
        const auto stop = w.report_back(s, 1, told_by_cards(*look, {{"eSE1", std::string(84, digit)}}));
        BOOST_REQUIRE(stop && result_of(*stop));
        const auto& got = std::get<model::create_service_instance_result>(*result_of(*stop));
        BOOST_TEST((got.outcome.status == error_category::no_eligible_sc));
        BOOST_TEST(got.outcome.message.find("its CPLC is blank") != std::string::npos);
        BOOST_TEST(std::ranges::count_if(w.log, [](const std::string& line) {
                       return line.find("eSE1") != line.npos && line.find("its CPLC is blank") != line.npos &&
                              line.find("Its issuer can give it") != line.npos;
                   }) == 1);
    }
}

// A row of an older version: the card that says the same may be any, and nothing is lost or changed by what it says.
BOOST_AUTO_TEST_CASE(a_row_that_is_known_by_nothing_is_found_by_no_claim) {
    for (const char digit : {'0', 'F'}) {
        world w;
        w.rows.cards["card"].identity = std::string(84, digit);
        w.rows.instances["one"].reader = "old name";
        const auto s = opened(w.open(model::terminate_service{"one"}));
        const auto look = w.report_back(s, 0);
        BOOST_REQUIRE(look);
        const auto start = w.report_back(s, 1, told_by_cards(*look, {{"eSE1", std::string(84, digit)}}));
        BOOST_REQUIRE(start && announces(*start));
        w.report_back(s, 2, processed);
        BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
        BOOST_TEST((w.rows.ends[0].end.status == error_category::sc_inaccessible));
        BOOST_TEST(w.rows.instances.contains("one"));
        BOOST_TEST(std::ranges::any_of(
            w.log, [](const std::string& line) { return line.find("tsms card lost --card card") != line.npos; }));
    }
}

// DIV-059: the row of the card has become another one's part while the call waited for it.
BOOST_AUTO_TEST_CASE(a_call_that_waits_for_a_row_gets_the_one_that_it_is_now) {
    world w;
    w.rows.cards["card"].identity = cplc;
    w.rows.cards["card-2"] = w.rows.cards["card"];
    w.rows.cards["card-2"].id = "card-2";
    w.rows.instances["three"] = w.rows.instances["two"];
    w.rows.instances["three"].id = "three";
    const auto busy = opened(w.open(model::terminate_service{"two"}));
    pending_call waits(w, w.call_of(model::terminate_service{"one"}));
    BOOST_TEST(!waits.answer());
    w.rows.instances["one"].secure_component_id = "card-2";
    w.report_back(busy, 0);
    w.report_back(busy, 1, processed);
    BOOST_TEST(!w.rows.instances.contains("two"));
    const auto answer = waits.answer();
    BOOST_REQUIRE(answer);
    const auto second = opened(*answer);
    w.report_back(second, 0);
    opened(w.open(model::terminate_service{"three"})); // on the row of before, which nobody holds
    w.report_back(second, 1, processed);
    BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 2u);
    BOOST_TEST((w.rows.ends[1].end.status == error_category::none));
    BOOST_REQUIRE(w.rows.ends[1].card);
    BOOST_TEST(w.rows.ends[1].card->id == "card-2");
}

BOOST_AUTO_TEST_SUITE_END()
