// Whole processes against cards, issuers and phones that fail or lie.

#include "tests/sim/service.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

BOOST_AUTO_TEST_SUITE(failures)

/// Answers `sw` instead of the n-th command of a step.
world::tamper refuse(gp::step what, std::uint16_t sw, std::size_t nth = 1) {
    return [=, seen = std::size_t{0}](const gp::card_command& command, const auto&) mutable -> std::optional<bytes> {
        if (command.what != what || ++seen != nth)
            return std::nullopt;
        return bytes{static_cast<std::uint8_t>(sw >> 8), static_cast<std::uint8_t>(sw)};
    };
}

/// The card does everything, the phone says that it did nothing.
BOOST_AUTO_TEST_CASE(a_lying_phone_hides_nothing) {
    for (const auto first : {gp::step::install_security_domain, gp::step::relayed})
        BOOST_TEST_CONTEXT("from " << gp::to_string(first) << " on") {
            auto w = ready();
            w.on_the_way = [first, lies = false](const gp::card_command& command,
                                                 const auto& card) mutable -> std::optional<bytes> {
                lies = lies || command.what == first;
                auto truth = card();
                return lies && command.changes_card ? hex("6985") : truth;
            };
            BOOST_TEST(number(w.deploy({I, A}, true)) != 0);
            w.on_the_way = nullptr;
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
        }
}

BOOST_AUTO_TEST_CASE(no_memory) {
    auto w = ready();
    w.on_the_way = refuse(gp::step::load, 0x6A84, 3);
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 7);
    BOOST_TEST(number(w.instance.state) == number(in_error)); // a component was changed
    BOOST_TEST(static_cast<int>(outcome.commands.at(0)) == 1);
    BOOST_TEST(static_cast<int>(outcome.commands.at(1)) == 2);
    w.on_the_way = nullptr;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(memory_is_checked_before_anything_changes) {
    auto w = ready("small", 55000);
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 7);
    BOOST_TEST(number(w.instance.state) == number(not_deployed));
    BOOST_TEST(w.on_card().empty());
}

BOOST_AUTO_TEST_CASE(issuer_is_down) {
    auto w = ready();
    w.issuer_down = true;
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 3);
    BOOST_TEST(number(w.instance.state) == number(not_deployed)); // AMB-223
    w.issuer_down = false;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
}

BOOST_AUTO_TEST_CASE(phone_vanishes_at_every_order) {
    for (std::size_t n = 0; n < 5; ++n)
        BOOST_TEST_CONTEXT("after " << n << " orders") {
            auto w = ready();
            w.phone_vanishes_after = n;
            const auto outcome = w.deploy({I, A}, true);
            BOOST_TEST(number(outcome) == 6);
            BOOST_TEST(number(w.instance.state) == number(n == 4 ? in_error : not_deployed));
            w.phone_vanishes_after = SIZE_MAX;
            BOOST_TEST(w.deploy({I, A}, true).details == "");
            BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
        }
}

BOOST_AUTO_TEST_CASE(wrong_r_mac) {
    auto w = ready();
    w.on_the_way = [](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        if (command.what != gp::step::install_for_load)
            return std::nullopt;
        auto response = card();
        response[0] ^= 1;
        return response;
    };
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) != 0);
    BOOST_TEST(number(w.instance.state) == number(in_error));
    BOOST_TEST(w.component.doubt);
    w.on_the_way = nullptr;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
}

BOOST_AUTO_TEST_CASE(an_error_of_the_first_command_proves_nothing) {
    auto w = ready();
    w.on_the_way = [](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        if (command.what != gp::step::install_security_domain)
            return std::nullopt;
        card();
        return hex("6985"); // errors carry no R-MAC: anybody on the way can say this
    };
    BOOST_TEST(number(w.deploy({I}, false)) != 0);
    BOOST_TEST(w.component.doubt);
    BOOST_TEST(w.on_card().contains(service_domain));
    w.on_the_way = nullptr;
    BOOST_TEST(w.terminate().instance_gone);
    BOOST_TEST(w.on_card().empty());
    BOOST_TEST(!w.component.doubt);
}

BOOST_AUTO_TEST_CASE(wrong_card_cryptogram_sends_no_external_authenticate) {
    auto w = ready();
    w.deploy({I}, false);
    std::size_t authentications = 0;
    w.on_the_way = [&](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        if (command.what == gp::step::external_authenticate)
            ++authentications;
        if (command.what != gp::step::initialize_update)
            return std::nullopt;
        auto response = card();
        response[24] ^= 1;
        return response;
    };
    const auto outcome = w.deploy({A}, true);
    BOOST_TEST(number(outcome) == 9);
    BOOST_TEST(authentications == 0u);
    BOOST_TEST(w.component.strikes == 0);
    BOOST_TEST(number(w.instance.state) == number(installed));
}

BOOST_AUTO_TEST_CASE(two_answered_refusals_quarantine) {
    auto w = ready();
    w.deploy({I}, false);
    w.on_the_way = refuse(gp::step::external_authenticate, 0x6300);
    w.deploy({A}, true);
    BOOST_TEST(w.component.strikes == 1);
    BOOST_TEST(!w.component.quarantined);
    BOOST_TEST(number(w.instance.state) == number(installed));
    w.on_the_way = refuse(gp::step::external_authenticate, 0x6300);
    w.deploy({A}, true);
    BOOST_TEST(w.component.strikes == 2);
    BOOST_TEST(w.component.quarantined);
}

BOOST_AUTO_TEST_CASE(a_proven_channel_clears_the_strikes) {
    auto w = ready();
    w.deploy({I}, false);
    w.on_the_way = refuse(gp::step::external_authenticate, 0x6300);
    w.deploy({A}, true);
    w.on_the_way = nullptr;
    BOOST_TEST(w.deploy({A}, true).details == "");
    BOOST_TEST(w.component.strikes == 0);
}

// A phone lies: every answer of the big order is an error although the card has executed it.
BOOST_AUTO_TEST_CASE(claimed_errors_are_looked_at_before_the_id_goes) {
    auto w = ready();
    w.on_the_way = [&](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        if (w.orders < 5 || command.what == gp::step::initialize_update)
            return std::nullopt;
        card();
        return bytes{0x69, 0x82};
    };
    BOOST_TEST(number(w.deploy({I, A}, true)) != 0);
    w.on_the_way = nullptr;
    BOOST_TEST(w.on_card().count("D2760001855453") == 1u);
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

// A phone that answers SELECT of the TSM's domain with 6A82 must not make the instance disappear (AMB-226).
BOOST_AUTO_TEST_CASE(a_claim_that_the_domain_is_gone_is_not_believed) {
    auto w = ready();
    w.deploy({I, A}, true);
    w.on_the_way = [&](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        if (command.what == gp::step::select && command.apdu.size() > 6)
            return bytes{0x6A, 0x82};
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

BOOST_AUTO_TEST_CASE(rules_of_a_broken_deploy_are_removed) {
    auto w = ready();
    w.instance.target.card.ara = "aram-issuer";
    w.instance.target.device_apps = {std::string(64, 'B')};
    w.phone_vanishes_after = 4;
    BOOST_TEST(number(w.deploy({I, A}, true)) == 6);
    BOOST_TEST(number(w.instance.state) == number(in_error));
    BOOST_TEST(w.card.state().ara.rules.size() == 2u);
    w.phone_vanishes_after = SIZE_MAX;
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.card.state().ara.rules.size() == 0u);
    BOOST_TEST(w.on_card().empty());
}

BOOST_AUTO_TEST_CASE(a_value_cannot_change_the_structure_of_install_parameters) {
    auto w = ready();
    w.instance.target.applications[0].install_parameters = "C903${pin}";
    const auto deploy = [&](const std::string& pin) {
        return *w.play(process::deploy(w.request(), {{I, {{"pin", pin}}, false}, {A, {}, false}}, true));
    };
    BOOST_TEST(number(deploy("112233EF021234")) == 4);
    BOOST_TEST(number(w.instance.state) == number(not_deployed));
    BOOST_TEST(deploy("112233").details == "");
    BOOST_TEST(process::refuse_parameters(w.instance.target, {{I, {}, false}}).has_value());
}

// The report to PUT KEY is lost: which key set the card has shows INITIALIZE UPDATE, on the issuer's path too.
BOOST_AUTO_TEST_CASE(a_rotation_in_doubt_on_the_issuers_path) {
    auto w = ready();
    w.instance.target.card.ara = "aram-issuer";
    w.instance.target.device_apps = {std::string(64, 'B')};
    std::vector<process::command_request> commands{{I, {}, false}, {A, {}, false}};
    auto whole = ready();
    whole.instance.target = w.instance.target;
    whole.deploy({I, A}, true);
    w.play(process::deploy(w.request(), commands, true), whole.effects);
    w.restart();
    BOOST_REQUIRE(!w.component.tsm_domain->other_keys.empty());
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(int{w.component.tsm_domain->keys->version} == 0x31);
    BOOST_TEST(w.component.tsm_domain->other_keys.empty());
}

/// Says at the first SELECT that the ISD has another AID than it has.
world::tamper another_isd() {
    return [done = false](const gp::card_command& command, const auto& card) mutable -> std::optional<bytes> {
        if (command.what != gp::step::select || std::exchange(done, true))
            return std::nullopt;
        auto response = card();
        response[5] ^= 0x80;
        return response;
    };
}

// Who the ISD is, is a claim (AMB-226): a lie about it is gone with its process.
BOOST_AUTO_TEST_CASE(a_forged_isd_aid_is_not_remembered) {
    auto w = ready_with_rules();
    const auto isd = w.component.isd_aid;
    w.on_the_way = another_isd();
    BOOST_TEST(number(w.deploy({I, A}, true)) != 0);
    w.on_the_way = nullptr;
    BOOST_TEST(w.component.isd_aid == isd);
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

BOOST_AUTO_TEST_CASE(a_wrong_isd_aid_in_the_row_is_mended) {
    for (const bool deploy_first : {true, false})
        BOOST_TEST_CONTEXT((deploy_first ? "deploy" : "terminate")) {
            auto w = ready_with_rules();
            const auto isd = w.component.isd_aid;
            w.component.isd_aid = "A000000151000099";
            w.component.doubt = w.instance.on_card = true; // a deploy broke off in the issuer's hands
            if (deploy_first) {
                BOOST_TEST(w.deploy({I, A}, true).details == "");
                BOOST_TEST(w.component.isd_aid == isd);
            }
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
        }
}

// Over the Open Mobile API SELECT may be answered by an empty string (DIV-034).
BOOST_AUTO_TEST_CASE(an_isd_that_nobody_tells_is_the_profiles) {
    for (const bool phone_tells : {true, false})
        for (const bool profile_tells : {true, false})
            BOOST_TEST_CONTEXT("phone " << phone_tells << ", profile " << profile_tells) {
                auto w = ready_with_rules();
                const auto isd = std::exchange(w.component.isd_aid, "");
                if (profile_tells)
                    w.instance.target.card.isd_aid = isd;
                if (!phone_tells)
                    w.on_the_way = [](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
                        if (command.what != gp::step::select)
                            return std::nullopt;
                        const auto answer = card();
                        return bytes(answer.end() - 2, answer.end()); // the status word alone
                    };
                const auto outcome = w.deploy({I, A}, true);
                BOOST_TEST(number(outcome) == (phone_tells || profile_tells ? 0 : 9));
                if (number(outcome) == 0)
                    BOOST_TEST(w.component.isd_aid == isd);
                else
                    BOOST_TEST(outcome.details.find("isdAid") != std::string::npos);
                BOOST_TEST(!w.instance.on_card == (number(outcome) != 0)); // refused before anything could happen
                BOOST_TEST(w.terminate().details == "");
                BOOST_TEST(w.on_card().empty());
            }
}

// The report of an activation is lost: the same call again must come through (AMB-100), whatever is selectable already.
BOOST_AUTO_TEST_CASE(an_activation_can_be_repeated) {
    auto w = ready();
    w.deploy({I}, false);
    w.on_the_way = [](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        if (command.what != gp::step::make_selectable)
            return std::nullopt;
        card();
        return hex("6985");
    };
    w.phone_vanishes_after = 1;
    BOOST_TEST(w.deploy({A}, true).details != "");
    w.phone_vanishes_after = SIZE_MAX;
    w.deploy({A}, true);
    w.on_the_way = nullptr;
    BOOST_TEST(w.deploy({A}, true).details == "");
    BOOST_TEST(number(w.instance.state) == number(operational));
    BOOST_TEST(use(w, applet_1) == 0x9000);
}

// The phone executes a resumption and denies it: the next suspension must not believe that the card is suspended.
BOOST_AUTO_TEST_CASE(a_denied_resumption_is_undone_by_a_suspension) {
    auto w = ready();
    w.deploy({I, A}, true, true);
    BOOST_TEST(use(w, applet_1) != 0x9000);
    w.on_the_way = [lies = false](const gp::card_command& command, const auto& card) mutable -> std::optional<bytes> {
        lies = lies || command.what == gp::step::lock;
        auto truth = card();
        return lies ? hex("6985") : truth;
    };
    BOOST_TEST(number(w.suspend(false)) == 7);
    BOOST_TEST(number(w.instance.state) == number(suspended));
    w.on_the_way = nullptr;
    BOOST_TEST(use(w, applet_1) == 0x9000);
    BOOST_TEST(w.suspend(true).details == "");
    BOOST_TEST(use(w, applet_1) != 0x9000);
    BOOST_TEST(w.suspend(true).details == "");
    BOOST_TEST(w.orders == 1u); // AMB-109: now it is proven
}

BOOST_AUTO_TEST_CASE(a_full_card_can_be_cleaned) {
    auto w = ready();
    w.deploy({I, A}, true);
    w.instance.on_card = false; // as known after a process that may have removed everything
    w.component.doubt = true;
    w.instance.target.load_files[0].size = 10'000'000;
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

BOOST_AUTO_TEST_CASE(another_card_in_the_reader) {
    auto w = ready();
    w.component.identity = std::string(84, '0');
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 9);
    BOOST_TEST(w.on_card().empty());
}

BOOST_AUTO_TEST_CASE(another_tsms_package_is_never_touched) {
    auto w = ready();
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    second_service(w);
    w.instance.target.card.tsm_sd_aid = "D27600016354534D0002";
    w.component.tsm_domain.reset();
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 7);
    BOOST_TEST(number(w.instance.state) == number(in_error));
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
    BOOST_TEST(use(w, applet_1) == 0x9000);
}

/// The card does everything, the phone replaces its answer by a status word: errors have no R-MAC, so anybody can make
/// them.
world::tamper forge(gp::step what, std::uint16_t sw, std::size_t nth) {
    return
        [=, seen = std::size_t{0}](const gp::card_command& command, const auto& card) mutable -> std::optional<bytes> {
            auto truth = card();
            const bool hit = command.what == what && ++seen == nth;
            return hit ? bytes{static_cast<std::uint8_t>(sw >> 8), static_cast<std::uint8_t>(sw)} : truth;
        };
}

BOOST_AUTO_TEST_CASE(an_empty_registry_is_not_believed) {
    for (const bool last : {false, true})
        for (const std::size_t listing : {1, 2}) { // applications, load files
            auto w = ready();
            w.deploy({I, A}, true);
            w.on_the_way = forge(gp::step::get_status, 0x6A88, listing);
            auto r = w.request();
            r.last_service_on_card = last;
            r.card.doubt = true; // so that it looks before it removes
            const auto outcome = *w.play(process::terminate(r));
            BOOST_TEST(outcome.instance_gone == !w.on_card().contains(service_domain));
            w.on_the_way = nullptr;
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
        }
}

// A load file that a broken deploy has left under the TSM's own domain is hidden by the phone.
BOOST_AUTO_TEST_CASE(a_hidden_load_file_is_deleted) {
    auto w = ready();
    w.card.inject(lab::fault_plan::parse("tear-before@install-for-install", w.random));
    w.deploy({I, A}, true);
    w.card.inject({});
    BOOST_REQUIRE(w.on_card().contains(to_hex(package)));
    w.on_the_way = forge(gp::step::get_status, 0x6A88, 2);
    BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
    BOOST_TEST(w.on_card() == std::set<std::string>{tsm_domain}, boost::test_tools::per_element());
}

// The phone says that the TSM's domain is gone. The issuer finds it there and gives it its first keys again, beside
// ours.
BOOST_AUTO_TEST_CASE(a_domain_that_was_not_gone_gets_another_key_version) {
    auto w = ready();
    w.deploy({I, A}, true);
    terminate_but_keep_the_domain(w);
    w.instance.state = not_deployed;
    w.on_the_way = hides_the_domain();
    w.deploy({I, A}, true);
    w.on_the_way = nullptr;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(int{w.component.tsm_domain->keys->version} == 0x32);
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

// The phone says that the TSM's domain is gone, and says so to the issuer as well: for each question that it was not
// found. The Service works on.
BOOST_AUTO_TEST_CASE(a_service_that_is_not_gone_is_not_terminated) {
    for (const bool hides_everything : {false, true})
        BOOST_TEST_CONTEXT((hides_everything ? "every listing" : "the first listing")) {
            auto w = ready();
            w.deploy({I, A}, true);
            w.on_the_way = [&, listings = 0](const gp::card_command& command,
                                             const auto& card) mutable -> std::optional<bytes> {
                const auto ins = command.apdu[1];
                if (command.what == gp::step::select && command.apdu.size() > 6)
                    return hex("6A82");
                if (ins != 0xE4 && (ins != 0xF2 || (listings++ > 0 && !hides_everything)))
                    return std::nullopt;
                card();
                return hex("6A88");
            };
            const auto outcome = w.terminate();
            BOOST_TEST(number(outcome) == 9);
            BOOST_TEST(!outcome.instance_gone);
            BOOST_TEST(w.component.tsm_domain.has_value());
            BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
            w.on_the_way = nullptr;
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
        }
}

// Every command of the deploy answered with an error, nothing, or garbage: always a defined end, and the next deploy
// works.
BOOST_AUTO_TEST_CASE(every_command_fails_once) {
    auto whole = ready("jc305", 600);
    whole.deploy({I, A}, true);
    const auto count = whole.apdus;
    const std::vector<bytes> bad{{}, {0x00}, {0x69, 0x85}, {0x6A, 0x84}, {0x90, 0x00}, bytes(20, 0xFF)};
    for (std::size_t n = 0; n < count; ++n)
        for (const auto& answer : bad)
            BOOST_TEST_CONTEXT("command " << n << " answered " << to_hex(answer)) {
                auto w = ready("jc305", 600);
                std::size_t seen = 0;
                w.on_the_way = [&](const gp::card_command&, const auto&) -> std::optional<bytes> {
                    return seen++ == n ? std::optional<bytes>(answer) : std::nullopt;
                };
                const auto outcome = w.deploy({I, A}, true);
                if (number(outcome) != 0) {
                    BOOST_TEST(outcome.details != "");
                    BOOST_TEST((w.instance.state == not_deployed || w.instance.state == in_error));
                    w.on_the_way = nullptr;
                    w.component.strikes = 0;
                    w.component.quarantined = false;
                    BOOST_TEST(w.deploy({I, A}, true).details == "");
                }
                BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
            }
}

BOOST_AUTO_TEST_SUITE_END()
