// What a service provider does from the first request to a published Service (TR 4.1.6), and what the device role then
// sees.

#include "rest_fixture.hpp"

#include "crypto/pki.hpp"
#include "model/load_order.hpp"
#include "store/sqlite/audit.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <set>

using namespace tsms;
using namespace tsms::rest_test;

namespace {

/// One service provider's way, a step a function.
struct story : fixture {
    using fixture::fixture;

    void play() {
        look_around();
        upload_load_file();
        make_service();
        publish();
        find_target();
        remove_all();
    }
    void look_around() {
        BOOST_TEST(text(parsed(get("/serviceproviders/current")), "name") == "Example Corp");
        BOOST_TEST(text(parsed(get("/service-providers/current/")), "id") == provider);

        scp = profile();
        BOOST_TEST(parsed(get("/secure-component-profiles")).as_array()->size() == 1U);
        BOOST_TEST(member(parsed(get("/secure-component-profiles/" + scp)), "scType").as_integer() != nullptr);
    }
    void upload_load_file() {
        elf = load_file();
        const auto elf_document = parsed(get("/executable-load-files/" + elf));
        BOOST_TEST(text(elf_document, "aid") == "D2760001635445");
        BOOST_TEST(text(elf_document, "fileName") == "pay.cap");
        BOOST_TEST(text(elf_document, "type") == "CAP");
        BOOST_TEST(text(elf_document, "creationDate") == "2027-01-15T08:00:00.000Z");
        BOOST_TEST(!json::root_object(elf_document).find("loadImage"));
        const auto binary = get("/executable-load-files/" + elf + "/binary");
        BOOST_TEST(binary.body == cap());
        BOOST_TEST(binary.headers.get("Content-Disposition") == "attachment; filename=\"pay.cap\"");
    }
    void make_service() {
        certificate =
            text(parsed(upload("POST", "/certificates", {{"cert-file", "ca.pem", ca.certificate_pem}})), "id");
        spos = text(parsed(post("/spos-configs",
                                json::object{{"url", "https://spos.example/api"}, {"certificateId", certificate}})),
                    "id");
        config_id =
            text(parsed(post("/application-configs",
                             json::object{{"instanceAid", "d27600016354450101"},
                                          {"installConfig",
                                           json::object{{"applicationSpecificInstallParameter", "C9 02 01:02"}}},
                                          {"activationConfig", json::object{{"accessibleViaApdu", true}}}})),
                 "id");
        service_id = text(
            parsed(post("/services", json::object{{"name", "Pay"},
                                                  {"sposConfigId", spos},
                                                  {"spParameters", json::object{{"a", "1"}, {"b", "1"}}},
                                                  {"accessAuthorizedDeviceApps", json::array{std::string(40, 'a')}}})),
            "id");
        flavors = "/services/" + service_id + "/flavors";
        flavor = text(parsed(post(flavors, json::object{{"name", "all"},
                                                        {"spParameters", json::object{{"b", "2"}}},
                                                        {"applicationInstantiationConfigs",
                                                         json::array{instantiation(module(elf), config_id)}}})),
                      "id");
        parsed(post(flavors + "/" + flavor + "/executable-load-files", json::array{elf}));
        const auto versions = "/services/" + service_id + "/versions";
        parsed(post(versions,
                    json::object{{"tag", "1.0.0"}, {"allowedDeployments", json::object{{flavor, json::array{scp}}}}}));
    }
    void publish() {
        BOOST_TEST(device_side->service(service_id).has_value());
        BOOST_TEST(device_side->service(service_id)->versions.at(0).profiles.empty()); // not published yet (AMB-054)
        BOOST_TEST(!device_side->target(service_id, "1.0.0", scp).has_value());

        const auto published = parsed(send("POST", flavors + "/" + flavor + "/publish"));
        BOOST_TEST((member(published, "published") == json::value(true)));
        BOOST_TEST(send("POST", flavors + "/" + flavor + "/publish").status == 200); // idempotent (AMB-059)

        BOOST_TEST(device_side->flavor_exists(service_id, flavor));
        BOOST_TEST(device_side->service(service_id)->versions.at(0).profiles.front() == scp);
    }
    void find_target() {
        const auto target = device_side->target(service_id, "1.0.0", scp);
        BOOST_REQUIRE(target.has_value());
        BOOST_TEST(target->service_provider_id == provider);
        BOOST_TEST(target->sp_parameters.at("a") == "1");
        BOOST_TEST(target->sp_parameters.at("b") == "2");
        BOOST_TEST(target->sd_aid.substr(0, 10) == "D276000163");
        BOOST_TEST(target->device_apps.front() == std::string(40, 'A'));
        BOOST_TEST(target->card.ara == "aram-issuer");
        BOOST_REQUIRE(target->load_files.size() == 1U);
        BOOST_TEST(target->load_files[0].aid == "D2760001635445");
        const auto image = device_side->load_image(target->load_files[0]);
        BOOST_REQUIRE(image.has_value());
        BOOST_TEST(image->size() == target->load_files[0].size);
        BOOST_REQUIRE(target->applications.size() == 1U);
        const auto& application = target->applications[0];
        BOOST_TEST(application.module_aid == "D276000163544501");
        BOOST_TEST(application.instance_aid == "D27600016354450101");
        BOOST_TEST(application.install_parameters == "C9020102");
        BOOST_TEST(application.make_selectable);
        BOOST_TEST(application.accessible_via_apdu);
        BOOST_TEST(!application.has_personalization);
        BOOST_REQUIRE(target->spos.has_value());
        BOOST_TEST(target->spos->url == "https://spos.example/api");
        BOOST_TEST(target->spos->certificate_pem == ca.certificate_pem);
        BOOST_TEST(device_side->profiles().front().recognised_by.cplc.front() == "47..");
    }
    /// The whole Service may go (AMB-067); what it used can then go, too.
    void remove_all() {
        BOOST_TEST(problem(remove("/executable-load-files/" + elf)) ==
                   "1010 Delete failed: ExecutableLoadFile is referenced in Flavor.");
        BOOST_TEST(remove("/services/" + service_id).status == 204);
        BOOST_TEST(!device_side->service(service_id).has_value());
        BOOST_TEST(remove("/executable-load-files/" + elf).status == 204);
        BOOST_TEST(remove("/application-configs/" + config_id).status == 204);
        BOOST_TEST(problem(remove("/certificates/" + certificate)) ==
                   "1010 Delete failed: Certificate is referenced in SposConfig.");
        BOOST_TEST(remove("/spos-configs/" + spos).status == 204);
        BOOST_TEST(remove("/certificates/" + certificate).status == 204);
    }

    const crypto::credential ca = crypto::make_ca("SPOS");
    std::string scp, elf, certificate, spos, config_id, service_id, flavors, flavor; ///< ids, and a path
};

} // namespace

BOOST_AUTO_TEST_SUITE(rest_api)

BOOST_AUTO_TEST_CASE(the_same_story_in_memory) {
    story(kept::in_memory).play();
}

BOOST_FIXTURE_TEST_CASE(from_upload_to_deployment_target, story) {
    play();

    // Every change is in the audit chain, and the chain shows what was changed behind its back.
    const auto broken = [&] {
        SQLite::Database db(directory.path() / "catalog.db");
        return store::first_broken_audit_entry(db);
    };
    BOOST_TEST(!broken().has_value());
    SQLite::Database(directory.path() / "catalog.db", SQLite::OPEN_READWRITE)
        .exec("UPDATE audit SET subject = '' WHERE sequence = 3");
    BOOST_TEST(broken().value_or(0) == 3);
}

BOOST_FIXTURE_TEST_CASE(applications_come_by_priority, fixture) { // TR 4.1.4.7, AMB-078
    const auto scp = profile();
    const auto elf = load_file();
    const auto service_id = service();
    const auto flavors = "/services/" + service_id + "/flavors";
    json::array instantiations;
    const auto add = [&](const std::string& aid, std::optional<int> priority) {
        auto one = instantiation(module(elf), config(aid));
        if (priority)
            one.set("priority", *priority);
        instantiations.push_back(std::move(one));
    };
    add("D27600016354450101", std::nullopt); // 255
    add("D27600016354450102", 200);
    add("D27600016354450103", 1);
    add("D27600016354450104", 200);
    add("D27600016354450105", 255);
    const auto flavor =
        text(parsed(post(flavors, json::object{{"executableLoadFileIds", json::array{elf}},
                                               {"applicationInstantiationConfigs", std::move(instantiations)}})),
             "id");
    parsed(send("POST", flavors + "/" + flavor + "/publish"));
    parsed(post("/services/" + service_id + "/versions",
                json::object{{"tag", "1.0.0"}, {"allowedDeployments", json::object{{flavor, json::array{scp}}}}}));
    const auto target = device_side->target(service_id, "1.0.0", scp);
    BOOST_REQUIRE(target.has_value());
    std::string order;
    for (const auto& application : target->applications)
        order += application.instance_aid.back();
    BOOST_TEST(order == "32415"); // ties by their place in the list
    for (const int wrong : {0, 256}) {
        auto one = instantiation(module(elf), config("D27600016354450106"));
        one.set("priority", wrong);
        BOOST_TEST(
            problem(post(flavors, json::object{{"applicationInstantiationConfigs", json::array{one}}})).substr(0, 4) ==
            "1008");
    }
}

// TR 3.3.1.2, Figure 5: one Flavor for several profiles, one profile to one Flavor, and what the Version says counts.
BOOST_FIXTURE_TEST_CASE(each_profile_has_the_flavor_that_its_version_says, fixture) {
    const auto a = profile("a"), b = profile("b"), c = profile("c"), other = profile("other");
    const auto service_id = service();
    const auto flavors = "/services/" + service_id + "/flavors", versions = "/services/" + service_id + "/versions";
    const auto flavor = [&](const char* name) {
        const auto id = text(parsed(post(flavors, json::object{{"name", name}})), "id");
        parsed(send("POST", flavors + "/" + id + "/publish"));
        return id;
    };
    const auto x = flavor("X"), y = flavor("Y");
    const auto of = [&](const std::string& tag, const std::string& scp) {
        const auto target = device_side->target(service_id, tag, scp);
        return target ? target->flavor_name : "none";
    };
    const auto all = [&](const std::string& tag) { return of(tag, a) + of(tag, b) + of(tag, c) + of(tag, other); };
    const json::object allowed{{x, json::array{a, b}}, {y, json::array{c}}};
    const json::object turned{{y, json::array{a}}, {x, json::array{c, other}}};
    parsed(post(versions, json::object{{"tag", "1.0.0"}, {"allowedDeployments", allowed}}));
    parsed(post(versions, json::object{{"tag", "2.0.0"}, {"allowedDeployments", turned}}));
    BOOST_TEST(all("1.0.0") == "XXYnone");
    BOOST_TEST(all("2.0.0") == "YnoneXX");
    parsed(post(versions + "/1.0.0/secure-component-profiles", json::object{{b, json::array{y}}}));
    BOOST_TEST(all("1.0.0") == "XYYnone");
    parsed(put(versions + "/1.0.0/secure-component-profiles", json::array{a}));
    parsed(post(versions + "/1.0.0/secure-component-profiles", json::object{{other, json::array{x}}}));
    BOOST_TEST(all("1.0.0") == "noneYYX");
    BOOST_TEST(all("2.0.0") == "YnoneXX");
}

BOOST_FIXTURE_TEST_CASE(no_profile_is_there_twice, fixture) { // TR 3.3.1.2, AMB-071
    const auto file = [](const std::string& name) {
        return R"([{"name": ")" + name +
               R"(", "scType": 1, "hardwarePlatform": "P", "os": "O", "osVersion": "1", "javaCardVersion": "3.0.5",)"
               R"( "javaCardFeatures": {}, "gpSpecVersions": {"card": "2.3.1"}, "gpApiVersions": {"card": "1.6"},)"
               R"( "csp": {}, "certifications": {}}])";
    };
    rest::import_profiles(catalog, file("one"), crypto::system_random(), now);
    BOOST_CHECK_EXCEPTION(rest::import_profiles(catalog, file("two"), crypto::system_random(), now),
                          rest::profile_error, [](const rest::profile_error& e) {
                              return std::string(e.what()).find("identical to 'one'") != std::string::npos;
                          });
    BOOST_TEST(rest::list_profiles(catalog).size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(related_lists_walk_the_graph, fixture) {
    const auto scp = profile();
    const auto elf = load_file();
    const auto em = module(elf);
    const auto app = config();
    const auto sv = service();
    const auto other = service("Other");
    const auto flavor =
        text(parsed(post("/services/" + sv + "/flavors",
                         json::object{{"executableLoadFileIds", json::array{elf}},
                                      {"applicationInstantiationConfigs", json::array{instantiation(em, app)}}})),
             "id");
    parsed(post("/services/" + sv + "/versions",
                json::object{{"tag", "1.0.0"}, {"allowedDeployments", json::object{{flavor, json::array{scp}}}}}));
    const auto version = "/services/" + sv + "/versions/1.0.0";

    const auto expect_one = [&](const std::string& path, const std::string& key, const std::string& value) {
        const auto list = parsed(get(path));
        BOOST_TEST_CONTEXT(path) {
            BOOST_REQUIRE(list.as_array()->size() == 1U);
            BOOST_TEST(text(list.as_array()->front(), key) == value);
        }
    };
    expect_one("/secure-component-profiles/" + scp + "/elfs", "id", elf);
    expect_one("/secure-component-profiles/" + scp + "/services", "id", sv);
    expect_one("/secure-component-profiles/" + scp + "/services/" + sv + "/flavors", "id", flavor);
    expect_one("/secure-component-profiles/" + scp + "/services/" + sv + "/versions", "tag", "1.0.0");
    expect_one("/services/" + sv + "/flavors/" + flavor + "/application-configs", "id", app);
    expect_one("/services/" + sv + "/flavors/" + flavor + "/executable-load-files", "id", elf);
    expect_one("/services/" + sv + "/flavors/" + flavor + "/versions", "tag", "1.0.0");
    expect_one(version + "/flavors", "id", flavor);
    expect_one(version + "/flavors/" + flavor + "/secure-component-profiles/", "id", scp);
    expect_one(version + "/secure-component-profiles", "id", scp);
    expect_one("/executable-load-files/" + elf + "/executable-modules/" + em + "/application-configs", "id", app);
    expect_one("/executable-load-files/" + elf + "/services", "id", sv);
    expect_one("/executable-load-files/" + elf + "/services/" + sv + "/flavors", "id", flavor);
    expect_one("/services/" + sv + "/executable-load-files/" + elf + "/flavors", "id", flavor); // AMB-017
    expect_one("/executable-load-files/" + elf + "/services/" + sv + "/versions", "tag", "1.0.0");
    expect_one("/executable-load-files/" + elf + "/services/" + sv + "/secure-component-profiles", "id", scp);
    expect_one("/application-configs/" + app + "/executable-modules", "id", em);
    expect_one("/application-configs/" + app + "/exectable-modules", "id", em); // AMB-017
    expect_one("/application-configs/" + app + "/flavors", "id", flavor);
    expect_one("/application-configs/" + app + "/services", "id", sv);
    BOOST_TEST(parsed(get("/executable-load-files/" + elf + "/services/" + other + "/flavors")).as_array()->empty());

    // A profile is global, but what refers to it is its owner's alone (AMB-020).
    token = stranger();
    BOOST_TEST(parsed(get("/secure-component-profiles/" + scp + "/services")).as_array()->empty());
    BOOST_TEST(parsed(get("/secure-component-profiles/" + scp + "/elfs")).as_array()->empty());
}

BOOST_FIXTURE_TEST_CASE(scripts_and_certificates_are_found_through_application_configs, fixture) {
    const std::string script =
        R"({"version": 1, "commands": [{"tag": "pin", "header": "80E29000", "data": "0102${pin}"}]})";
    const auto script_id =
        text(parsed(upload("POST", "/personalization-scripts",
                           {{"scriptFilename", "", "perso"}, {"script-file", "C:\\x\\p.json", script}})),
             "id");
    BOOST_TEST(text(parsed(get("/personalization-scripts/" + script_id)), "fileName") == "perso"); // the name part wins
    const auto certificate = text(
        parsed(upload("POST", "/certificates", {{"certFile", "c.pem", crypto::make_ca("X").certificate_pem}})), "id");
    const auto app =
        text(parsed(post("/application-configs",
                         json::object{{"instanceAid", "D27600016354450101"},
                                      {"installConfig", json::object()},
                                      {"personalizationConfig", json::object{{"personalizationScriptId", script_id},
                                                                             {"certificateId", certificate}}}})),
             "id");
    for (const auto& start : {"/personalization-scripts/" + script_id, "/certificates/" + certificate}) {
        const auto found = parsed(get(start + "/application-configs"));
        BOOST_REQUIRE(found.as_array()->size() == 1U);
        BOOST_TEST(text(found.as_array()->front(), "id") == app);
        BOOST_TEST(parsed(get(start + "/flavors")).as_array()->empty());
    }
    BOOST_TEST(problem(remove("/personalization-scripts/" + script_id)) ==
               "1010 Delete failed: PersonalizationScript is referenced in ApplicationConfig.");
    parsed(upload("PUT", "/personalization-scripts/" + script_id, {{"script-file", "q.json", script}}));
    BOOST_TEST(text(parsed(get("/personalization-scripts/" + script_id)), "fileName") == "q.json"); // AMB-201
}

namespace {

/// One certificate that an ApplicationConfig and a SposConfig use, and another one that nothing uses.
struct certificates : fixture {
    std::string upload_certificate() {
        const auto pem = crypto::make_ca("X").certificate_pem;
        return text(parsed(upload("POST", "/certificates", {{"cert-file", "c.pem", pem}})), "id");
    }
    std::string used = upload_certificate(), other = upload_certificate();
    std::string config_id =
        text(parsed(post("/application-configs",
                         json::object{{"instanceAid", "D27600016354450101"},
                                      {"installConfig", json::object()},
                                      {"personalizationConfig", json::object{{"certificateId", used}}}})),
             "id");
    std::string spos = text(
        parsed(post("/spos-configs", json::object{{"url", "https://spos.example"}, {"certificateId", used}})), "id");
};

} // namespace

BOOST_FIXTURE_TEST_CASE(what_uses_a_certificate_is_found, certificates) { // TR 4.1.6.8, 4.1.6.9.6, AMB-072
    const auto by_config = service("by its ApplicationConfig");
    const auto flavor = text(parsed(post("/services/" + by_config + "/flavors",
                                         json::object{{"applicationInstantiationConfigs",
                                                       json::array{instantiation(module(load_file()), config_id)}}})),
                             "id");
    const auto by_spos =
        text(parsed(post("/services", json::object{{"name", "by its SposConfig"}, {"sposConfigId", spos}})), "id");
    service("without both");
    const auto ids = [&](const std::string& path) {
        std::set<std::string> found;
        const auto list = parsed(get(path));
        for (const auto& item : *list.as_array())
            BOOST_TEST(found.insert(text(item, "id")).second);
        return found;
    };
    using list = std::set<std::string>;
    const auto of = [](const std::string& certificate) { return "/certificates/" + certificate; };
    BOOST_TEST(ids(of(used) + "/application-configs") == list{config_id}, boost::test_tools::per_element());
    BOOST_TEST(ids(of(used) + "/flavors") == list{flavor}, boost::test_tools::per_element());
    BOOST_TEST(ids(of(used) + "/services") == (list{by_config, by_spos}), boost::test_tools::per_element());
    BOOST_TEST(ids(of(used) + "/spos-configs") == list{spos}, boost::test_tools::per_element());
    BOOST_TEST(ids("/spos-configs/" + spos + "/services") == list{by_spos}, boost::test_tools::per_element());
    for (const auto* related : {"/application-configs", "/flavors", "/services", "/spos-configs"})
        BOOST_TEST(ids(of(other) + related).empty(), related);
}

BOOST_FIXTURE_TEST_CASE(a_certificate_in_use_is_not_deleted, certificates) { // TR 4.1.6.8.5, AMB-066
    const auto refused = [&] { return problem(remove("/certificates/" + used)); };
    const std::string begin = "1010 Delete failed: Certificate is referenced in ";
    BOOST_TEST(refused().starts_with(begin));
    BOOST_TEST(remove("/spos-configs/" + spos).status == 204);
    BOOST_TEST(refused() == begin + "ApplicationConfig.");
    parsed(post("/spos-configs", json::object{{"url", "https://spos.example"}, {"certificateId", used}}));
    BOOST_TEST(remove("/application-configs/" + config_id).status == 204);
    BOOST_TEST(refused() == begin + "SposConfig.");
    BOOST_TEST(get("/certificates/" + used).status == 200);
    BOOST_TEST(remove("/certificates/" + other).status == 204);
    BOOST_TEST(get("/certificates/" + other).status == 400);
}

BOOST_AUTO_TEST_CASE(load_files_are_ordered_by_their_imports) {
    const auto file = [](std::string id, std::string aid, std::vector<std::string> imports) {
        return model::target_load_file{std::move(id), std::move(aid), {}, 0, std::move(imports)};
    };
    const auto ordered = model::in_load_order({file("app", "A1", {"B1", "A0000000620101"}), file("top", "C1", {}),
                                               file("lib", "B1", {"B2"}), file("base", "B2", {})});
    std::string order;
    for (const auto& f : ordered)
        order += f.elf_id + " ";
    BOOST_TEST(order == "top base lib app ");

    auto extended = file("bundle", "C0", {"A1"}); // the extended CAP format: imported is what is in it
    extended.packages = {"C1", "C2"};
    order.clear();
    for (const auto& f : model::in_load_order({file("app", "D1", {"C2"}), extended, file("lib", "A1", {})}))
        order += f.elf_id + " ";
    BOOST_TEST(order == "lib bundle app ");
    BOOST_TEST(model::in_load_order({file("a", "A1", {"B1"}), file("b", "B1", {"A1"})}).size() == 2U); // a cycle ends
}

BOOST_AUTO_TEST_SUITE_END()
