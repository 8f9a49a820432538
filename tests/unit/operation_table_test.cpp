// The table of REST operations against the norm's: TR-03165 4.1.6, its paths without the misprints
// of AMB-017. Written down from the norm, not from the program.

#include "model/operations.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

using namespace tsms::model;

namespace {

struct norm_row {
    std::string_view id;
    std::string_view method;
    std::string_view path;
    std::string_view body;
};
constexpr norm_row norm[] = {
    {"createAccessToken", "POST", "/auth", "none"},
    {"getAccountInformation", "GET", "/serviceproviders/current", "none"},
    {"listSecureComponentProfiles", "GET", "/secure-component-profiles", "none"},
    {"getSecureComponentProfile", "GET", "/secure-component-profiles/{scpId}", "none"},
    {"listScpRelatedElfs", "GET", "/secure-component-profiles/{scpId}/elfs", "none"},
    {"listScpRelatedServices", "GET", "/secure-component-profiles/{scpId}/services", "none"},
    {"listScpRelatedFlavors", "GET", "/secure-component-profiles/{scpId}/services/{serviceId}/flavors", "none"},
    {"listScpRelatedVersions", "GET", "/secure-component-profiles/{scpId}/services/{serviceId}/versions", "none"},
    {"listServices", "GET", "/services", "none"},
    {"createService", "POST", "/services", "json"},
    {"getService", "GET", "/services/{serviceId}", "none"},
    {"modifyService", "PUT", "/services/{serviceId}", "json"},
    {"deleteService", "DELETE", "/services/{serviceId}", "none"},
    {"listFlavors", "GET", "/services/{serviceId}/flavors", "none"},
    {"createFlavor", "POST", "/services/{serviceId}/flavors", "json"},
    {"getFlavor", "GET", "/services/{serviceId}/flavors/{flavorId}", "none"},
    {"modifyFlavor", "PUT", "/services/{serviceId}/flavors/{flavorId}", "json"},
    {"deleteFlavor", "DELETE", "/services/{serviceId}/flavors/{flavorId}", "none"},
    {"listServiceRelatedAppConfigs", "GET", "/services/{serviceId}/flavors/{flavorId}/application-configs", "none"},
    {"listLinkedElfs", "GET", "/services/{serviceId}/flavors/{flavorId}/executable-load-files", "none"},
    {"linkElfs", "POST", "/services/{serviceId}/flavors/{flavorId}/executable-load-files", "json"},
    {"unlinkElfs", "PUT", "/services/{serviceId}/flavors/{flavorId}/executable-load-files", "json"},
    {"publishFlavor", "POST", "/services/{serviceId}/flavors/{flavorId}/publish", "none"},
    {"listServiceRelatedVersions", "GET", "/services/{serviceId}/flavors/{flavorId}/versions", "none"},
    {"listVersions", "GET", "/services/{serviceId}/versions", "none"},
    {"createVersion", "POST", "/services/{serviceId}/versions", "json"},
    {"getVersion", "GET", "/services/{serviceId}/versions/{tag}", "none"},
    {"modifyVersion", "PUT", "/services/{serviceId}/versions/{tag}", "json"},
    {"deleteVersion", "DELETE", "/services/{serviceId}/versions/{tag}", "none"},
    {"listLinkedFlavors", "GET", "/services/{serviceId}/versions/{tag}/flavors", "none"},
    {"linkFlavors", "POST", "/services/{serviceId}/versions/{tag}/flavors", "json"},
    {"unlinkFlavors", "PUT", "/services/{serviceId}/versions/{tag}/flavors", "json"},
    {"listAssociatedSecureComponentProfiles", "GET",
     "/services/{serviceId}/versions/{tag}/flavors/{flavorId}/secure-component-profiles", "none"},
    {"listLinkedSecureComponentProfiles", "GET", "/services/{serviceId}/versions/{tag}/secure-component-profiles",
     "none"},
    {"linkSecureComponentProfiles", "POST", "/services/{serviceId}/versions/{tag}/secure-component-profiles", "json"},
    {"unlinkSecureComponentProfiles", "PUT", "/services/{serviceId}/versions/{tag}/secure-component-profiles", "json"},
    {"listElfs", "GET", "/executable-load-files", "none"},
    {"createElfAndUploadBinary", "POST", "/executable-load-files", "multipart"},
    {"getElf", "GET", "/executable-load-files/{elfId}", "none"},
    {"modifyElfAndOverwriteBinary", "PUT", "/executable-load-files/{elfId}", "multipart"},
    {"deleteElf", "DELETE", "/executable-load-files/{elfId}", "none"},
    {"getElfBinary", "GET", "/executable-load-files/{elfId}/binary", "none"},
    {"listEms", "GET", "/executable-load-files/{elfId}/executable-modules", "none"},
    {"getEm", "GET", "/executable-load-files/{elfId}/executable-modules/{emId}", "none"},
    {"listElfRelatedAppConfigs", "GET", "/executable-load-files/{elfId}/executable-modules/{emId}/application-configs",
     "none"},
    {"listElfRelatedFlavors", "GET", "/executable-load-files/{elfId}/services/{serviceId}/flavors", "none"},
    {"listElfRelatedServices", "GET", "/executable-load-files/{elfId}/services", "none"},
    {"listElfRelatedVersions", "GET", "/executable-load-files/{elfId}/services/{serviceId}/versions", "none"},
    {"listElfRelatedSecureComponentProfiles", "GET",
     "/executable-load-files/{elfId}/services/{serviceId}/secure-component-profiles", "none"},
    {"listAppConfigs", "GET", "/application-configs", "none"},
    {"createAppConfig", "POST", "/application-configs", "json"},
    {"getAppConfig", "GET", "/application-configs/{applicationConfigId}", "none"},
    {"modifyAppConfig", "PUT", "/application-configs/{applicationConfigId}", "json"},
    {"deleteAppConfig", "DELETE", "/application-configs/{applicationConfigId}", "none"},
    {"listAppConfigRelatedEms", "GET", "/application-configs/{applicationConfigId}/executable-modules", "none"},
    {"listAppConfigRelatedFlavors", "GET", "/application-configs/{applicationConfigId}/flavors", "none"},
    {"listAppConfigRelatedServices", "GET", "/application-configs/{applicationConfigId}/services", "none"},
    {"listPersoScripts", "GET", "/personalization-scripts", "none"},
    {"createPersoScriptAndUploadBinary", "POST", "/personalization-scripts", "multipart"},
    {"getPersoScript", "GET", "/personalization-scripts/{personalizationScriptId}", "none"},
    {"modifyPersoScriptAndOverwriteBinary", "PUT", "/personalization-scripts/{personalizationScriptId}", "multipart"},
    {"deletePersoScript", "DELETE", "/personalization-scripts/{personalizationScriptId}", "none"},
    {"listScriptRelatedAppConfigs", "GET", "/personalization-scripts/{personalizationScriptId}/application-configs",
     "none"},
    {"getScriptBinary", "GET", "/personalization-scripts/{personalizationScriptId}/binary", "none"},
    {"listScriptRelatedFlavors", "GET", "/personalization-scripts/{personalizationScriptId}/flavors", "none"},
    {"listScriptRelatedServices", "GET", "/personalization-scripts/{personalizationScriptId}/services", "none"},
    {"listCerts", "GET", "/certificates", "none"},
    {"createCertAndUploadBinary", "POST", "/certificates", "multipart"},
    {"getCert", "GET", "/certificates/{certificateId}", "none"},
    {"modifyCertAndOverwriteBinary", "PUT", "/certificates/{certificateId}", "multipart"},
    {"deleteCert", "DELETE", "/certificates/{certificateId}", "none"},
    {"listCertRelatedAppConfigs", "GET", "/certificates/{certificateId}/application-configs", "none"},
    {"getCertBinary", "GET", "/certificates/{certificateId}/binary", "none"},
    {"listCertRelatedFlavors", "GET", "/certificates/{certificateId}/flavors", "none"},
    {"listCertRelatedServices", "GET", "/certificates/{certificateId}/services", "none"},
    {"listCertRelatedSposConfigs", "GET", "/certificates/{certificateId}/spos-configs", "none"},
    {"listSposConfigs", "GET", "/spos-configs", "none"},
    {"createSposConfig", "POST", "/spos-configs", "json"},
    {"getSposConfig", "GET", "/spos-configs/{sposConfigId}", "none"},
    {"modifySposConfig", "PUT", "/spos-configs/{sposConfigId}", "json"},
    {"deleteSposConfig", "DELETE", "/spos-configs/{sposConfigId}", "none"},
    {"listSposConfigRelatedServices", "GET", "/spos-configs/{sposConfigId}/services", "none"},
};

std::string_view name_of(body_kind kind) {
    return kind == body_kind::json ? "json" : kind == body_kind::multipart ? "multipart" : "none";
}

/// The segments of a path, each parameter replaced by its own name.
std::vector<std::string> segments_of(std::string_view path) {
    std::vector<std::string> out;
    while (!path.empty()) {
        path.remove_prefix(1);
        out.emplace_back(path.substr(0, path.find('/')));
        path.remove_prefix(out.back().size());
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(operation_table)

BOOST_AUTO_TEST_CASE(every_operation_is_the_norms) {
    BOOST_TEST(operations().size() == std::size(norm));
    for (const auto& row : norm) {
        BOOST_TEST_CONTEXT(row.id) {
            const auto match = find_route(row.method, segments_of(row.path));
            BOOST_REQUIRE(match.found);
            const auto& found = *match.found->operation;
            BOOST_TEST(found.id == row.id);
            BOOST_TEST(found.path == row.path);
            BOOST_TEST(name_of(body_of(found.what)) == row.body);
        }
    }
}

// What an operation does follows from its name and method in the norm.
BOOST_AUTO_TEST_CASE(the_action_and_the_walk_fit_the_name) {
    std::set<relation> walks;
    for (const auto& o : operations()) {
        BOOST_TEST_CONTEXT(o.id) {
            BOOST_TEST((o.what == action::related) == (o.walk != relation::none));
            if (o.walk != relation::none)
                BOOST_TEST(walks.insert(o.walk).second); // each is asked by one operation
            const bool single = o.path.ends_with('}') || o.path.ends_with("/current");
            if (o.id.starts_with("list"))
                BOOST_TEST((o.method == "GET" && (o.what == action::list || o.what == action::related)));
            else if (o.id.ends_with("Binary") && o.method == "GET")
                BOOST_CHECK(o.what == action::download);
            else if (o.id.starts_with("get"))
                BOOST_TEST((single && (o.what == action::read || o.what == action::account)));
            else if (o.id.ends_with("UploadBinary"))
                BOOST_CHECK(o.what == action::upload);
            else if (o.id.ends_with("OverwriteBinary"))
                BOOST_CHECK(o.what == action::replace);
            else if (o.id.starts_with("create") && o.id != "createAccessToken")
                BOOST_CHECK(o.what == action::create);
            else if (o.id.starts_with("modify"))
                BOOST_TEST((single && o.what == action::modify));
            else if (o.id.starts_with("delete"))
                BOOST_TEST((single && o.method == "DELETE" && o.what == action::remove));
        }
    }
    BOOST_TEST(walks.size() == 26u); // all but flavor_profiles, which the rules walk
}

BOOST_AUTO_TEST_CASE(a_path_that_is_known_tells_its_methods) {
    std::map<std::string_view, std::set<std::string_view>> by_path;
    for (const auto& row : norm) {
        by_path[row.path].insert(row.method);
        if (row.method == "GET") // RFC 9110 9.3.2
            by_path[row.path].insert("HEAD");
    }
    for (const auto& [path, known] : by_path)
        for (const auto method : {"GET", "HEAD", "POST", "PUT", "DELETE"}) {
            BOOST_TEST_CONTEXT(method << " " << path) {
                const auto match = find_route(method, segments_of(path));
                BOOST_TEST(match.found.has_value() == known.contains(method));
                if (!match.found) {
                    const std::set<std::string_view> told(match.allowed.begin(), match.allowed.end());
                    BOOST_CHECK(told == known);
                }
            }
        }
    for (const auto* unknown :
         {"/", "/nothing", "/services/a/b", "/services/a/flavors/b/publish/c", "/certificates/a/b/c"}) {
        const auto match = find_route("GET", segments_of(unknown));
        BOOST_TEST(!match.found.has_value(), unknown);
        BOOST_TEST(match.allowed.empty(), unknown);
    }
    BOOST_TEST(!find_route("get", {"services"}).found.has_value()); // methods have a case (RFC 9110 9.1)
}

BOOST_AUTO_TEST_CASE(parameters_are_named_by_what_they_identify) {
    using enum entity_kind;
    const std::map<std::string, entity_kind> kinds{{"{serviceId}", service},
                                                   {"{flavorId}", flavor},
                                                   {"{tag}", version},
                                                   {"{scpId}", secure_component_profile},
                                                   {"{elfId}", executable_load_file},
                                                   {"{emId}", executable_module},
                                                   {"{applicationConfigId}", application_config},
                                                   {"{personalizationScriptId}", personalization_script},
                                                   {"{certificateId}", certificate},
                                                   {"{sposConfigId}", spos_config}};
    for (const auto& row : norm) {
        BOOST_TEST_CONTEXT(row.id) {
            const auto match = find_route(row.method, segments_of(row.path));
            BOOST_REQUIRE(match.found);
            std::size_t at = 0;
            for (const auto& segment : segments_of(row.path)) {
                if (!segment.starts_with('{'))
                    continue;
                BOOST_REQUIRE(at < match.found->parameters.size());
                BOOST_CHECK(match.found->parameters[at].kind == kinds.at(segment));
                BOOST_TEST(match.found->parameters[at].value == segment);
                ++at;
            }
            BOOST_TEST(at == match.found->parameters.size());
        }
    }
}

BOOST_AUTO_TEST_CASE(other_spellings_of_the_norm_lead_to_the_same) { // AMB-017
    for (const auto& [path, id] : {std::pair{"/service-providers/current", "getAccountInformation"},
                                   {"/services/s/executable-load-files/e/flavors", "listElfRelatedFlavors"},
                                   {"/application-configs/a/exectable-modules", "listAppConfigRelatedEms"}}) {
        const auto match = find_route("GET", segments_of(path));
        BOOST_REQUIRE(match.found);
        BOOST_TEST(match.found->operation->id == id);
        BOOST_TEST(!find_route("POST", segments_of(path)).found.has_value());
    }
    // There the ids stand in another order, and each keeps its kind.
    const auto match = find_route("GET", {"services", "s", "executable-load-files", "e", "flavors"});
    BOOST_TEST(match.found->parameters.at(0).value == "s");
    BOOST_CHECK(match.found->parameters.at(0).kind == entity_kind::service);
    BOOST_CHECK(match.found->parameters.at(1).kind == entity_kind::executable_load_file);
}

BOOST_AUTO_TEST_SUITE_END()
