// Access rules through an ARA-C of our own in the TSM's domain (AMB-213, DIV-018): written without the issuer once it
// is registered, and gone with the last Service.

#include "gp/access_rules.hpp"
#include "tests/sim/service.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

namespace {

constexpr const char* client = "D276000163415241430001";

std::set<std::string> with_client(std::set<std::string> aids) {
    aids.insert(client);
    return aids;
}

void use_client(world& w) {
    w.instance.target.card.ara = "arac";
    w.instance.target.device_apps = {std::string(40, 'A'), std::string(64, 'B')};
}

world ready_with_client(std::size_t load_size = 600) {
    auto w = ready("jc305", load_size);
    use_client(w);
    return w;
}

/// What a phone's access control sees: the rules that ARA-M has put together.
std::vector<gp::access_rule> seen_by_the_phone(world& w) {
    w.card.reset();
    w.card.transmit(hex("00A4040009A00000015141434C0000"));
    std::vector<bytes> answers;
    std::size_t expected = 0;
    for (auto command = gp::get_all_rules(); answers.empty() || expected > 0; command = gp::get_next_rules()) {
        const auto answer = gp::parse_response(w.card.transmit(gp::encode(command)));
        if (answer->sw != 0x9000)
            break;
        if (answers.empty() && answer->data.size() >= 6 && answer->data[2] == 0x82)
            expected = static_cast<std::size_t>(answer->data[3] << 8 | answer->data[4]) + 5;
        answers.push_back(answer->data);
        expected -= std::min(expected, answer->data.size());
    }
    return gp::parse_rules(answers).value();
}

std::size_t rules_on(const world& w) {
    std::size_t count = w.card.state().ara.rules.size();
    for (const auto& [aid, rules] : w.card.state().client_rules)
        count += rules.size();
    return count;
}

std::vector<process::command_request> install_and_activate() {
    return {{I, {}, false}, {A, {}, false}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(access_client)

BOOST_AUTO_TEST_CASE(rules_come_and_go) {
    auto w = ready_with_client();
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(w.orders == 5u);
    BOOST_TEST(w.on_card() == with_client(deployed), boost::test_tools::per_element());
    BOOST_TEST(w.card.state().ara.rules.empty()); // nothing in ARA-M itself
    const auto seen = seen_by_the_phone(w);
    BOOST_TEST(seen.size() == 4u);
    for (const auto& rule : seen) {
        BOOST_TEST(rule.apdu);
        BOOST_TEST(!rule.nfc);
        BOOST_CHECK(rule.aid == applet_1 || rule.aid == applet_2);
    }
    BOOST_TEST(w.suspend(true).details == "");
    BOOST_TEST(w.suspend(false).details == "");
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
    BOOST_TEST(rules_on(w) == 0u);
    BOOST_TEST(seen_by_the_phone(w).empty());
}

BOOST_AUTO_TEST_CASE(only_the_first_needs_the_issuer) {
    auto w = ready_with_client();
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    const auto first = w.instance;

    auto& second = w.instance;
    second = model::service_instance{};
    second.id = "instance-2";
    second.secure_component_id = w.component.id;
    second.target = first.target;
    second.target.service_id = "service-2";
    second.target.sd_aid = "D276000163544D5301000002";
    second.target.load_files.clear();
    second.target.applications.clear();
    w.add_load_file(hex("D2760001855454"), {hex("D276000185545401")}, 600);
    w.issuer_down = true;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(w.orders == 2u);
    BOOST_TEST(seen_by_the_phone(w).size() == 6u);

    BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
    BOOST_TEST(w.on_card() == with_client(deployed), boost::test_tools::per_element());
    BOOST_TEST(seen_by_the_phone(w).size() == 4u); // the other's are untouched
    w.instance = first;
    w.issuer_down = false;
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
    BOOST_TEST(rules_on(w) == 0u);
}

BOOST_AUTO_TEST_CASE(rules_are_written_with_the_activation) {
    auto w = ready_with_client();
    BOOST_TEST(w.deploy({I}, false).details == "");
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
    BOOST_TEST(w.deploy({A}, true).details == "");
    BOOST_TEST(seen_by_the_phone(w).size() == 4u);
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

// A Service that never came onto the card must not leave the store behind in a domain that has to be deleted.
BOOST_AUTO_TEST_CASE(the_last_service_takes_the_store_along_even_if_it_was_never_there) {
    auto w = ready_with_client();
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    const auto first = w.instance;
    BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
    w.instance = first;
    w.instance.on_card = false;
    w.instance.state = not_deployed;
    w.instance.target.sd_aid = "D276000163544D5301000002";
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

BOOST_AUTO_TEST_CASE(no_application_takes_an_aid_of_the_tsm) {
    for (const auto* taken : {client, tsm_domain}) {
        auto w = ready_with_client();
        BOOST_TEST(w.deploy({I, A}, true).details == "");
        const auto before = w.on_card();
        const auto first = w.instance;
        w.instance.id = "instance-2";
        w.instance.state = not_deployed;
        w.instance.on_card = false;
        w.instance.target.sd_aid = "D276000163544D5301000002";
        w.instance.target.load_files.clear();
        w.instance.target.applications.resize(1);
        w.instance.target.applications[0].instance_aid = taken;
        BOOST_TEST(number(w.deploy({I, A}, true)) == 7);
        BOOST_TEST(w.orders == 1u); // the start
        w.component.doubt = true;   // terminate looks, and leaves what is ours alone
        BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
        BOOST_TEST(w.on_card() == before, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_card_without_the_module) {
    auto p = *lab::find_personality("jc305");
    p.ara_c = false;
    world w(p);
    w.add_load_file(package, {applet_1, applet_2}, 600);
    use_client(w);
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 2); // `ara` of the profile is the operator's
    BOOST_TEST(number(w.instance.state) == number(in_error));
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

BOOST_AUTO_TEST_CASE(deploy_broken_off_everywhere) {
    auto whole = ready_with_client();
    whole.deploy({I, A}, true);
    const auto count = whole.effects;
    BOOST_REQUIRE(count > 15u);
    for (std::size_t n = 1; n < count; ++n)
        for (const bool deploy_again : {true, false})
            BOOST_TEST_CONTEXT("broken off after effect " << n
                                                          << (deploy_again ? ", deployed again" : ", terminated")) {
                auto w = ready_with_client();
                BOOST_TEST(!w.play(process::deploy(w.request(), install_and_activate(), true), n).has_value());
                w.restart();
                if (deploy_again) {
                    BOOST_TEST(w.deploy({I, A}, true).details == "");
                    BOOST_TEST(w.on_card() == with_client(deployed), boost::test_tools::per_element());
                    BOOST_TEST(seen_by_the_phone(w).size() == 4u);
                }
                BOOST_TEST(w.terminate().details == "");
                BOOST_TEST(w.on_card().empty());
                BOOST_TEST(rules_on(w) == 0u);
            }
}

BOOST_AUTO_TEST_CASE(termination_broken_off_everywhere) {
    auto whole = ready_with_client();
    whole.deploy({I, A}, true);
    whole.terminate();
    const auto count = whole.effects;
    for (std::size_t n = 1; n < count; ++n)
        BOOST_TEST_CONTEXT("broken off after effect " << n) {
            auto w = ready_with_client();
            w.deploy({I, A}, true);
            auto r = w.request();
            r.last_service_on_card = true;
            BOOST_TEST(!w.play(process::terminate(r), n).has_value());
            w.restart();
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
            BOOST_TEST(rules_on(w) == 0u);
        }
}

// Every command answered with an error although the card has executed it, or not executed at all: a defined end, and a
// clean card.
BOOST_AUTO_TEST_CASE(every_command_fails_once) {
    auto whole = ready_with_client();
    whole.deploy({I, A}, true);
    const auto count = whole.apdus;
    for (std::size_t n = 0; n < count; ++n)
        for (const bool executed : {true, false})
            BOOST_TEST_CONTEXT("command " << n << (executed ? " executed" : " kept back")) {
                auto w = ready_with_client();
                std::size_t seen = 0;
                w.on_the_way = [&](const gp::card_command&, const auto& card) -> std::optional<bytes> {
                    if (seen++ != n)
                        return std::nullopt;
                    if (executed)
                        card();
                    return hex("6985");
                };
                w.deploy({I, A}, true);
                w.on_the_way = nullptr;
                w.component.strikes = 0;
                w.component.quarantined = false;
                BOOST_TEST(w.terminate().details == "");
                BOOST_TEST(w.on_card().empty());
                BOOST_TEST(rules_on(w) == 0u);
            }
}

BOOST_AUTO_TEST_SUITE_END()
