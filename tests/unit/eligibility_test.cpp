#include "model/eligibility.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

using namespace tsms::model;

namespace {

card_profile profile(const std::string& id, const std::string& cplc, int type = 1, bool csp = false) {
    card_profile p;
    p.id = id;
    p.name = "profile " + id;
    p.sc_type = type;
    p.csp = csp;
    p.recognised_by.cplc = {cplc};
    return p;
}

seen_card card(const std::string& reader, const std::string& cplc) {
    seen_card c;
    c.reader = reader;
    c.accessible = true;
    c.cplc = cplc;
    if (!cplc.empty())
        c.cplc.resize(cplc_digits, '4');
    return c;
}

offered_service service() {
    offered_service s;
    s.id = "s";
    s.has_flavors = true;
    s.versions = {{"1.0.0", true, {"a", "b"}}, {"1.2.0", true, {"a"}}, {"1.10.0", true, {"b"}}, {"2.0.0", false, {}}};
    return s;
}

error_category category(const decision& d) {
    return std::get<refusal>(d.outcome).category;
}

} // namespace

BOOST_AUTO_TEST_SUITE(model_eligibility)

BOOST_AUTO_TEST_CASE(a_dot_stands_for_any_nibble) {
    BOOST_TEST(has_prefix("4790AB", "47.0a"));
    BOOST_TEST(!has_prefix("4790AB", "48.0"));
    BOOST_TEST(!has_prefix("47", "4790"));
}

BOOST_AUTO_TEST_CASE(every_list_that_is_given_must_match) {
    identification by;
    BOOST_TEST(!recognises(by, card("r", "4790"))); // nothing is given: nothing is recognised
    by.cplc = {"FFFF", "4790"};
    BOOST_TEST(recognises(by, card("r", "4790AA")));
    by.isd = {"A000000151"};
    auto another = card("r", "4790AA");
    another.isd_aid = "A000000003000000";
    BOOST_TEST(!recognises(by, another));
}

BOOST_AUTO_TEST_CASE(an_isd_that_the_phone_does_not_tell_leaves_it_to_the_other_lists) {
    const auto quiet = card("r", "4790AA");
    identification by;
    by.isd = {"A000000151"};
    BOOST_TEST(!recognises(by, quiet)); // there is no other list
    by.cplc = {"4790"};
    BOOST_TEST(recognises(by, quiet));
    by.atr = {"3B"};
    BOOST_TEST(!recognises(by, quiet)); // the others decide, every one of them
    by.atr.clear();
    auto telling = quiet;
    telling.isd_aid = "A000000003";
    BOOST_TEST(!recognises(by, telling));
    telling.isd_aid = "A000000151000000";
    BOOST_TEST(recognises(by, telling));
}

BOOST_AUTO_TEST_CASE(the_same_cards_give_the_same_choice_in_any_order) {
    const std::vector<card_profile> profiles{profile("a", "01", 4), profile("b", "02", 1)};
    for (const auto& cards :
         {std::vector{card("x", "01"), card("y", "02")}, std::vector{card("y", "02"), card("x", "01")}}) {
        const auto d = choose_card(service(), "1.0.0", cards, profiles);
        BOOST_TEST(cards[std::get<choice>(d.outcome).card].reader == "y"); // embedded before UICC
    }
    const std::vector<card_profile> with_csp{profile("a", "01", 4, true), profile("b", "02", 1)};
    const std::vector cards{card("y", "02"), card("x", "01")};
    BOOST_TEST(std::get<choice>(choose_card(service(), "1.0.0", cards, with_csp).outcome).profile_id == "a");
}

BOOST_AUTO_TEST_CASE(a_service_on_any_card_of_the_handset_makes_none_eligible) {
    auto there = card("x", "77");
    there.has_service = true;
    const auto d = choose_card(service(), "1.0.0", {card("y", "02"), there}, {profile("b", "02")});
    BOOST_TEST((category(d) == error_category::already_exists)); // 8 in V1.0 (AMB-139)
    BOOST_TEST(std::get<refusal>(d.outcome).details == "service is already deployed");
}

BOOST_AUTO_TEST_CASE(the_reason_names_the_reader) {
    const auto d = choose_card(service(), "1.0.0", {card("eSE1", "99")}, {profile("b", "02")});
    BOOST_TEST((category(d) == error_category::no_eligible_sc));
    BOOST_TEST(std::get<refusal>(d.outcome).details.find("eSE1") != std::string::npos);
    auto locked = card("eSE1", "");
    locked.accessible = false;
    locked.problem = error_category::sc_channel_not_available;
    BOOST_TEST((category(choose_card(service(), "1.0.0", {locked}, {})) == error_category::sc_channel_not_available));
}

// AMB-240: an instance may be on it, so that none is created elsewhere; a check looks for none.
BOOST_AUTO_TEST_CASE(a_card_that_fell_silent_lets_no_instance_be_created_on_another) {
    auto silent = card("eSE1", "");
    silent.accessible = false;
    silent.fell_silent = true;
    silent.problem = error_category::execution_interrupted;
    silent.problem_details = "it tore";
    const std::vector cards{card("SIM1", "02"), silent};
    const std::vector<card_profile> profiles{profile("b", "02")};
    const auto d = choose_card(service(), "1.0.0", cards, profiles);
    BOOST_TEST((category(d) == error_category::execution_interrupted));
    BOOST_TEST(std::get<refusal>(d.outcome).details == "reader ‘eSE1’: it tore");
    BOOST_TEST(find_deployment(service(), "x.x.x", cards, profiles)->card == 0u);
    BOOST_TEST(!could_not_look({cards[0]}));
    auto deployed = cards;
    deployed[0].has_service = true; // whatever is on the other one
    BOOST_TEST((category(choose_card(service(), "1.0.0", deployed, profiles)) == error_category::already_exists));
}

BOOST_AUTO_TEST_CASE(the_highest_version_by_number_is_found) {
    const std::vector<card_profile> profiles{profile("a", "01"), profile("b", "02")};
    BOOST_TEST(find_deployment(service(), "x.x.x", {card("r", "02")}, profiles)->version_tag == "1.10.0");
    BOOST_TEST(find_deployment(service(), "1.X.x", {card("r", "01")}, profiles)->version_tag == "1.2.0");
    BOOST_TEST(!find_deployment(service(), "2.0.0", {card("r", "01")}, profiles));
}

BOOST_AUTO_TEST_CASE(the_order_of_the_versions_decides_nothing) {
    const std::vector<card_profile> profiles{profile("a", "01")};
    deployment_target installed;
    installed.version_tag = "0.9.0";
    installed.profile_id = "a";
    auto s = service();
    s.versions = {{"1.0.0", true, {"a"}}, {"1.00.0", true, {"a"}}, {"0.10.0", true, {"a"}}};
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(find_deployment(s, "x.x.x", {card("r", "01")}, profiles)->version_tag == "1.0.0");
        BOOST_TEST(find_update(s, "x.x.x", installed).value() == "1.0.0");
        BOOST_TEST(find_update(s, "0.x.x", installed).value() == "0.10.0"); // numbers, not texts
        std::ranges::rotate(s.versions, s.versions.begin() + 1);
    }
    installed.version_tag = "1.00.0"; // the same version as 1.0.0
    BOOST_TEST(!find_update(s, "x.x.x", installed));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_created_is_said_before_a_card_is_asked) {
    const auto s = service();
    BOOST_TEST(!refuse_create(&s, "s", "1.0.0"));
    BOOST_TEST(refuse_create(nullptr, "s", "1.0.0")->details == "service ‘s’ does not exist");
    BOOST_TEST(refuse_create(&s, "s", "9.0.0")->details == "version ‘9.0.0’ does not exist");
    BOOST_TEST(refuse_create(&s, "s", "2.0.0")->details == "no flavors allocated to version ‘2.0.0’");
    BOOST_TEST((refuse_create(&s, "s", "1.x.x")->category == error_category::invalid_request));
    // What is not there is told apart from what is malformed, for who speaks V1.0.4 (AMB-135).
    BOOST_TEST((refuse_create(nullptr, "s", "1.0.0")->category == error_category::not_found));
    BOOST_TEST((refuse_create(&s, "s", "9.0.0")->category == error_category::not_found));
    BOOST_TEST((refuse_create(&s, "s", "2.0.0")->category == error_category::not_found));
    BOOST_TEST((refuse_check(&s, "s", "9.0.0")->category == error_category::not_found));
    BOOST_TEST((refuse_caller("another", "sp", true, "x")->category == error_category::not_found));
    BOOST_TEST((refuse_caller(std::nullopt, "sp", true, "x")->category == error_category::unauthorized));
    BOOST_TEST(refuse_check(&s, "s", "1.x.1")->details == "unsupported version RegExp ‘1.x.1’");
    BOOST_TEST(!refuse_check(&s, "s", "9.x.x")); // a pattern without match is an answer (AMB-135)
}

// A card that does not tell its CPLC now is no other one, and none that can be known again: only one that has none is
// known by IIN and CIN.
BOOST_AUTO_TEST_CASE(a_card_is_known_by_its_cplc_or_has_none) {
    const std::string cplc(cplc_digits, '4'), other(cplc_digits, '5');
    auto told = card("r", cplc);
    told.iin = "42";
    told.cin = "45";
    auto silent = told;
    silent.cplc.clear();
    auto without = silent;
    without.without_cplc = true;
    BOOST_TEST(identity_of(told).value().text() == cplc);
    BOOST_TEST(!identity_of(silent));
    BOOST_TEST(identity_of(without).value().text() == "4245");
    without.cin.clear();
    BOOST_TEST(!identity_of(without));

    secure_component row;
    row.identity = cplc;
    BOOST_CHECK(compare(row, told) == likeness::same);
    BOOST_CHECK(compare(row, card("r", other)) == likeness::other);
    BOOST_CHECK(compare(row, silent) == likeness::unknown); // the row has no CIN to compare
    row.cin_iin = "4542";
    BOOST_CHECK(compare(row, silent) == likeness::unknown); // not the other one, but not proven the same either
    row.cin_iin = "4642";
    BOOST_CHECK(compare(row, silent) == likeness::other);
    BOOST_CHECK(compare(row, told) == likeness::same); // the CPLC decides
    row.identity = "4245";                             // a card without CPLC
    BOOST_CHECK(compare(row, silent) == likeness::same);
    BOOST_CHECK(compare(row, told) == likeness::same);
    BOOST_CHECK(compare(row, card("r", other)) == likeness::unknown);
    silent.cin = "46";
    BOOST_CHECK(compare(row, silent) == likeness::other);
}

BOOST_AUTO_TEST_SUITE_END()
