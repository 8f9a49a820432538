// What a card in doubt tells, and what is concluded from it: identity, keys, memory, access rules, and orders whose
// fate nobody knows.

#include "tests/sim/service.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

namespace {

/// A service that is gone again, on a card that keeps the TSM's domain; then the same is to be deployed once more.
world with_the_domain_only() {
    auto w = ready();
    const auto fresh = w.instance;
    w.deploy({I, A}, true);
    terminate_but_keep_the_domain(w);
    w.instance = fresh;
    return w;
}

/// What a phone does that has access by the Open Mobile API only: a SELECT that the card refuses is a transmission
/// error.
world::tamper over_omapi() {
    return [](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        auto response = card();
        if (command.apdu.size() > 1 && command.apdu[1] == 0xA4 && sw_of(response) != 0x9000)
            throw lab::no_answer("no such application", false);
        return response;
    };
}

/// Somebody else, the issuer for example, has removed everything of ours.
void empty_the_card(world& w) {
    const auto before = w.instance;
    const auto component = w.component;
    BOOST_REQUIRE(w.terminate().details == "");
    w.instance = before;
    w.component = component;
}

} // namespace

BOOST_AUTO_TEST_SUITE(doubt)

// Before the channel the phone tells the CPLC that we want to hear, under R-MAC the card tells its own (AMB-226).
BOOST_AUTO_TEST_CASE(the_identity_is_proven_in_every_channel) {
    const auto pretend = [](world& w) {
        w.component.identity[20] = w.component.identity[20] == '0' ? '1' : '0';
        const auto claimed = w.component.identity;
        w.on_the_way = [claimed](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
            auto response = card();
            const bool plain = command.apdu[0] == 0x80 && command.apdu[1] == 0xCA && command.apdu[2] == 0x9F;
            return plain ? hex("9F7F2A" + claimed + "9000") : response;
        };
    };
    for (int what = 0; what < 4; ++what) {
        auto w = ready();
        w.deploy(what == 0 ? std::vector{I} : std::vector{I, A}, what != 0);
        pretend(w);
        const auto outcome = what == 0   ? w.deploy({A}, true)
                             : what == 1 ? w.suspend(true)
                             : what == 2 ? terminate_but_keep_the_domain(w)
                                         : w.terminate();
        BOOST_TEST_CONTEXT("process " << what) {
            BOOST_TEST(number(outcome) == 9);
            BOOST_TEST(outcome.details.find("another one than the instance's") != std::string::npos, outcome.details);
        }
    }
}

BOOST_AUTO_TEST_CASE(an_issuer_may_choose_the_version_of_its_keys) {
    auto w = ready();
    w.issuer_key_version = 0x31; // the first of our own versions, by the profile
    w.extra_orders = 1;          // the channel is asked for with the version of the profile first
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(int{w.component.tsm_domain->keys->version} == 0x32);
    BOOST_TEST(key_versions_of(w, tsm_domain) == std::set<int>{0x32}, boost::test_tools::per_element());
    BOOST_TEST(!w.component.tsm_domain->keys->issuer_knows);
    BOOST_TEST(w.terminate().details == "");
}

BOOST_AUTO_TEST_CASE(rotation_passes_the_versions_that_are_taken) {
    auto w = ready();
    auto& card = w.instance.target.card;
    card.tsm_rotated_version = 0x6F; // the last; 70 and above are of other roles
    card.service_key_version = 0x01;
    w.issuer_key_version = 0x6F;
    w.extra_orders = 1;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(int{w.component.tsm_domain->keys->version} == 0x02);
}

BOOST_AUTO_TEST_CASE(key_versions_that_collide_are_refused) {
    auto w = ready();
    w.issuer_key_version = w.instance.target.card.service_key_version;
    w.extra_orders = 2;                    // the channel twice, as above, and PUT KEY in an order of its own
    auto outcome = w.deploy({I, A}, true); // the issuer's are replaced before the Service's keys leave
    BOOST_TEST(outcome.details == "");
    check_keys_are_ours(w);
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());

    auto later = with_the_domain_only();
    later.instance.target.card.service_key_version = 0x31; // the profile was changed
    outcome = later.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 2);
    BOOST_TEST(number(later.instance.state) == number(not_deployed));
    BOOST_TEST(later.on_card() == std::set<std::string>{tsm_domain}, boost::test_tools::per_element());
}

// The card refuses the service's domain, and the keys that follow reach the TSM's own (gp/procedures, "the order to
// split at").
BOOST_AUTO_TEST_CASE(stray_keys_are_found_and_deleted) {
    for (const bool deploy_again : {false, true}) {
        auto w = with_the_domain_only();
        w.card.inject(lab::fault_plan::parse("sw6A80@install-and-make-selectable", w.random));
        BOOST_TEST(number(w.deploy({I, A}, true)) == 2);
        w.card.inject({});
        BOOST_TEST(key_versions_of(w, tsm_domain) == (std::set<int>{0x20, 0x31}), boost::test_tools::per_element());
        if (deploy_again)
            BOOST_TEST(w.deploy({I, A}, true).details == "");
        else
            BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
        BOOST_TEST(key_versions_of(w, tsm_domain) == std::set<int>{0x31}, boost::test_tools::per_element());
    }
}

// An issuer that personalizes the domain again, because a phone hides it, with other versions each time: however often,
// and whatever of it the row has seen proven, an honest deploy ends with keys that only we have.
BOOST_AUTO_TEST_CASE(key_sets_of_an_issuer_do_not_stay) {
    for (const bool same_version : {true, false})
        for (int lies = 1; lies <= 4; ++lies)
            BOOST_TEST_CONTEXT(lies << " lies, issuer's version "
                                    << (same_version ? "the same" : "another each time")) {
                auto w = with_the_domain_only();
                const auto fresh = w.instance;
                for (int i = 0; i < lies; ++i) {
                    if (!same_version)
                        w.issuer_key_version = static_cast<std::uint8_t>(0x30 + 3 * i);
                    w.on_the_way = hides_the_domain();
                    w.deploy({I, A}, true);
                    w.on_the_way = nullptr;
                    if (i % 2 == 1) { // and now and then something comes of it
                        BOOST_TEST(w.deploy({I, A}, true).details == "");
                        terminate_but_keep_the_domain(w);
                        w.instance = fresh;
                    }
                }
                BOOST_TEST(w.deploy({I, A}, true).details == "");
                BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
                check_keys_are_ours(w);
                BOOST_TEST(w.terminate().details == "");
                BOOST_TEST(w.on_card().empty());
            }
}

// The first set was taken over and never rotated; then the domain gets another one, and the card proves the first.
BOOST_AUTO_TEST_CASE(a_set_that_the_issuer_made_is_rotated_whenever_it_is_met) {
    auto w = ready();
    w.on_the_way = [](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        auto response = card();
        if (command.what == gp::step::initialize_update)
            response[24] ^= 1;
        return response;
    };
    BOOST_TEST(number(w.deploy({I, A}, true)) == 9);
    BOOST_REQUIRE(w.component.tsm_domain->keys->issuer_knows);
    w.issuer_key_version = 0x40;
    w.on_the_way = [lie = hides_the_domain(), done = false](const gp::card_command& command, const auto& card) mutable {
        auto answer = done ? std::nullopt : lie(command, card);
        done = done || answer.has_value();
        return answer;
    };
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    check_keys_are_ours(w);
}

// A rotation in doubt, and then the issuer personalizes the domain once more: each of three sets may be the one.
BOOST_AUTO_TEST_CASE(every_key_set_that_may_be_there_is_tried) {
    for (const bool card_has_new_keys : {true, false}) {
        auto w = ready();
        w.on_the_way = leaves_the_rotation_in_doubt(card_has_new_keys);
        BOOST_TEST(w.deploy({I, A}, true).details != "");
        w.issuer_key_version = 0x40;
        w.on_the_way = hides_the_domain();
        w.deploy({I, A}, true);
        // What the card had is gone from it: only the issuer's last set is there.
        auto state = w.card.state();
        std::erase_if(state.registry.find_application(hex(tsm_domain))->sd->key_sets,
                      [](const auto& s) { return s.version != 0x40; });
        w.card = lab::card(state, w.random);
        w.on_the_way = nullptr;
        BOOST_TEST(w.deploy({I, A}, true).details == "");
        check_keys_are_ours(w);
    }
}

// Errors have no R-MAC: that the domain has no key information is nobody's word (hazard 15).
BOOST_AUTO_TEST_CASE(a_domain_cannot_be_without_keys) {
    auto w = with_the_domain_only();
    w.card.inject(lab::fault_plan::parse("sw6A80@install-and-make-selectable", w.random));
    BOOST_TEST(number(w.deploy({I, A}, true)) == 2);
    w.card.inject({});
    w.on_the_way = [](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        auto response = card();
        const bool key_information = command.what == gp::step::get_data && command.apdu[3] == 0xE0;
        return key_information ? hex("6A88") : response;
    };
    BOOST_TEST(number(terminate_but_keep_the_domain(w)) != 0);
    BOOST_TEST(w.component.doubt);
    w.on_the_way = nullptr;
    BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
    BOOST_TEST(key_versions_of(w, tsm_domain) == std::set<int>{0x31}, boost::test_tools::per_element());
}

// Whoever holds the card for ever keeps everybody else from it.
BOOST_AUTO_TEST_CASE(an_issuer_without_end_is_ended) {
    auto w = ready();
    w.issuer_without_end = true;
    auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 16); // of V1.0.4; 100 in V1.0 (DIV-119)
    BOOST_TEST(outcome.details.find("does not end") != std::string::npos, outcome.details);
    BOOST_TEST(w.orders < 100u);
    w.issuer_without_end = false;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    w.issuer_without_end = true;
    outcome = w.terminate();
    BOOST_TEST(number(outcome) == 16); // of V1.0.4; 100 in V1.0 (DIV-119)
    BOOST_TEST(number(w.instance.state) == number(in_error));
    w.issuer_without_end = false;
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

// GPCS 11.2.3.2: 6200 says that the object is deleted logically; whether it is gone the listing tells.
BOOST_AUTO_TEST_CASE(a_warning_at_a_deletion_is_judged_by_the_listing) {
    auto w = ready();
    w.deploy({I, A}, true);
    w.card.inject(lab::fault_plan::parse("sw6200@delete:4", w.random)); // the domain, and does nothing
    const auto outcome = w.terminate();
    BOOST_TEST(number(outcome) == 7);
    w.card.inject({});
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

// Over the Open Mobile API nobody tells "there is no such domain" from "there is no card" (hazard 3).
BOOST_AUTO_TEST_CASE(a_domain_that_is_gone_over_omapi) {
    auto w = ready();
    w.on_the_way = over_omapi();
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    empty_the_card(w);
    auto outcome = w.suspend(true);
    BOOST_TEST(number(outcome) == 9);
    outcome = w.terminate();
    BOOST_TEST(outcome.details == "");
    BOOST_TEST(outcome.instance_gone);

    auto other = with_the_domain_only();
    const auto fresh = other.instance;
    BOOST_TEST(other.deploy({I, A}, true).details == "");
    empty_the_card(other);
    other.instance = fresh;
    other.on_the_way = over_omapi();
    BOOST_TEST(other.deploy({I, A}, true).details == "");
    BOOST_TEST(other.on_card() == deployed, boost::test_tools::per_element());
}

// A card that is taken away looks the same; then the issuer does not find it either, and nothing is forgotten.
BOOST_AUTO_TEST_CASE(a_card_that_is_gone_over_omapi_is_no_domain_that_is_gone) {
    auto w = ready();
    w.deploy({I, A}, true);
    w.on_the_way = [gone = false](const gp::card_command& command, const auto&) mutable -> std::optional<bytes> {
        gone = gone || to_hex(command.apdu).find(tsm_domain) != std::string::npos;
        if (gone)
            throw lab::no_answer("taken away", false);
        return std::nullopt;
    };
    const auto outcome = w.terminate();
    BOOST_TEST(number(outcome) != 0);
    BOOST_TEST(!outcome.instance_gone);
    w.on_the_way = nullptr;
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

// An agent that says "processed" and tells another number of answers: each command may have been executed.
BOOST_AUTO_TEST_CASE(answers_that_belong_to_nobody_leave_the_card_in_doubt) {
    auto w = ready();
    w.on_report = [&](gp::batch_answer& answer) {
        if (w.orders < 5)
            return;
        answer.responses.clear();
        answer.unattributed = true;
        answer.end = gp::transmission::failed;
    };
    BOOST_TEST(number(w.deploy({I, A}, true)) == 6);
    BOOST_TEST(number(w.instance.state) == number(in_error));
    BOOST_TEST(w.component.doubt);
    w.on_report = nullptr;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
}

// The room is judged once more when the remains of a broken deploy are gone.
BOOST_AUTO_TEST_CASE(memory_is_checked_after_a_cleanup) {
    auto w = ready();
    w.card.inject(lab::fault_plan::parse("tear-before@install-for-install", w.random));
    BOOST_TEST(number(w.deploy({I, A}, true)) != 0);
    w.card.inject({});
    w.instance.target.load_files[0].size = 10'000'000; // another version of the service
    std::size_t loads = 0;
    w.on_the_way = [&](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        loads += command.what == gp::step::load;
        return std::nullopt;
    };
    w.instance.target.card.block_size = 60000; // no other bound may be met first
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 7);
    BOOST_TEST(loads == 0u);
    BOOST_TEST(w.on_card() == std::set<std::string>{tsm_domain}, boost::test_tools::per_element());
}

// Bounds of an order split a batch; behind a refusal the rest stays at home.
BOOST_AUTO_TEST_CASE(no_order_follows_one_with_a_refusal) {
    auto w = ready("jc305", 20000);
    w.instance.target.card.order_apdus = 10;
    std::size_t loads = 0;
    w.on_the_way = [&](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        loads += command.what == gp::step::load;
        return command.what == gp::step::install_for_load ? std::optional(hex("6A84")) : std::nullopt;
    };
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 7);
    BOOST_TEST(outcome.details.find("6A84") != std::string::npos, outcome.details);
    BOOST_TEST(loads < 10u);
    w.on_the_way = nullptr;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(w.orders > 10u);
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
}

// Access first (gp/procedures, Terminate): without the issuer nothing begins, and what follows finds no rule any more.
BOOST_AUTO_TEST_CASE(access_rules_go_before_what_they_guard) {
    auto w = ready_with_rules();
    w.deploy({I, A}, true);
    w.issuer_down = true;
    BOOST_TEST(number(w.terminate()) == 3);
    BOOST_TEST(number(w.instance.state) == number(operational));
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
    w.issuer_down = false;
    std::size_t rules_at_first_delete = 99;
    w.on_the_way = [&](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        if (command.what == gp::step::delete_object)
            rules_at_first_delete = std::min(rules_at_first_delete, w.card.state().ara.rules.size());
        return std::nullopt;
    };
    BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
    BOOST_TEST(w.orders == 4u); // its rows are certain: it does not look before it removes
    BOOST_TEST(rules_at_first_delete == 0u);
}

// The rules are gone, and then the phone: an app has lost its access, which is a change of the Service (TR 3.2.2).
BOOST_AUTO_TEST_CASE(a_termination_that_has_taken_the_rules_only) {
    auto w = ready_with_rules();
    w.deploy({I, A}, true);
    w.phone_vanishes_after = 3;
    BOOST_TEST(number(w.terminate()) == 6);
    BOOST_TEST(w.card.state().ara.rules.size() == 0u);
    BOOST_TEST(number(w.instance.state) == number(in_error));
    w.phone_vanishes_after = SIZE_MAX;
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

// The server dies before a process that began IN_ERROR has changed anything.
BOOST_AUTO_TEST_CASE(a_crash_takes_no_error_back) {
    auto w = ready();
    w.card.inject(lab::fault_plan::parse("tear-after@load:2", w.random));
    w.deploy({I, A}, true);
    w.card.inject({});
    BOOST_REQUIRE(number(w.instance.state) == number(in_error));
    const auto before = w.instance;
    std::vector<process::command_request> commands{{I, {}, false}, {A, {}, false}};
    BOOST_TEST(!w.play(process::deploy(w.request(), commands, true), 3).has_value());
    BOOST_REQUIRE(number(w.instance.state) == number(initialized));
    w.instance = model::after_crash(w.instance, before.state, false);
    BOOST_TEST(number(w.instance.state) == number(in_error));
    BOOST_TEST(!model::refuse_deploy(w.instance, {I, A}, true, false).has_value());
    BOOST_TEST(w.deploy({I, A}, true).details == "");
}

BOOST_AUTO_TEST_SUITE_END()
