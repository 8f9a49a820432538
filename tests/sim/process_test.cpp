// Whole processes against the lab card, effect by effect.

#define BOOST_TEST_MODULE sim
#include "tests/deadline.hpp"
#include "tests/sim/versions.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

using deadline = tests::named_deadline<900>; // some walk every fault of every command
BOOST_TEST_GLOBAL_FIXTURE(deadline);

BOOST_AUTO_TEST_SUITE(deploy)

BOOST_AUTO_TEST_CASE(story) {
    auto w = ready();
    auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(outcome.details == "");
    BOOST_REQUIRE_EQUAL(number(outcome), 0);
    BOOST_TEST(number(w.instance.state) == number(operational));
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
    BOOST_TEST(use(w, applet_1) == 0x9000);
    BOOST_TEST(w.orders == 5u);                                     // and the call: six exchanges
    BOOST_TEST(int{w.component.tsm_domain->keys->version} == 0x31); // rotated away from the issuer
    BOOST_TEST(!w.component.doubt);

    outcome = w.suspend(true);
    BOOST_TEST(outcome.details == "");
    BOOST_TEST(number(w.instance.state) == number(suspended));
    BOOST_TEST(use(w, applet_1) != 0x9000);
    outcome = w.suspend(true); // AMB-109
    BOOST_TEST(number(outcome) == 0);
    BOOST_TEST(w.orders == 1u); // its start
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
    BOOST_TEST(large.orders == 5u);
    BOOST_TEST(large.apdus > 230u);
}

BOOST_AUTO_TEST_CASE(without_the_issuer_three_exchanges) {
    auto w = ready();
    w.deploy({I, A}, true);
    BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
    BOOST_TEST(w.on_card() == std::set<std::string>{tsm_domain}, boost::test_tools::per_element());
    w.issuer_down = true;
    w.instance.state = not_deployed;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(w.orders == 2u); // and the call
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

// TR 4.2.5.3, "The following combinations are supported", and INSTALLED: [Personalize] (AMB-102), on a card.
BOOST_AUTO_TEST_CASE(every_supported_combination_runs) {
    struct combination {
        std::vector<model::service_command> before; ///< executed by a call before: the state that it begins in
        std::vector<model::service_command> commands;
        model::instance_state end; ///< where it is not finalized
    };
    const combination combinations[] = {
        {{}, {I, A, P}, personalized}, {{}, {I, A}, activated},     {{}, {I, P, A}, activated},
        {{}, {I, P}, personalized},    {{}, {I}, installed},        {{I}, {A, P}, personalized},
        {{I}, {A}, activated},         {{I, P}, {A}, activated},    {{I}, {P, A}, activated},
        {{I}, {P}, personalized},      {{I, A}, {P}, personalized}, {{I, A}, {}, operational},
        {{I, P}, {}, operational},
    };
    for (const auto& row : combinations)
        for (const bool finalize : {true, false}) {
            if (row.commands.empty() && !finalize)
                continue; // AMB-103
            BOOST_TEST_CONTEXT("row " << &row - combinations << (finalize ? ", finalized" : "")) {
                auto w = ready("jc305", 300);
                if (!row.before.empty())
                    BOOST_TEST(w.deploy(row.before, false).details == "");
                const auto outcome = w.deploy(row.commands, finalize);
                BOOST_TEST(outcome.details == "");
                BOOST_TEST(outcome.commands.size() == row.commands.size());
                for (const auto status : outcome.commands)
                    BOOST_TEST((status == model::command_status::execution_success));
                BOOST_TEST(number(w.instance.state) == number(finalize ? operational : row.end));
                auto executed = row.before; // in the order of the commands
                executed.insert(executed.end(), row.commands.begin(), row.commands.end());
                BOOST_TEST((w.instance.executed == executed));
                BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
                const bool selectable = std::ranges::count(executed, A) > 0;
                for (const auto& applet : {applet_1, applet_2})
                    BOOST_TEST((use(w, applet) == 0x9000) == selectable);
            }
        }
}

BOOST_AUTO_TEST_CASE(suspended_or_resumed_twice) { // TR 4.2.5.5, AMB-109
    auto w = ready();
    w.deploy({I, A}, true);
    for (const bool suspend : {false, true, true, false, false}) {
        const bool repeated = (w.instance.state == suspended) == suspend;
        const auto outcome = w.suspend(suspend);
        BOOST_TEST(outcome.details == "");
        BOOST_TEST(number(outcome) == 0);
        BOOST_TEST(number(w.instance.state) == number(suspend ? suspended : operational));
        BOOST_TEST(w.orders == (repeated ? 1u : 2u));
        BOOST_TEST((use(w, applet_1) == 0x9000) == !suspend);
    }
}

// TR 3.2.2, AMB-101: from the start notification on, and only then.
BOOST_AUTO_TEST_CASE(initialized_when_the_start_is_notified) {
    for (const bool updates : {false, true})
        for (const bool notified : {true, false})
            BOOST_TEST_CONTEXT((updates ? "update" : "deploy") << (notified ? "" : ", start not delivered")) {
                auto w = updates ? operational_service() : ready_with_two_load_files();
                auto running = updates ? update(w, next_version(w), commands_of({I, A}))
                                       : process::deploy(w.request(), commands_of({I, A}), true);
                const auto* effect = running.start();
                while (effect && std::holds_alternative<process::random_octets>(*effect)) // for what travels with it
                    effect = running.answer(w.interpret(*effect));
                BOOST_REQUIRE(effect && std::holds_alternative<process::announce_start>(*effect));
                if (!notified) {
                    BOOST_TEST(running.answer(
                                   process::failed{model::error_category::execution_interrupted, "", true}) == nullptr);
                    BOOST_TEST(number(running.result().instance.state) == number(w.instance.state));
                    continue;
                }
                effect = running.answer(w.interpret(*effect));
                const auto* shown = effect ? std::get_if<process::commit>(effect) : nullptr;
                BOOST_REQUIRE(shown);
                BOOST_TEST(number(shown->instance.state) == number(initialized));
            }
}

// TR 3.2.2: whether an application has to be activated is the provider's decision.
BOOST_AUTO_TEST_CASE(finalized_without_activation) {
    auto w = ready();
    BOOST_TEST(w.deploy({I}, true).details == "");
    BOOST_TEST(number(w.instance.state) == number(operational));
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
    BOOST_TEST(use(w, applet_1) != 0x9000);
}

// TR 3.2.1.1, 4.1.4.7, 4.1.4.12 to 4.1.4.14: as the provider has configured it, application by application.
BOOST_AUTO_TEST_CASE(installed_as_it_is_configured) {
    auto w = ready_with_two_load_files("aram-issuer");
    auto& target = w.instance.target;
    std::swap(target.applications[0], target.applications[2]); // by priority, as the catalog has sorted them
    auto& last = target.applications[2];
    last.module_aid = to_hex(applet_2);
    last.instance_aid = to_hex(applet_4);
    last.install_parameters = "C9020102";
    last.privileges = {"ContactlessSelfActivation"};
    last.accessible_via_apdu = false;
    last.accessible_via_nfc = true;
    target.applications[1].make_selectable = false;
    std::vector<std::string> words;
    listen(w, words);
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    w.on_the_way = nullptr;
    std::erase_if(words, [](const auto& word) { return !word.starts_with("install"); });
    BOOST_TEST(joined(words) == "install a3, install a2, install a4");
    check_card(w);
    const auto& there = *w.card.state().registry.find_application(applet_4);
    BOOST_TEST(to_hex(there.module) == to_hex(applet_2));
    BOOST_TEST(to_hex(there.parameters).ends_with("0102"));
    BOOST_TEST(there.privileges == 0x000010u); // GPCS 11.1.2
    const auto& other = *w.card.state().registry.find_application(applet_3);
    BOOST_TEST(!to_hex(other.parameters).ends_with("0102"));
    BOOST_TEST(other.privileges == 0u);
    BOOST_TEST(rules_on(w) == 2u); // of what is selectable
}

// TR 3.2.1.3
BOOST_AUTO_TEST_CASE(what_applets_have_stored_goes_with_the_service) {
    auto w = operational_service();
    for (const auto& applet : {applet_1, applet_2, applet_3})
        BOOST_REQUIRE(has_data(w, applet));
    BOOST_TEST(w.terminate().instance_gone);
    for (const auto& app : w.card.state().registry.applications())
        BOOST_TEST(app.kept.octets() == 0u);
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    for (const auto& applet : {applet_1, applet_2, applet_3}) {
        BOOST_TEST(use(w, applet) == 0x9000);
        BOOST_TEST(!has_data(w, applet));
    }
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
    BOOST_TEST(w.orders == 5u);
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
            w.restart();
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
            BOOST_TEST_CONTEXT("broken off after effect " << n
                                                          << (deploy_again ? ", deployed again" : ", terminated")) {
                auto w = ready_with_rules();
                std::vector<process::command_request> commands{{I, {}, false}, {A, {}, false}};
                BOOST_TEST(!w.play(process::deploy(w.request(), commands, true), n).has_value());
                w.restart();
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
            w.restart();
            if (w.on_card() != deployed)
                BOOST_TEST(number(w.instance.state) == number(in_error)); // AMB-121
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
        }
}

BOOST_AUTO_TEST_SUITE_END()
