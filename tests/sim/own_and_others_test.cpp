// What is ours, and what is not: the proofs of one Service say nothing of another one's.

#include "tests/sim/service.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

BOOST_AUTO_TEST_SUITE(own_and_others)

// AMB-044: nobody selects what is not selectable, so nobody needs access to it.
BOOST_AUTO_TEST_CASE(no_access_rule_for_an_application_that_is_not_selectable) {
    for (const char* ara : {"aram-issuer", "arac"}) {
        auto w = ready();
        w.instance.target.card.ara = ara;
        w.instance.target.device_apps = {std::string(64, 'B')};
        w.instance.target.applications.at(1).make_selectable = false;
        BOOST_TEST(w.deploy({I, A}, true).details == "");
        auto rules = w.card.state().ara.rules;
        for (const auto& [client, of_client] : w.card.state().client_rules)
            rules.insert(rules.end(), of_client.begin(), of_client.end());
        BOOST_REQUIRE_EQUAL(rules.size(), 1u);
        BOOST_TEST(to_hex(rules[0].reference).find(to_hex(applet_1)) != std::string::npos);
        BOOST_TEST(use(w, applet_2) != 0x9000);
        BOOST_TEST(w.terminate().details == "");
    }
}

// What was free before a removal is not what is free behind it.
BOOST_AUTO_TEST_CASE(memory_is_looked_at_once_more_behind_a_clean_up) {
    auto w = ready("small", 600);
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    // What is to come is larger than the card, and all that is there goes first.
    w.instance.state = in_error;
    auto& file = w.instance.target.load_files.at(0);
    file.size = 55000;
    w.images[file.aid].resize(file.size);
    std::size_t loads = 0;
    w.on_the_way = [&](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        loads += command.what == gp::step::install_for_load;
        return std::nullopt;
    };
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 7);
    BOOST_TEST(outcome.details.find("not enough memory on the secure component: ") == 0u, outcome.details);
    BOOST_TEST(loads == 0u);
    BOOST_TEST(!w.on_card().contains(to_hex(applet_1)));
}

// A lost instance's things are gone, by the card's proof. Of the process's own Service, which an earlier process has
// left in doubt and this one does not come to, that says nothing.
BOOST_AUTO_TEST_CASE(a_tombstones_proof_is_not_the_own_services) {
    auto w = ready();
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    const auto lost = w.instance.target;
    second_service(w);
    w.instance.target.load_files.clear();
    w.instance.target.applications.clear();
    w.add_load_file(hex("D2760001855458"), {hex("D276000185545801")}, 600);
    BOOST_TEST(w.deploy({I}, false).details == "");
    w.instance.unproven_operation = model::operation::service_deployment_activation;
    w.component.doubt = true;
    w.tombstones = {lost};
    w.instance.target.card.privilege_bytes = 1;
    w.instance.target.applications.at(0).privileges = {"GlobalService"}; // of the second octet: refused
    const auto outcome = w.deploy({A}, true);
    BOOST_TEST(number(outcome) == 7);
    BOOST_TEST(!w.on_card().contains(to_hex(applet_1)));
    BOOST_TEST(w.component.doubt);
    BOOST_TEST(static_cast<int>(w.instance.unproven_operation) ==
               static_cast<int>(model::operation::service_deployment_activation));
}

BOOST_AUTO_TEST_SUITE_END()
