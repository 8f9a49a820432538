// Whole processes against the lab card, effect by effect.

#define BOOST_TEST_MODULE sim
#include "model/life_cycle.hpp"
#include "tests/sim/world.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using sim::world;
using enum model::instance_state;

namespace {

constexpr auto I = model::service_command::install;
constexpr auto P = model::service_command::personalize;
constexpr auto A = model::service_command::activate;

const bytes package = hex("D2760001855453");
const bytes applet_1 = hex("D276000185545301");
const bytes applet_2 = hex("D276000185545302");
constexpr const char* tsm_domain = "D27600016354534D0001";
constexpr const char* service_domain = "D276000163544D5301000001";

const std::set<std::string> deployed{"D2760001855453", "D276000185545301", "D276000185545302", tsm_domain, service_domain};

world ready(std::string_view personality = "jc305", std::size_t load_size = 2000) {
    world w(personality);
    w.add_load_file(package, {applet_1, applet_2}, load_size);
    return w;
}

/// Access rules make the issuer part of every deploy, also of one that finds the TSM's domain there.
world ready_with_rules() {
    auto w = ready();
    w.instance.target.card.ara = "aram-issuer";
    w.instance.target.device_apps = {std::string(40, 'A'), std::string(64, 'B')};
    return w;
}

int number(const process::process_outcome& outcome) { return static_cast<int>(outcome.status); }
int number(model::instance_state state) { return static_cast<int>(state); }

std::uint16_t sw_of(const bytes& response) { return gp::parse_response(response)->sw; }

/// "Used": the application can be selected and answers.
std::uint16_t use(world& w, const bytes& aid) {
    w.card.reset();
    gp::command_apdu select{0x00, 0xA4, 0x04, 0x00, aid, 256};
    if (const auto sw = sw_of(w.card.transmit(gp::encode(select))); sw != 0x9000)
        return sw;
    return sw_of(w.card.transmit(hex("00010000")));
}

} // namespace

BOOST_AUTO_TEST_SUITE(deploy)

BOOST_AUTO_TEST_CASE(story) {
    auto w = ready();
    auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(outcome.details == "");
    BOOST_REQUIRE_EQUAL(number(outcome), 0);
    BOOST_TEST(number(w.instance.state) == number(operational));
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
    BOOST_TEST(use(w, applet_1) == 0x9000);
    BOOST_TEST(w.orders == 4u); // 9 exchanges with the issuer: five fixed and these
    BOOST_TEST(int{w.component.tsm_domain->keys->version} == 0x31); // rotated away from the issuer
    BOOST_TEST(!w.component.doubt);

    outcome = w.suspend(true);
    BOOST_TEST(outcome.details == "");
    BOOST_TEST(number(w.instance.state) == number(suspended));
    BOOST_TEST(use(w, applet_1) != 0x9000);
    outcome = w.suspend(true); // AMB-109
    BOOST_TEST(number(outcome) == 0);
    BOOST_TEST(w.orders == 0u);
    outcome = w.suspend(false);
    BOOST_TEST(outcome.details == "");
    BOOST_TEST(number(w.instance.state) == number(operational));
    BOOST_TEST(use(w, applet_2) == 0x9000);

    outcome = w.terminate();
    BOOST_TEST(outcome.details == "");
    BOOST_TEST(outcome.instance_gone);
    BOOST_TEST(w.on_card().empty());
    BOOST_TEST(!w.component.tsm_domain.has_value());
}

BOOST_AUTO_TEST_CASE(orders_do_not_depend_on_the_size) {
    auto large = ready("jc305", 55000);
    BOOST_TEST(large.deploy({I, A}, true).details == "");
    BOOST_TEST(large.orders == 4u);
    BOOST_TEST(large.apdus > 230u);
}

BOOST_AUTO_TEST_CASE(without_the_issuer_seven_exchanges) {
    auto w = ready();
    w.deploy({I, A}, true);
    auto r = w.request(); // terminate, but keep the TSM's domain: another service is on the card
    r.last_service_on_card = false;
    BOOST_TEST(w.play(process::terminate(r))->details == "");
    BOOST_TEST(w.on_card() == std::set<std::string>{tsm_domain}, boost::test_tools::per_element());
    w.issuer_down = true;
    w.instance.state = not_deployed;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(w.orders == 2u); // 7 exchanges
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(step_by_step) {
    auto w = ready();
    BOOST_TEST(w.deploy({I}, false).details == "");
    BOOST_TEST(number(w.instance.state) == number(installed));
    BOOST_TEST(use(w, applet_1) != 0x9000);
    BOOST_TEST(w.deploy({P}, false).details == ""); // AMB-150
    BOOST_TEST(number(w.instance.state) == number(personalized));
    BOOST_TEST(w.deploy({A}, false, true).details == "");
    BOOST_TEST(number(w.instance.state) == number(activated));
    BOOST_TEST(use(w, applet_1) == 0x9000);
    w.instance.state = activated;
    BOOST_TEST(w.deploy({}, true).details == "");
    BOOST_TEST(number(w.instance.state) == number(suspended)); // AMB-107
    BOOST_TEST(use(w, applet_1) != 0x9000);
    BOOST_TEST(w.suspend(false).details == "");
    BOOST_TEST(use(w, applet_1) == 0x9000);
    BOOST_TEST(w.terminate().instance_gone);
    BOOST_TEST(w.on_card().empty());
}

BOOST_AUTO_TEST_CASE(suspended_from_the_start) {
    auto w = ready();
    BOOST_TEST(w.deploy({I, A}, true, true).details == "");
    BOOST_TEST(number(w.instance.state) == number(suspended));
    BOOST_TEST(use(w, applet_1) != 0x9000);
}

BOOST_AUTO_TEST_CASE(access_rules_come_and_go) {
    auto w = ready_with_rules();
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(w.orders == 4u);
    BOOST_TEST(w.card.state().ara.rules.size() == 4u);
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.card.state().ara.rules.size() == 0u);
}

// Broken off after every effect and entered again: the card ends the same, and nothing is left behind.
BOOST_AUTO_TEST_CASE(broken_off_everywhere) {
    auto whole = ready();
    whole.deploy({I, A}, true);
    const auto count = whole.effects;
    BOOST_REQUIRE(count > 15u);
    for (std::size_t n = 1; n < count; ++n)
        BOOST_TEST_CONTEXT("broken off after effect " << n) {
            auto w = ready();
            std::vector<process::command_request> commands{{I, {}, false}, {A, {}, false}};
            BOOST_TEST(!w.play(process::deploy(w.request(), commands, true), n).has_value());
            w.instance = model::after_crash(w.instance, w.component.doubt);
            BOOST_TEST(!model::refuse_deploy(w.instance, {I, A}, true, false).has_value());
            const auto outcome = w.deploy({I, A}, true);
            BOOST_TEST(outcome.details == "");
            BOOST_TEST(number(w.instance.state) == number(operational));
            BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
            BOOST_TEST(use(w, applet_1) == 0x9000);
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
        }
}

BOOST_AUTO_TEST_CASE(with_access_rules_broken_off_everywhere) {
    auto whole = ready_with_rules();
    whole.deploy({I, A}, true);
    const auto count = whole.effects;
    for (std::size_t n = 1; n < count; ++n)
        for (const bool deploy_again : {true, false})
            BOOST_TEST_CONTEXT("broken off after effect " << n << (deploy_again ? ", deployed again" : ", terminated")) {
                auto w = ready_with_rules();
                std::vector<process::command_request> commands{{I, {}, false}, {A, {}, false}};
                BOOST_TEST(!w.play(process::deploy(w.request(), commands, true), n).has_value());
                w.instance = model::after_crash(w.instance, w.component.doubt);
                if (deploy_again) {
                    BOOST_TEST(w.deploy({I, A}, true).details == "");
                    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
                }
                BOOST_TEST(w.terminate().details == "");
                BOOST_TEST(w.on_card().empty());
                BOOST_TEST(w.card.state().ara.rules.size() == 0u);
            }
}

BOOST_AUTO_TEST_CASE(termination_broken_off_everywhere) {
    auto whole = ready();
    whole.deploy({I, A}, true);
    whole.terminate();
    const auto count = whole.effects;
    for (std::size_t n = 1; n < count; ++n)
        BOOST_TEST_CONTEXT("broken off after effect " << n) {
            auto w = ready();
            w.deploy({I, A}, true);
            auto r = w.request();
            r.last_service_on_card = true;
            BOOST_TEST(!w.play(process::terminate(r), n).has_value());
            w.instance = model::after_crash(w.instance, w.component.doubt);
            if (w.on_card() != deployed)
                BOOST_TEST(number(w.instance.state) == number(in_error)); // AMB-121
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
        }
}

BOOST_AUTO_TEST_SUITE_END()

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
            w.on_the_way = [first, lies = false](const gp::card_command& command, const auto& card) mutable -> std::optional<bytes> {
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
    for (std::size_t n = 0; n < 4; ++n)
        BOOST_TEST_CONTEXT("after " << n << " orders") {
            auto w = ready();
            w.phone_vanishes_after = n;
            const auto outcome = w.deploy({I, A}, true);
            BOOST_TEST(number(outcome) == 6);
            BOOST_TEST(number(w.instance.state) == number(n == 3 ? in_error : not_deployed));
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
        if (w.orders < 4 || command.what == gp::step::initialize_update)
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
    w.phone_vanishes_after = 3;
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
    w.instance = model::after_crash(w.instance, w.component.doubt);
    BOOST_REQUIRE(w.component.tsm_domain->next_keys.has_value());
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(int{w.component.tsm_domain->keys->version} == 0x31);
    BOOST_TEST(!w.component.tsm_domain->next_keys.has_value());
}

BOOST_AUTO_TEST_CASE(another_card_in_the_reader) {
    auto w = ready();
    w.component.identity = std::string(84, '0');
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 9);
    BOOST_TEST(w.on_card().empty());
}

/// A second service with the same package on the same card (AMB-125).
void second_service(world& w) {
    w.instance.id = "instance-2";
    w.instance.state = not_deployed;
    w.instance.executed.clear();
    w.instance.on_card = false;
    w.instance.target.service_id = "service-2";
    w.instance.target.sd_aid = "D276000163544D5301000002";
}

BOOST_AUTO_TEST_CASE(no_sharing_between_services) {
    auto w = ready();
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    second_service(w);
    auto r = w.request();
    r.aids_of_others = {to_hex(package), to_hex(applet_1), to_hex(applet_2)};
    const auto outcome = *w.play(process::deploy(r, {{I, {}, false}, {A, {}, false}}, true));
    BOOST_TEST(number(outcome) == 7);
    BOOST_TEST(number(w.instance.state) == number(not_deployed));
    BOOST_TEST(w.orders == 0u);
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
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

// Every command of the deploy answered with an error, nothing, or garbage: always a defined end, and the next deploy works.
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
