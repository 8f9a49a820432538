// DELETE (TR 4.1.6): what is referred to stays until nothing refers to it any more, what is deleted is gone with all
// its data, and nothing else is.

#include "rest_fixture.hpp"

#include "crypto/pki.hpp"

using namespace tsms;
using namespace tsms::rest_test;

namespace {

/// One of every entity, connected as the TR connects them.
struct deletions : fixture {
    std::string certificate =
        "/certificates/" + id_of(upload("POST", "/certificates", {{"cert-file", "c.pem", pem()}}));
    std::string script =
        "/personalization-scripts/" +
        id_of(upload("POST", "/personalization-scripts", {{"script-file", "s", R"({"version": 1, "commands": []})"}}));
    std::string spos = "/spos-configs/" +
                       id_of(post("/spos-configs",
                                  json::object{{"url", "https://spos.example"}, {"certificateId", name(certificate)}}));
    std::string elf = "/executable-load-files/" + load_file();
    std::string app =
        "/application-configs/" +
        id_of(post("/application-configs",
                   json::object{{"instanceAid", "D27600016354450101"},
                                {"installConfig", json::object()},
                                {"personalizationConfig", json::object{{"personalizationScriptId", name(script)},
                                                                       {"certificateId", name(certificate)}}}}));
    std::string sv = "/services/" + id_of(post("/services", json::object{{"name", "S"}, {"sposConfigId", name(spos)}}));
    std::string flavor =
        sv + "/flavors/" +
        id_of(post(sv + "/flavors", json::object{{"executableLoadFileIds", json::array{name(elf)}},
                                                 {"applicationInstantiationConfigs",
                                                  json::array{instantiation(module(name(elf)), name(app))}}}));
    std::string version = sv + "/versions/1.0.0";

    deletions() {
        const json::object allowed{{name(flavor), json::array{profile()}}};
        parsed(post(sv + "/versions", json::object{{"tag", "1.0.0"}, {"allowedDeployments", allowed}}));
    }

    static std::string pem() { return crypto::make_ca("X").certificate_pem; }
    static std::string id_of(const net::response& made) { return text(parsed(made), "id"); }
    static std::string name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

    bool is_there(const std::string& path) { return get(path).status == 200; }
    void refused(const std::string& path, const std::string& who, const std::string& where) {
        BOOST_TEST(problem(remove(path)) == "1010 Delete failed: " + who + " is referenced in " + where + ".");
        BOOST_TEST(is_there(path));
    }
    void goes(const std::string& path) {
        BOOST_TEST(remove(path).status == 204);
        BOOST_TEST(problem(get(path)).starts_with("1009 Not existing: "));
    }
    template <class Look> auto in_catalog(Look look) { return catalog.read(look); }
    bool is_stored(model::entity_kind kind, const std::string& id) {
        return in_catalog([&](const store::catalog_view& view) { return view.find_any(kind, id).has_value(); });
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(rest_deletions)

// From what refers to nothing any more to what nothing refers to.
BOOST_FIXTURE_TEST_CASE(what_is_referred_to_cannot_be_deleted, deletions) { // 1010
    refused(flavor, "Flavor", "Version");
    refused(elf, "ExecutableLoadFile", "Flavor");
    refused(app, "ApplicationConfig", "Flavor");
    refused(script, "PersonalizationScript", "ApplicationConfig");
    refused(spos, "SposConfig", "Service");
    BOOST_TEST(problem(remove(certificate)).starts_with("1010 Delete failed: Certificate is referenced in "));
    goes(version);
    goes(flavor);
    goes(elf);
    refused(script, "PersonalizationScript", "ApplicationConfig");
    goes(app);
    goes(script);
    refused(certificate, "Certificate", "SposConfig");
    goes(sv);
    goes(spos);
    goes(certificate);
}

BOOST_FIXTURE_TEST_CASE(a_certificate_of_an_application_config_stays, deletions) {
    parsed(put(sv, json::object{{"name", "S"}, {"sposConfigId", nullptr}}));
    goes(spos);
    refused(certificate, "Certificate", "ApplicationConfig");
}

// A module counts for its load file, linked or not (AMB-066).
BOOST_FIXTURE_TEST_CASE(a_load_file_whose_module_is_instantiated_stays, deletions) {
    parsed(put(flavor + "/executable-load-files", json::array{name(elf)}));
    refused(elf, "ExecutableLoadFile", "Flavor");
    parsed(put(flavor, json::object{{"applicationInstantiationConfigs", json::array()}}));
    goes(elf);
}

BOOST_FIXTURE_TEST_CASE(a_flavor_leaves_what_it_used, deletions) {
    const auto unused = sv + "/flavors/" + id_of(post(sv + "/flavors", json::object()));
    goes(unused);
    parsed(put(version + "/flavors", json::array{name(flavor)})); // unlinked
    goes(flavor);
    for (const auto& left : {version, elf, app, sv})
        BOOST_TEST(is_there(left), left);
}

BOOST_FIXTURE_TEST_CASE(a_version_leaves_its_flavors, deletions) {
    const auto before = parsed(get(flavor));
    goes(version);
    BOOST_TEST((parsed(get(flavor)) == before));
}

BOOST_FIXTURE_TEST_CASE(a_service_goes_with_its_versions_and_flavors_alone, deletions) { // AMB-067
    std::vector<std::pair<std::string, json::value>> kept;
    for (const auto& path : {elf, app, spos, script, certificate})
        kept.emplace_back(path, parsed(get(path)));
    const auto stored_version =
        in_catalog([&](const store::catalog_view& view) { return view.find_version(provider, name(sv), "1.0.0")->id; });
    goes(sv);
    for (const auto& gone : {flavor, version, sv + "/flavors", sv + "/versions"})
        BOOST_TEST(problem(get(gone)).starts_with("1009 Not existing: Service "), gone);
    BOOST_TEST(!is_stored(model::entity_kind::flavor, name(flavor)));
    BOOST_TEST(!is_stored(model::entity_kind::version, stored_version));
    for (const auto& [path, document] : kept)
        BOOST_TEST((parsed(get(path)) == document), path);
    for (const auto& list : {app + "/flavors", elf + "/services", spos + "/services"}) // no link is left either
        BOOST_TEST(parsed(get(list)).as_array()->empty(), list);
}

BOOST_FIXTURE_TEST_CASE(a_load_file_goes_with_its_octets_and_modules, deletions) {
    const auto lonely = id_of(
        upload("POST", "/executable-load-files", {{"elf-file", "o.cap", cap("D2760001635446", "D276000163544601")}}));
    const auto path = "/executable-load-files/" + lonely;
    const auto em = module(lonely);
    const auto octets = [&] {
        return in_catalog([&](const store::catalog_view& view) { return view.file_size(lonely); });
    };
    const auto sha256 = in_catalog([&](const store::catalog_view& view) {
        const auto row = view.find_any(model::entity_kind::executable_load_file, lonely);
        return json::reader(row->document).object("loadImage").string("sha256");
    });
    const auto has_image = [&] {
        return in_catalog([&](const store::catalog_view& view) { return view.load_image(sha256).has_value(); });
    };
    BOOST_TEST(octets() > 0u);
    BOOST_TEST(has_image());
    goes(path);
    for (const auto* below : {"/binary", "/executable-modules"})
        BOOST_TEST(problem(get(path + below)).starts_with("1009 Not existing: ExecutableLoadFile "), below);
    BOOST_TEST(
        !is_stored(model::entity_kind::executable_load_file, lonely)); // technicalRequirements are in its document
    BOOST_TEST(!is_stored(model::entity_kind::executable_module, em));
    BOOST_TEST(octets() == 0u);
    BOOST_TEST(!has_image());
}

BOOST_FIXTURE_TEST_CASE(an_application_config_leaves_script_and_certificate, deletions) {
    parsed(put(flavor, json::object{{"applicationInstantiationConfigs", json::array()}}));
    goes(app);
    for (const auto& left : {script, certificate, elf})
        BOOST_TEST(is_there(left), left);
}

BOOST_AUTO_TEST_SUITE_END()
