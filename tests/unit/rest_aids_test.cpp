// AIDs that meet on one card (DIV-066): what cannot be deployed is not taken, and what has become so is not offered.

#include "rest_fixture.hpp"

#include "model/card_aids.hpp"

using namespace tsms;
using namespace tsms::rest_test;

namespace {

struct aids : fixture {
    static constexpr const char* package = "D2760001635445";
    static constexpr const char* applet = "D276000163544501";
    std::string service_id = service();
    std::string flavors = "/services/" + service_id + "/flavors";
    std::string versions = "/services/" + service_id + "/versions";

    std::string elf(std::string_view package_aid = package, std::string_view applet_aid = applet) {
        return text(
            parsed(upload("POST", "/executable-load-files", {{"elf-file", "a.cap", cap(package_aid, applet_aid)}})),
            "id");
    }
    net::response flavor(const std::vector<std::string>& elfs, const std::vector<std::string>& configs,
                         const std::string& em) {
        json::array instantiations;
        for (const auto& id : configs)
            instantiations.push_back(instantiation(em, id));
        return post(flavors, json::object{{"executableLoadFileIds", json::array(elfs.begin(), elfs.end())},
                                          {"applicationInstantiationConfigs", instantiations}});
    }
    net::response version(const std::string& tag, const std::string& flavor_id, const std::string& scp) {
        return post(versions,
                    json::object{{"tag", tag}, {"allowedDeployments", json::object{{flavor_id, json::array{scp}}}}});
    }
    std::string sd_aid() { return text(parsed(get("/services/" + service_id)), "sdAid"); }
};

json::object with_aid(const std::string& aid) {
    return {{"instanceAid", aid}, {"installConfig", json::object()}};
}

std::string told(const std::string& value, const std::string& attribute, const std::string& aid,
                 const std::string& holder) {
    return "1008 Invalid format ‘" + value + "’ for " + attribute +
           ". Supported format is AIDs that are different on one card: " + aid + " is the AID of " + holder + ".";
}

} // namespace

BOOST_AUTO_TEST_SUITE(rest_aids)

BOOST_FIXTURE_TEST_CASE(an_instance_may_have_the_aid_of_its_module, aids) {
    const auto e = elf();
    const auto made = parsed(flavor({e}, {config(applet)}, module(e)));
    BOOST_TEST(send("POST", flavors + "/" + text(made, "id") + "/publish").status == 200);
    BOOST_TEST(version("1.0.0", text(made, "id"), profile()).status == 200);
}

BOOST_FIXTURE_TEST_CASE(a_flavor_has_each_aid_once, aids) {
    const auto first = elf();
    const auto twin = elf(package, "D276000163544502");
    const auto em = module(first);
    const auto like_package = config(package);
    BOOST_TEST(problem(flavor({first, twin}, {}, em)) ==
               told(twin, "executableLoadFileIds[1]", package, "a load file of the same Flavor"));
    BOOST_TEST(problem(flavor({first}, {config(), like_package}, em)) ==
               told(like_package, "applicationInstantiationConfigs[1].applicationConfigId", package,
                    "a load file of the same Flavor"));
    const auto like_domain = config(sd_aid());
    BOOST_TEST(problem(flavor({first}, {like_domain}, em)) ==
               told(like_domain, "applicationInstantiationConfigs[0].applicationConfigId", sd_aid(),
                    "the security domain of the Service"));
    for (const std::string isd : {"A000000151000000", "a000000151000000"})
        BOOST_TEST(problem(flavor({first}, {config(isd)}, em)).substr(0, 4) == "1008");
    BOOST_TEST(flavor({first}, {config("D27600016354450102")}, em).status == 200);
    const auto refused = flavor({first}, {like_package}, em);
    BOOST_TEST(std::string(refused.headers.get("TSMS-Reason"))
                   .ends_with(": instanceAid D2760001635445 is the AID of a load "
                              "file of the same Flavor"));
    BOOST_TEST(parsed(get(flavors)).as_array()->size() == 1u); // what was refused is not there
}

BOOST_FIXTURE_TEST_CASE(every_way_to_a_flavor_is_watched, aids) {
    const auto first = elf();
    const auto twin = elf(package, "D276000163544502");
    const auto other = elf("D2760001635446", "D276000163544601");
    const auto em = module(first);
    const auto own = config("D27600016354450102");
    const auto id = text(parsed(flavor({first, other}, {own}, em)), "id");
    const auto path = flavors + "/" + id;
    BOOST_TEST(problem(post(path + "/executable-load-files", json::array{twin})) ==
               told(twin, "executableLoadFileIds[2]", package, "a load file of the same Flavor"));
    BOOST_TEST(problem(put(path, json::object{{"executableLoadFileIds", json::array{twin, first}}})) ==
               told(first, "executableLoadFileIds[1]", package, "a load file of the same Flavor"));
    BOOST_TEST(problem(put("/application-configs/" + own, with_aid("D2760001635446"))) ==
               told("D2760001635446", "instanceAid", "D2760001635446", "a load file of the same Flavor"));
    BOOST_TEST(problem(upload("PUT", "/executable-load-files/" + other, {{"elf-file", "b.cap", cap()}})) ==
               told(package, "aid", package, "a load file of the same Flavor"));
    BOOST_TEST(text(parsed(get("/executable-load-files/" + other)), "aid") == "D2760001635446");
    BOOST_TEST(put("/application-configs/" + own, with_aid("D27600016354450103")).status == 200);
    BOOST_TEST(upload("PUT", "/executable-load-files/" + other,
                      {{"elf-file", "b.cap", cap("D2760001635447", "D276000163544701")}})
                   .status == 200);
    // After publishing, too: dialect 1.0 freezes no instanceAid (AMB-057).
    BOOST_TEST(send("POST", path + "/publish").status == 200);
    BOOST_TEST(problem(put("/application-configs/" + own, with_aid("D2760001635447"))).substr(0, 4) == "1008");
    BOOST_TEST(put("/application-configs/" + own, with_aid("D27600016354450104")).status == 200);
    // What a frozen Flavor cannot become is told first for what it would be.
    BOOST_TEST(problem(post(path + "/executable-load-files", json::array{twin})).substr(0, 4) == "1008");
    BOOST_TEST(problem(put(path, json::object{{"executableLoadFileIds", json::array{first}}})).substr(0, 4) == "1015");
}

BOOST_FIXTURE_TEST_CASE(what_cards_of_a_profile_have_meets_what_is_linked_to_it, aids) {
    const auto first = elf();
    const auto em = module(first);
    const auto scp = profile("own", "3.0.5", {},
                             {{"isdAid", "A000000003000000"},
                              {"ara", "arac"},
                              {"tsmSdAid", "D27600016399"},
                              {"preloadedAids", json::array{"a0000000090003ffffffff8910710001"}}});
    const auto none = profile("none", "3.0.4", {}, json::object());
    const std::pair<const char*, const char*> held[] = {
        {"A000000003000000", "the issuer security domain"},
        {"D27600016399", "the TSM's security domain"},
        {"D276000163415241430001", "the TSM's access rule client"},
        {"A00000015141434C00", "the card's access rule application (ARA-M)"},
        {"A000000151415243", "the card's load file for access rule clients"},
        {"A0000001515350", "the card's load file for security domains"},
        {"A0000000090003FFFFFFFF8910710001", "something preloaded"},
    };
    int tag = 0;
    for (const auto& [aid, holder] : held) {
        const auto used = config(aid);
        const auto id = text(parsed(flavor({first}, {used}, em)), "id");
        const auto name = "1.0." + std::to_string(tag++);
        const auto why = std::string(holder) + " on cards of profile ‘own’";
        const auto expected = told(id, "allowedDeployments", aid, why);
        BOOST_TEST(problem(version(name, id, scp)) == expected);
        parsed(post(versions, json::object{{"tag", name}, {"allowedDeployments", json::object{{id, json::array()}}}}));
        const auto path = versions + "/" + name;
        BOOST_TEST(problem(post(path + "/secure-component-profiles", json::object{{scp, json::array{id}}})) ==
                   expected);
        BOOST_TEST(problem(post(path + "/flavors", json::object{{id, json::array{scp}}})) == expected);
        BOOST_TEST(problem(put(path, json::object{{"tag", name},
                                                  {"allowedDeployments", json::object{{id, json::array{scp}}}}})) ==
                   expected);
        // A Flavor that is linked is changed.
        BOOST_TEST(put("/application-configs/" + used, with_aid("D276000163544501F" + std::to_string(tag))).status ==
                   200);
        BOOST_TEST(put(path, json::object{{"tag", name}, {"allowedDeployments", json::object{{id, json::array{scp}}}}})
                       .status == 200);
        BOOST_TEST(problem(put("/application-configs/" + used, with_aid(aid))) == told(aid, "instanceAid", aid, why));
    }
    // Other cards do not have them.
    const auto id = text(parsed(flavor({first}, {config("A000000003000000")}, em)), "id");
    BOOST_TEST(version("2.0.0", id, none).status == 200);
}

BOOST_FIXTURE_TEST_CASE(a_profile_that_changes_takes_its_flavors_out_of_the_offer, aids) {
    const auto first = elf();
    const auto scp = profile();
    const auto id = text(parsed(flavor({first}, {config("D27600016354450102")}, module(first))), "id");
    parsed(version("1.0.0", id, scp));
    const auto path = flavors + "/" + id;
    parsed(send("POST", path + "/publish"));
    BOOST_TEST(device_side->service(service_id)->versions.at(0).profiles == std::vector{scp},
               boost::test_tools::per_element());
    const auto import = [&](json::array preloaded) {
        const auto list = catalog.read([&](const store::catalog_view& view) {
            return view.find_any(model::entity_kind::secure_component_profile, scp)->document;
        });
        auto document = list;
        document.erase("id");
        document.set("identification", json::object{{"cplc", json::array{"47.."}}});
        document.set("card", json::object{{"preloadedAids", std::move(preloaded)}});
        return rest::import_profiles(catalog, json::dump(json::array{document}), crypto::system_random(), now).front();
    };
    const auto changed = import({"D27600016354450102"});
    BOOST_TEST(!changed.is_new);
    BOOST_REQUIRE(changed.conflicts.size() == 1u);
    BOOST_TEST(changed.conflicts.front() == "Flavor " + id + " of service provider " + provider +
                                                ": D27600016354450102 is the AID of something preloaded");
    BOOST_TEST(device_side->service(service_id)->versions.at(0).profiles.empty());
    BOOST_TEST(!device_side->target(service_id, "1.0.0", scp));
    // Another way to the same: the Flavor is not published again, and not linked again.
    BOOST_TEST(problem(send("POST", path + "/publish")).substr(0, 4) == "1008");
    BOOST_TEST(problem(post(versions + "/1.0.0/secure-component-profiles", json::object{{scp, json::array{id}}}))
                   .substr(0, 4) == "1008");
    BOOST_TEST(put(versions + "/1.0.0/secure-component-profiles", json::array{scp}).status == 200); // unlinked
    BOOST_TEST(import({}).conflicts.empty());
    BOOST_CHECK_THROW(import({"D2"}), rest::profile_error);
    BOOST_CHECK_THROW(import({7}), rest::profile_error);
}

// What has met before, on a card that says so only now, is no fault of a change that has nothing to do with it.
BOOST_FIXTURE_TEST_CASE(a_flavor_that_has_met_something_can_be_changed, aids) {
    const auto first = elf();
    const auto second = elf("D2760001635446", "D276000163544601");
    const auto third = elf("D2760001635447", "D276000163544701");
    const auto scp = profile();
    const auto em = module(first);
    const auto used = config("D27600016354450102");
    const auto id = text(parsed(flavor({first, second}, {used}, em)), "id");
    const auto good = text(parsed(flavor({first}, {config("D27600016354450103")}, em)), "id");
    parsed(version("1.0.0", id, scp));
    const json::object preloaded{{"preloadedAids", json::array{"D27600016354450102", "D2760001635447"}}};
    BOOST_TEST(profile("sim", "3.0.5", {}, preloaded) == scp);
    const auto path = flavors + "/" + id;
    const auto linked = versions + "/1.0.0";
    const auto instantiations = json::array{instantiation(em, used)};
    const auto renamed = [&](const json::array& elfs) {
        return put(path, json::object{{"name", "renamed"},
                                      {"executableLoadFileIds", elfs},
                                      {"applicationInstantiationConfigs", instantiations}});
    };
    BOOST_TEST(renamed({first, second}).status == 200);
    BOOST_TEST(renamed({second, first}).status == 200);
    BOOST_TEST(post(linked + "/flavors", json::object{{good, json::array{}}}).status == 200);
    const auto another = profile("another", "3.0.4");
    BOOST_TEST(post(linked + "/secure-component-profiles", json::object{{another, json::array{good}}}).status == 200);
    const auto seen = parsed(get(linked));
    BOOST_TEST(put(linked, json::object{{"tag", "1.0.0"}, {"allowedDeployments", member(seen, "allowedDeployments")}})
                   .status == 200);
    BOOST_TEST(put("/application-configs/" + used, with_aid("D27600016354450102")).status == 200);
    BOOST_TEST(upload("PUT", "/executable-load-files/" + second,
                      {{"elf-file", "b.cap", cap("D2760001635448", "D276000163544801")}})
                   .status == 200);
    // What is new is refused, beside what is not.
    const auto why = "something preloaded on cards of profile ‘sim’";
    BOOST_TEST(problem(post(path + "/executable-load-files", json::array{third})) ==
               told(third, "executableLoadFileIds[2]", "D2760001635447", why));
    BOOST_TEST(problem(put("/application-configs/" + used, with_aid("D2760001635447"))) ==
               told("D2760001635447", "instanceAid", "D2760001635447", why));
    BOOST_TEST(problem(post(linked + "/flavors", json::object{{id, json::array{scp}}})) ==
               told(id, "allowedDeployments", "D27600016354450102", why));
    BOOST_TEST(problem(send("POST", path + "/publish")).substr(0, 4) == "1008");
    // The remedy.
    BOOST_TEST(put("/application-configs/" + used, with_aid("D27600016354450104")).status == 200);
    BOOST_TEST(send("POST", path + "/publish").status == 200);
}

BOOST_FIXTURE_TEST_CASE(the_domain_of_a_service_has_an_aid_too, aids) {
    const auto first = elf();
    const auto id = text(parsed(flavor({first}, {}, module(first))), "id");
    const auto scp = profile("own", "3.0.5", {}, {{"preloadedAids", json::array{sd_aid()}}});
    const auto refused = version("1.0.0", id, scp);
    BOOST_TEST(problem(refused) ==
               told(id, "allowedDeployments", sd_aid(), "something preloaded on cards of profile ‘own’"));
    BOOST_TEST(std::string(refused.headers.get("TSMS-Reason")).find(": security domain " + sd_aid()) !=
               std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(aids_are_compared_within_one_service_only, aids) {
    // Two Services are not one card: what another one has there is found out by the deploy (DIV-006).
    const auto first = elf();
    parsed(flavor({first}, {config(applet)}, module(first)));
    flavors = "/services/" + service("Other") + "/flavors";
    BOOST_TEST(flavor({first}, {config(applet)}, module(first)).status == 200);
}

BOOST_AUTO_TEST_CASE(packages_inside_a_load_file_count) { // DIV-022
    model::card_content content;
    content.load_files.push_back(
        {.elf_id = "1", .aid = "D276000101", .sha256 = {}, .imports = {}, .packages = {"D276000101", "D276000102"}});
    content.applications.push_back({.elf_aid = "D276000101",
                                    .module_aid = "D276000199",
                                    .instance_aid = "D276000199",
                                    .privileges = {},
                                    .install_parameters = {}});
    BOOST_TEST(!model::aid_conflict_of(content, {}));
    BOOST_TEST(!model::aid_conflict_of(content, {{"D276000103", "x"}}));
    const auto conflict = model::aid_conflict_of(content, {{"D276000102", "x"}});
    BOOST_REQUIRE(conflict);
    BOOST_TEST((conflict->what == model::aid_conflict::part::load_file));
    BOOST_TEST(conflict->aid == "D276000102");
    BOOST_TEST(conflict->holder == "x");
    content.applications[0].instance_aid = "D276000102";
    BOOST_TEST((model::aid_conflict_of(content, {})->what == model::aid_conflict::part::application));
    content.load_files.push_back({.elf_id = "2", .aid = "A0000000620101", .sha256 = {}, .imports = {}});
    BOOST_TEST(model::aid_conflict_of(content, {})->index == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
