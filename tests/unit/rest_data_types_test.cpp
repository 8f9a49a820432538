// What entities hold and what becomes of it (TR 4.1.4): values as they were given, detected or assigned, defaults, and
// what the device role makes of them.

#include "rest_fixture.hpp"

#include "crypto/pki.hpp"
#include "model/instance_view.hpp"
#include "model/update_plan.hpp"
#include "store/deployments.hpp"

#include <algorithm>
#include <cctype>

using namespace tsms;
using namespace tsms::rest_test;

namespace {

struct data_types : fixture {
    std::string cap_file(lab::cap_request request) {
        const auto zip = lab::write_cap(request);
        return {zip.begin(), zip.end()};
    }
    lab::cap_request two_applets() {
        lab::cap_request request;
        request.package = hex("D27600016801");
        request.applets = {hex("D2760001680101"), hex("D2760001680102")};
        request.version = {1, 3};
        request.java_card = {1, 6};
        return request;
    }
    std::string flavor_of(const std::string& service_id, const std::string& elf, const std::string& config_id,
                          json::object more = {}) {
        more.set("executableLoadFileIds", json::array{elf});
        more.set("applicationInstantiationConfigs", json::array{instantiation(module(elf), config_id)});
        return text(parsed(post("/services/" + service_id + "/flavors", more)), "id");
    }
    /// What the device role sees where the Flavor is published and allowed on the profile.
    model::deployment_target target(const std::string& service_id, const std::string& flavor, const std::string& scp,
                                    const std::string& tag = "1.0.0") {
        const auto sv = "/services/" + service_id;
        parsed(send("POST", sv + "/flavors/" + flavor + "/publish"));
        parsed(post(sv + "/versions",
                    json::object{{"tag", tag}, {"allowedDeployments", json::object{{flavor, json::array{scp}}}}}));
        const auto found = device_side->target(service_id, tag, scp);
        BOOST_REQUIRE(found.has_value());
        return *found;
    }
    /// One application with this ApplicationConfig, as the device role sees it.
    model::deployment_target deployed(json::object application_config) {
        const auto id = text(parsed(post("/application-configs", application_config)), "id");
        const auto service_id = text(
            parsed(post("/services", json::object{{"name", "S"},
                                                  {"accessAuthorizedDeviceApps", json::array{std::string(40, 'A')}}})),
            "id");
        return target(service_id, flavor_of(service_id, load_file(), id), profile("p", "3.0.5", {}, {{"ara", "arac"}}));
    }
};

json::value shown(const json::value& document, std::initializer_list<const char*> names) {
    json::object out;
    for (const auto* name : names)
        out.set(name, member(document, name));
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(rest_data_types)

BOOST_FIXTURE_TEST_CASE(a_service_has_an_sd_aid_of_its_own, data_types) { // TR 4.1.4.2, AMB-041
    const json::object given{{"name", "Pay"},
                             {"accessAuthorizedDeviceApps", json::array{std::string(40, 'A'), std::string(64, 'B')}},
                             {"spParameters", json::object{{"k", "v"}}}};
    const auto made = parsed(post("/services", given));
    for (const auto& [name, value] : given)
        BOOST_TEST((member(made, name) == value), name);
    const auto id = text(made, "id"), aid = text(made, "sdAid");
    BOOST_TEST(text(made, "creationDate") == "2027-01-15T08:00:00.000Z");
    BOOST_TEST(json::root_object(made).size() == 6u); // and no sposConfigId (AMB-244)
    const auto octets = from_hex(aid);
    BOOST_REQUIRE(octets.has_value());
    BOOST_TEST((octets->size() >= 5 && octets->size() <= 16)); // ISO/IEC 7816-4
    BOOST_TEST(text(parsed(post("/services", given)), "sdAid") != aid);
    parsed(put("/services/" + id, json::object{{"name", "new"}, {"sdAid", nullptr}}));
    BOOST_TEST(text(parsed(get("/services/" + id)), "sdAid") == aid);
    // Every instance has it, whatever the Version and the card.
    const auto elf = load_file();
    const auto app = config();
    BOOST_TEST(target(id, flavor_of(id, elf, app), profile("a")).sd_aid == aid);
    BOOST_TEST(target(id, flavor_of(id, elf, app), profile("b"), "2.0.0").sd_aid == aid);
}

BOOST_FIXTURE_TEST_CASE(parameters_of_the_flavor_win, data_types) { // TR 4.1.4.2, 4.1.4.4
    const auto service_id = text(
        parsed(post("/services", json::object{{"name", "S"}, {"spParameters", json::object{{"a", "1"}, {"b", "1"}}}})),
        "id");
    const auto flavor =
        flavor_of(service_id, load_file(), config(), {{"spParameters", json::object{{"b", "2"}, {"c", "2"}}}});
    const auto seen = target(service_id, flavor, profile());
    const std::map<std::string, std::string> expected{{"a", "1"}, {"b", "2"}, {"c", "2"}};
    for (const bool installed : {false, true})
        BOOST_TEST((model::technical_information_of(seen, installed).sp_parameters == expected));
}

BOOST_FIXTURE_TEST_CASE(a_version_names_each_flavor_and_each_profile_once, data_types) { // TR 4.1.4.3, AMB-050
    const auto a = profile("a"), b = profile("b");
    const auto versions = "/services/" + service() + "/versions";
    const auto flavors = versions.substr(0, versions.rfind('/')) + "/flavors";
    const auto f = text(parsed(post(flavors, json::object())), "id");
    const auto g = text(parsed(post(flavors, json::object())), "id");
    auto upper = f;
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
    const auto body = [](json::object map) {
        return json::object{{"tag", "1.0.0"}, {"allowedDeployments", std::move(map)}};
    };
    const json::object twice[] = {{{f, json::array{a}}, {g, json::array{a}}},
                                  {{f, json::array{a, a}}},
                                  {{f, json::array{a}}, {upper, json::array{b}}}};
    for (const auto& map : twice)
        BOOST_TEST(problem(post(versions, body(map))).substr(0, 4) == "1008", json::dump(map));
    const auto key = "\"" + f + "\":";
    BOOST_TEST(
        problem(send("POST", versions, R"({"tag":"1.0.0","allowedDeployments":{)" + key + "[]," + key + "[]}}")) ==
        "1002 Invalid request: malformed JSON.");
    parsed(post(versions, body({{f, json::array{a, b}}, {g, json::array()}}))); // several profiles for a Flavor
    for (const auto& map : twice) {
        BOOST_TEST(problem(put(versions + "/1.0.0", body(map))).substr(0, 4) == "1008", json::dump(map));
        BOOST_TEST(problem(post(versions + "/1.0.0/flavors", map)).substr(0, 4) == "1008", json::dump(map));
    }
    BOOST_TEST(problem(post(versions + "/1.0.0/flavors", json::object{{g, json::array{b}}})).substr(0, 4) == "1008");
}

BOOST_FIXTURE_TEST_CASE(a_tag_is_unique_in_its_service, data_types) { // TR 4.1.4.3, AMB-039
    const auto mine = "/services/" + service(), other = "/services/" + service("Other");
    const auto make = [&](const std::string& sv, const std::string& tag) {
        const auto flavor = text(parsed(post(sv + "/flavors", json::object())), "id");
        return problem(post(sv + "/versions",
                            json::object{{"tag", tag}, {"allowedDeployments", json::object{{flavor, json::array()}}}}));
    };
    for (const auto* good : {"1.0.0", "999.999.999"}) // the 5 and the 11 characters of the norm
        BOOST_TEST(make(mine, good) == "200", good);
    for (const auto* bad : {"1.0.0", "1.00.0", "1.0", "1.0.0.0", "1000.0.0", "1.0.x", "v1.0.0"})
        BOOST_TEST(make(mine, bad) == "1008 Invalid format ‘" + std::string(bad) +
                                          "’ for tag. Supported format is <Major>.<Minor>.<Revision>, 1 to 3 digits "
                                          "each, unique in the Service.");
    BOOST_TEST(make(other, "1.0.0") == "200");
}

BOOST_FIXTURE_TEST_CASE(a_csp_is_asked_of_cards_by_the_flavor_that_wants_one, data_types) { // TR 4.1.4.6
    const auto with = profile("with", "3.0.5", {{"apiVersion", "1.0"}}), without = profile("without");
    const auto sv = "/services/" + service();
    const auto made = parsed(post(sv + "/flavors", json::object()));
    BOOST_TEST((member(made, "featureConfig") ==
                json::value(json::object{{"cspFull", false}, {"genericOptions", json::object()}})));
    const json::object options{{"key-agreement-algorithm", true}};
    const auto wanting =
        parsed(post(sv + "/flavors",
                    json::object{{"featureConfig", json::object{{"cspFull", true}, {"genericOptions", options}}}}));
    BOOST_TEST((member(member(wanting, "featureConfig"), "genericOptions") == json::value(options)));
    int number = 0;
    const auto allow = [&](const json::value& flavor, const std::string& scp) {
        const json::object map{{text(flavor, "id"), json::array{scp}}};
        return problem(post(sv + "/versions",
                            json::object{{"tag", "1.0." + std::to_string(number++)}, {"allowedDeployments", map}}));
    };
    BOOST_TEST(allow(made, with) == "200");
    BOOST_TEST(allow(made, without) == "200");
    BOOST_TEST(allow(wanting, with) == "200");
    BOOST_TEST(allow(wanting, without) ==
               "1016 Technical constraints failed: minimal csp version not supported by SecureComponentProfile.");
}

BOOST_FIXTURE_TEST_CASE(profiles_are_as_the_operator_imports_them, data_types) { // TR 4.1.4.5
    json::object given{{"name", "eSE"},
                       {"scType", 1},
                       {"hardwarePlatform", "P62G98"},
                       {"os", "JCOP"},
                       {"osVersion", "4.7"},
                       {"javaCardVersion", "3.0.5"},
                       {"javaCardFeatures", json::object{{"cypher", json::array{"AES", "RSA"}}}},
                       {"gpSpecVersions", json::object{{"card", "2.3.1"}, {"scp03", "1.1.2"}}},
                       {"gpApiVersions", json::object{{"card", "1.6"}}},
                       {"csp", json::object{{"apiVersion", "1.0"}, {"vendor", "X"}}},
                       {"certifications", json::object{{"BSI-CC-PP-0104-2019", "https://bsi.example"}}}};
    const auto import = [&](int type) {
        given.set("name", "type " + std::to_string(type)).set("scType", type);
        return rest::import_profiles(catalog, json::dump(json::array{given}), crypto::system_random(), now).front().id;
    };
    for (const int type : {1, 2, 3, 4}) {
        auto expected = given;
        const auto id = import(type);
        expected.set("id", id).set("name", "type " + std::to_string(type)).set("scType", type);
        const auto seen = parsed(get("/secure-component-profiles/" + id));
        for (const auto& [name, value] : expected)
            BOOST_TEST((member(seen, name) == value), name);
        BOOST_TEST(json::root_object(seen).size() == expected.size());
        for (const auto* method : {"PUT", "DELETE", "PATCH", "POST"}) // read-only
            BOOST_TEST(send(method, "/secure-component-profiles/" + id, "{}").status == 405, method);
    }
    BOOST_TEST(post("/secure-component-profiles", given).status == 405);
    for (const int type : {0, 5})
        BOOST_CHECK_THROW(import(type), rest::profile_error);
    BOOST_TEST(parsed(get("/secure-component-profiles")).as_array()->size() == 4u);
}

BOOST_FIXTURE_TEST_CASE(a_cap_file_tells_what_it_is, data_types) { // TR 4.1.4.8 to 4.1.4.11
    auto request = two_applets();
    const auto made = parsed(upload("POST", "/executable-load-files", {{"elf-file", "a.cap", cap_file(request)}}));
    const auto path = "/executable-load-files/" + text(made, "id");
    BOOST_TEST((shown(made, {"aid", "type", "fileName", "packageName", "packageVersion", "importedPackages",
                             "technicalRequirements"}) ==
                json::value(json::object{
                    {"aid", "D27600016801"},
                    {"type", "CAP"},
                    {"fileName", "a.cap"},
                    {"packageName", "org.tsms.lab"},
                    {"packageVersion", "1.3"},
                    {"importedPackages", json::array{"A0000000620101", "A0000000620001"}},
                    {"technicalRequirements", json::object{{"javaCardVersion", "3.0.5"}, {"gpApiVersion", ""}}}})));
    std::vector<std::string> aids;
    const auto modules = parsed(get(path + "/executable-modules"));
    for (const auto& one : *modules.as_array()) {
        aids.push_back(text(one, "aid"));
        BOOST_TEST((parsed(get(path + "/executable-modules/" + text(one, "id"))) == one));
        BOOST_TEST(json::root_object(one).size() == 2u); // id and aid
    }
    BOOST_TEST(aids == (std::vector<std::string>{"D2760001680101", "D2760001680102"}),
               boost::test_tools::per_element());
    // Another binary, and what it needs is detected anew.
    request.java_card = {1, 5};
    request.gp_api = lab::cap_version{1, 6};
    request.version = {1, 4};
    now += std::chrono::seconds(1);
    const auto replaced = parsed(upload("PUT", path, {{"elf-file", "b.cap", cap_file(request)}}));
    BOOST_TEST((shown(replaced, {"id", "creationDate", "uploadDate", "packageVersion", "importedPackages",
                                 "technicalRequirements"}) ==
                json::value(json::object{
                    {"id", text(made, "id")},
                    {"creationDate", "2027-01-15T08:00:00.000Z"},
                    {"uploadDate", "2027-01-15T08:00:01.000Z"},
                    {"packageVersion", "1.4"},
                    {"importedPackages", json::array{"A0000000620101", "A0000000620001", "A00000015100"}},
                    {"technicalRequirements", json::object{{"javaCardVersion", "3.0.4"}, {"gpApiVersion", "1.6"}}}})));
    BOOST_TEST(get(path + "/binary").body == cap_file(request));
}

BOOST_FIXTURE_TEST_CASE(what_a_cap_file_needs_is_checked_where_deployments_are_allowed, data_types) { // TR 4.1.4.10
    const auto scp = profile("p", "3.0.5"); // GlobalPlatform API 1.6
    const auto sv = "/services/" + service();
    const auto allow = [&](const lab::cap_request& request) {
        const auto elf =
            text(parsed(upload("POST", "/executable-load-files", {{"elf-file", "a.cap", cap_file(request)}})), "id");
        const auto flavor =
            text(parsed(post(sv + "/flavors", json::object{{"executableLoadFileIds", json::array{elf}}})), "id");
        const auto map = [&](json::array profiles) { return json::object{{flavor, std::move(profiles)}}; };
        const auto tag = "1.0." + std::to_string(parsed(get(sv + "/versions")).as_array()->size());
        const auto version = sv + "/versions/" + tag;
        const auto body = [&](json::array profiles) {
            return json::object{{"tag", tag}, {"allowedDeployments", map(std::move(profiles))}};
        };
        std::vector<std::string> answers{problem(post(sv + "/versions", body({scp})))};
        if (answers.front() != "200")
            parsed(post(sv + "/versions", body({})));
        answers.push_back(problem(put(version, body({scp}))));
        answers.push_back(problem(post(version + "/flavors", map({scp}))));
        answers.push_back(
            problem(post(version + "/secure-component-profiles", json::object{{scp, json::array{flavor}}})));
        BOOST_TEST(std::ranges::count(answers, answers.front()) == 4);
        return answers.front();
    };
    const auto unmet = [](const std::string& what) {
        return "1016 Technical constraints failed: minimal " + what +
               " version not supported by SecureComponentProfile.";
    };
    auto request = two_applets();
    BOOST_TEST(allow(request) == "200");
    request.gp_api = lab::cap_version{1, 6};
    BOOST_TEST(allow(request) == "200");
    request.gp_api = lab::cap_version{1, 7};
    BOOST_TEST(allow(request) == unmet("gpApi"));
    request.gp_api.reset();
    request.java_card = {1, 9}; // of Java Card 3.2
    BOOST_TEST(allow(request) == unmet("javaCard"));
}

BOOST_FIXTURE_TEST_CASE(a_binary_can_be_replaced_until_its_flavor_is_published, data_types) { // TR 4.1.4.8, AMB-061
    const auto elf = load_file();
    const auto path = "/executable-load-files/" + elf;
    const auto flavors = "/services/" + service() + "/flavors";
    const auto replace = [&](const std::string& name, std::size_t octets) {
        lab::cap_request request;
        request.package = hex("D2760001635445");
        request.applets = {hex("D276000163544501")};
        request.load_size = octets;
        const auto content = cap_file(request);
        const auto answer = upload("PUT", path, {{"elf-file", name, content}});
        BOOST_TEST((get(path + "/binary").body == content) == (answer.status == 200));
        return problem(answer);
    };
    const auto flavor = flavor_of(flavors.substr(10, 36), elf, config());
    BOOST_TEST(replace("linked.cap", 1000) == "200");
    parsed(send("POST", flavors + "/" + flavor + "/publish"));
    const auto frozen = "1015 Already Published: ExecutableLoadFile cannot be modified. It is already published via "
                        "Flavor identifier ‘" +
                        flavor + "’.";
    BOOST_TEST(replace("published.cap", 2000) == frozen);
    // Linked to another Flavor, too, that is not published.
    parsed(post(flavors, json::object{{"executableLoadFileIds", json::array{elf}}}));
    BOOST_TEST(replace("published.cap", 2000) == frozen);
    BOOST_TEST(text(parsed(get(path)), "fileName") == "linked.cap");
}

BOOST_FIXTURE_TEST_CASE(an_application_config_serves_several_flavors, data_types) { // TR 4.1.4.12
    const auto scp = profile();
    const auto app =
        text(parsed(post(
                 "/application-configs",
                 json::object{{"instanceAid", "D27600016354450101"},
                              {"installConfig", json::object{{"applicationSpecificInstallParameter", "C9020102"}}}})),
             "id");
    lab::cap_request other;
    other.package = hex("D2760001635446");
    other.applets = {hex("D276000163544601")};
    const auto elf =
        text(parsed(upload("POST", "/executable-load-files", {{"elf-file", "o.cap", cap_file(other)}})), "id");
    const auto service_id = service();
    const auto first = target(service_id, flavor_of(service_id, load_file(), app), scp);
    const auto second = target(service_id, flavor_of(service_id, elf, app), scp, "2.0.0");
    BOOST_TEST(first.applications.at(0).module_aid == "D276000163544501");
    BOOST_TEST(second.applications.at(0).module_aid == "D276000163544601");
    for (const auto& t : {first, second}) {
        BOOST_TEST(t.applications.at(0).instance_aid == "D27600016354450101");
        BOOST_TEST(t.applications.at(0).install_parameters == "C9020102");
    }
}

BOOST_FIXTURE_TEST_CASE(an_install_config_is_empty_where_it_says_nothing, data_types) { // TR 4.1.4.13, AMB-043
    const std::string aid = "D27600016354450101";
    auto app = deployed({{"instanceAid", aid}, {"installConfig", json::object()}}).applications.at(0);
    BOOST_TEST(app.install_parameters == "");
    BOOST_TEST(app.privileges.empty());
    const json::array four{"CVMManagement", "ContactlessSelfActivation", "GlobalService", "PrivacyTrusted"};
    const json::object all{{"applicationSpecificInstallParameter", "C9020102"}, {"privileges", four}};
    app = deployed({{"instanceAid", aid}, {"installConfig", all}}).applications.at(0);
    BOOST_TEST(app.install_parameters == "C9020102");
    BOOST_TEST(app.privileges == (std::vector<std::string>{"CVMManagement", "ContactlessSelfActivation",
                                                           "GlobalService", "PrivacyTrusted"}),
               boost::test_tools::per_element());
    for (const auto* other : {"CardLock", "cvmManagement", ""})
        BOOST_TEST(
            problem(post("/application-configs",
                         json::object{{"instanceAid", aid},
                                      {"installConfig", json::object{{"privileges", json::array{other}}}}}))
                .starts_with("1008 Invalid format ‘" + std::string(other) + "’ for installConfig.privileges[0]."));
}

BOOST_FIXTURE_TEST_CASE(an_application_is_selectable_and_closed_by_default, data_types) { // TR 4.1.4.14, AMB-044
    const auto with = [&](json::object activation) {
        return deployed({{"instanceAid", "D27600016354450101"},
                         {"installConfig", json::object()},
                         {"activationConfig", std::move(activation)}});
    };
    auto t = with({});
    BOOST_TEST(t.applications.at(0).make_selectable);
    auto rules = model::access_rules_of(t);
    BOOST_REQUIRE(rules.size() == 1u);
    BOOST_TEST((!rules[0].apdu && !rules[0].nfc)); // a rule that lets nobody in
    t = with({{"accessibleViaApdu", true}});
    rules = model::access_rules_of(t);
    BOOST_TEST((rules.size() == 1u && rules[0].apdu && !rules[0].nfc));
    t = with({{"accessibleViaNfc", true}});
    rules = model::access_rules_of(t);
    BOOST_TEST((rules.size() == 1u && !rules[0].apdu && rules[0].nfc));
    t = with({{"makeSelectable", false}, {"accessibleViaApdu", true}, {"accessibleViaNfc", true}});
    BOOST_TEST(!t.applications.at(0).make_selectable);
    BOOST_TEST(model::access_rules_of(t).empty()); // only what is selectable is accessible
}

BOOST_FIXTURE_TEST_CASE(a_personalization_config_keeps_what_it_names, data_types) { // TR 4.1.4.15, AMB-044, AMB-047
    const auto pem = crypto::make_ca("X").certificate_pem;
    const auto certificate = text(parsed(upload("POST", "/certificates", {{"cert-file", "c.pem", pem}})), "id");
    const auto script = text(
        parsed(upload("POST", "/personalization-scripts", {{"script-file", "s", R"({"version": 1, "commands": []})"}})),
        "id");
    const auto kept = [&](json::object part) {
        return member(parsed(post("/application-configs", json::object{{"instanceAid", "D27600016354450101"},
                                                                       {"installConfig", json::object()},
                                                                       {"personalizationConfig", std::move(part)}})),
                      "personalizationConfig");
    };
    json::object expected{{"provideAttestationToken", false}, {"includeKeyDiversificationData", false}};
    BOOST_TEST(json::root_object(kept({})).size() == 2u);
    for (const auto& [name, value] : expected)
        BOOST_TEST((member(kept({}), name) == value), name);
    expected = {{"personalizationScriptId", script},
                {"certificateId", certificate},
                {"provideAttestationToken", true},
                {"includeKeyDiversificationData", true}};
    for (const auto& [name, value] : expected)
        BOOST_TEST((member(kept(expected), name) == value), name);
}

BOOST_AUTO_TEST_SUITE_END()
