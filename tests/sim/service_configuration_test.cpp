// What a Service and its ApplicationConfigs say is what the card gets (TR 4.1.4.2, 4.1.4.7, 4.1.4.12 to 4.1.4.14): with
// a deployment, and with an update.

#include "gp/privileges.hpp"
#include "tests/sim/versions.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

namespace {

const std::string app_1(40, 'A'); // an app by its SHA-1
const std::string app_2(64, 'B'); // and by its SHA-256

/// What the card has of an application, in words.
std::string on_the_card(const world& w, const bytes& aid) {
    const auto* app = w.card.state().registry.find_application(aid);
    if (!app)
        return "nothing";
    return "module " + to_hex(app->module) + " of " + to_hex(app->load_file) + ", privileges " +
           to_hex(gp::encode_privileges(app->privileges, 3)) + ", parameters " + to_hex(app->parameters) +
           (app->state == lab::life_cycle::installed ? ", installed" : ", selectable");
}

/// The rules of the card's ARA-M: application, app, and what they allow.
std::set<std::string> rules_of(const world& w) {
    std::set<std::string> out;
    for (const auto& rule : w.card.state().ara.rules)
        out.insert(to_hex(rule.reference) + " " + to_hex(rule.rule));
    return out;
}

/// One of them as GPD_SPE_013 encodes it: AID-REF-DO and DeviceAppID-REF-DO, APDU-AR-DO and NFC-AR-DO.
std::string rule(const bytes& aid, const std::string& app, const std::string& apdu, const std::string& nfc) {
    const auto octets = static_cast<std::uint8_t>(app.size() / 2);
    return "4F08" + to_hex(aid) + "C1" + to_hex({&octets, 1}) + app + " D001" + apdu + "D101" + nfc;
}

} // namespace

BOOST_AUTO_TEST_SUITE(service_configuration)

BOOST_AUTO_TEST_CASE(an_application_is_what_its_config_says) {
    auto w = ready_with_two_load_files();
    auto& apps = w.instance.target.applications;
    const auto instance = hex("D2760001855453AA");
    apps[0].instance_aid = to_hex(instance);
    apps[0].install_parameters = "C9020102";
    apps[0].privileges = {"CVMManagement", "ContactlessSelfActivation"};
    apps[2].make_selectable = false;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    const auto of_first = "module " + to_hex(applet_1) + " of " + to_hex(package);
    const auto of_second = "module " + to_hex(applet_2) + " of " + to_hex(package);
    const auto of_third = "module " + to_hex(applet_3) + " of " + to_hex(package_2);
    BOOST_TEST(on_the_card(w, instance) == of_first + ", privileges 020010, parameters 0102, selectable");
    BOOST_TEST(on_the_card(w, applet_2) == of_second + ", privileges 000000, parameters , selectable");
    BOOST_TEST(on_the_card(w, applet_3) == of_third + ", privileges 000000, parameters , installed");
    BOOST_TEST(on_the_card(w, applet_1) == "nothing");
    BOOST_TEST(use(w, instance) == 0x9000);
    BOOST_TEST(use(w, applet_3) != 0x9000);

    auto wanted = next_version(w);
    wanted.applications[0].install_parameters.clear();
    wanted.applications[0].privileges.clear();
    wanted.applications[1].install_parameters = "C90203FF";
    wanted.applications[2].make_selectable = true;
    BOOST_TEST(w.play(update(w, wanted, commands_of({I, A})))->details == "");
    BOOST_TEST(on_the_card(w, instance) == of_first + ", privileges 000000, parameters , selectable");
    BOOST_TEST(on_the_card(w, applet_2) == of_second + ", privileges 000000, parameters 03FF, selectable");
    BOOST_TEST(on_the_card(w, applet_3) == of_third + ", privileges 000000, parameters , selectable");
    BOOST_TEST(use(w, applet_3) == 0x9000);
}

BOOST_AUTO_TEST_CASE(applications_are_instantiated_in_the_order_of_the_target) { // AMB-078
    auto w = ready_with_two_load_files();
    std::ranges::reverse(w.instance.target.applications);
    std::vector<std::string> words;
    listen(w, words);
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    std::erase_if(words, [](const std::string& word) { return word.starts_with("extradite"); });
    BOOST_TEST(joined(words) == "load P1, load P2, install a3, install a2, install a1, selectable a3, selectable a2, "
                                "selectable a1");
}

BOOST_AUTO_TEST_CASE(each_authorized_app_gets_its_rules_with_the_activation) { // AMB-040, AMB-044
    auto w = ready_with_two_load_files("aram-issuer");
    w.instance.target.device_apps = {app_1, app_2};
    auto& apps = w.instance.target.applications;
    apps[1].accessible_via_apdu = false;
    apps[1].accessible_via_nfc = true;
    apps[2].make_selectable = false;
    BOOST_TEST(w.deploy({I}, false).details == "");
    BOOST_TEST(rules_of(w).empty());
    BOOST_TEST(w.deploy({A}, true).details == "");
    const std::set<std::string> expected{rule(applet_1, app_1, "01", "00"), rule(applet_1, app_2, "01", "00"),
                                         rule(applet_2, app_1, "00", "01"), rule(applet_2, app_2, "00", "01")};
    BOOST_TEST(rules_of(w) == expected, boost::test_tools::per_element());
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(rules_of(w).empty());
}

BOOST_AUTO_TEST_CASE(every_instance_has_a_domain_of_its_services_aid) { // TR 4.1.4.2
    auto w = ready();
    w.instance.target.sd_aid = "D27600016353534401020304";
    const auto domain = hex(w.instance.target.sd_aid);
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST_REQUIRE(w.card.state().registry.find_application(domain));
    BOOST_TEST(w.card.state().registry.find_application(domain)->sd.has_value());
    for (const auto& aid : {applet_1, applet_2})
        BOOST_TEST((w.card.state().registry.find_application(aid)->domain == domain));
    BOOST_TEST((w.card.state().registry.find_load_file(package)->domain == domain));
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(!w.card.state().registry.find_application(domain));
}

BOOST_AUTO_TEST_SUITE_END()
