#include "model/operations.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace tsms::model {

namespace {

using enum entity_kind;

// Canonical paths: TR 4.1.6 as corrected by 1.0.4 (AMB-017).
constexpr rest_operation rows[] = {
    // TR 4.1.6.1
    {"createAccessToken", "POST", "/auth", action::authenticate, none},
    // TR 4.1.6.2
    {"getAccountInformation", "GET", "/serviceproviders/current", action::account, service_provider},
    // TR 4.1.6.3
    {"listSecureComponentProfiles", "GET", "/secure-component-profiles", action::list, secure_component_profile},
    {"getSecureComponentProfile", "GET", "/secure-component-profiles/{scpId}", action::read, secure_component_profile},
    {"listScpRelatedElfs", "GET", "/secure-component-profiles/{scpId}/elfs", action::related, executable_load_file,
     relation::profile_load_files},
    {"listScpRelatedServices", "GET", "/secure-component-profiles/{scpId}/services", action::related, service,
     relation::profile_services},
    {"listScpRelatedFlavors", "GET", "/secure-component-profiles/{scpId}/services/{serviceId}/flavors", action::related,
     flavor, relation::profile_flavors},
    {"listScpRelatedVersions", "GET", "/secure-component-profiles/{scpId}/services/{serviceId}/versions",
     action::related, version, relation::profile_versions},
    // TR 4.1.6.4
    {"listServices", "GET", "/services", action::list, service},
    {"createService", "POST", "/services", action::create, service},
    {"getService", "GET", "/services/{serviceId}", action::read, service},
    {"modifyService", "PUT", "/services/{serviceId}", action::modify, service},
    {"deleteService", "DELETE", "/services/{serviceId}", action::remove, service},
    {"listFlavors", "GET", "/services/{serviceId}/flavors", action::list, flavor},
    {"createFlavor", "POST", "/services/{serviceId}/flavors", action::create, flavor},
    {"getFlavor", "GET", "/services/{serviceId}/flavors/{flavorId}", action::read, flavor},
    {"modifyFlavor", "PUT", "/services/{serviceId}/flavors/{flavorId}", action::modify, flavor},
    {"deleteFlavor", "DELETE", "/services/{serviceId}/flavors/{flavorId}", action::remove, flavor},
    {"listServiceRelatedAppConfigs", "GET", "/services/{serviceId}/flavors/{flavorId}/application-configs",
     action::related, application_config, relation::flavor_configs},
    {"listLinkedElfs", "GET", "/services/{serviceId}/flavors/{flavorId}/executable-load-files", action::related,
     executable_load_file, relation::flavor_load_files},
    {"linkElfs", "POST", "/services/{serviceId}/flavors/{flavorId}/executable-load-files", action::link_load_files,
     flavor},
    {"unlinkElfs", "PUT", "/services/{serviceId}/flavors/{flavorId}/executable-load-files", action::unlink_load_files,
     flavor},
    {"publishFlavor", "POST", "/services/{serviceId}/flavors/{flavorId}/publish", action::publish, flavor},
    {"listServiceRelatedVersions", "GET", "/services/{serviceId}/flavors/{flavorId}/versions", action::related, version,
     relation::flavor_versions},
    {"listVersions", "GET", "/services/{serviceId}/versions", action::list, version},
    {"createVersion", "POST", "/services/{serviceId}/versions", action::create, version},
    {"getVersion", "GET", "/services/{serviceId}/versions/{tag}", action::read, version},
    {"modifyVersion", "PUT", "/services/{serviceId}/versions/{tag}", action::modify, version},
    {"deleteVersion", "DELETE", "/services/{serviceId}/versions/{tag}", action::remove, version},
    {"listLinkedFlavors", "GET", "/services/{serviceId}/versions/{tag}/flavors", action::related, flavor,
     relation::version_flavors},
    {"linkFlavors", "POST", "/services/{serviceId}/versions/{tag}/flavors", action::link_flavors, version},
    {"unlinkFlavors", "PUT", "/services/{serviceId}/versions/{tag}/flavors", action::unlink_flavors, version},
    {"listAssociatedSecureComponentProfiles", "GET",
     "/services/{serviceId}/versions/{tag}/flavors/{flavorId}/secure-component-profiles", action::related,
     secure_component_profile, relation::version_flavor_profiles},
    {"listLinkedSecureComponentProfiles", "GET", "/services/{serviceId}/versions/{tag}/secure-component-profiles",
     action::related, secure_component_profile, relation::version_profiles},
    {"linkSecureComponentProfiles", "POST", "/services/{serviceId}/versions/{tag}/secure-component-profiles",
     action::link_profiles, version},
    {"unlinkSecureComponentProfiles", "PUT", "/services/{serviceId}/versions/{tag}/secure-component-profiles",
     action::unlink_profiles, version},
    // TR 4.1.6.5
    {"listElfs", "GET", "/executable-load-files", action::list, executable_load_file},
    {"createElfAndUploadBinary", "POST", "/executable-load-files", action::upload, executable_load_file},
    {"getElf", "GET", "/executable-load-files/{elfId}", action::read, executable_load_file},
    {"modifyElfAndOverwriteBinary", "PUT", "/executable-load-files/{elfId}", action::replace, executable_load_file},
    {"deleteElf", "DELETE", "/executable-load-files/{elfId}", action::remove, executable_load_file},
    {"getElfBinary", "GET", "/executable-load-files/{elfId}/binary", action::download, executable_load_file},
    {"listEms", "GET", "/executable-load-files/{elfId}/executable-modules", action::list, executable_module},
    {"getEm", "GET", "/executable-load-files/{elfId}/executable-modules/{emId}", action::read, executable_module},
    {"listElfRelatedAppConfigs", "GET", "/executable-load-files/{elfId}/executable-modules/{emId}/application-configs",
     action::related, application_config, relation::module_configs},
    {"listElfRelatedFlavors", "GET", "/executable-load-files/{elfId}/services/{serviceId}/flavors", action::related,
     flavor, relation::load_file_flavors},
    {"listElfRelatedServices", "GET", "/executable-load-files/{elfId}/services", action::related, service,
     relation::load_file_services},
    {"listElfRelatedVersions", "GET", "/executable-load-files/{elfId}/services/{serviceId}/versions", action::related,
     version, relation::load_file_versions},
    {"listElfRelatedSecureComponentProfiles", "GET",
     "/executable-load-files/{elfId}/services/{serviceId}/secure-component-profiles", action::related,
     secure_component_profile, relation::load_file_profiles},
    // TR 4.1.6.6
    {"listAppConfigs", "GET", "/application-configs", action::list, application_config},
    {"createAppConfig", "POST", "/application-configs", action::create, application_config},
    {"getAppConfig", "GET", "/application-configs/{applicationConfigId}", action::read, application_config},
    {"modifyAppConfig", "PUT", "/application-configs/{applicationConfigId}", action::modify, application_config},
    {"deleteAppConfig", "DELETE", "/application-configs/{applicationConfigId}", action::remove, application_config},
    {"listAppConfigRelatedEms", "GET", "/application-configs/{applicationConfigId}/executable-modules", action::related,
     executable_module, relation::config_modules},
    {"listAppConfigRelatedFlavors", "GET", "/application-configs/{applicationConfigId}/flavors", action::related,
     flavor, relation::config_flavors},
    {"listAppConfigRelatedServices", "GET", "/application-configs/{applicationConfigId}/services", action::related,
     service, relation::config_services},
    // TR 4.1.6.7
    {"listPersoScripts", "GET", "/personalization-scripts", action::list, personalization_script},
    {"createPersoScriptAndUploadBinary", "POST", "/personalization-scripts", action::upload, personalization_script},
    {"getPersoScript", "GET", "/personalization-scripts/{personalizationScriptId}", action::read,
     personalization_script},
    {"modifyPersoScriptAndOverwriteBinary", "PUT", "/personalization-scripts/{personalizationScriptId}",
     action::replace, personalization_script},
    {"deletePersoScript", "DELETE", "/personalization-scripts/{personalizationScriptId}", action::remove,
     personalization_script},
    {"listScriptRelatedAppConfigs", "GET", "/personalization-scripts/{personalizationScriptId}/application-configs",
     action::related, application_config, relation::script_configs},
    {"getScriptBinary", "GET", "/personalization-scripts/{personalizationScriptId}/binary", action::download,
     personalization_script},
    {"listScriptRelatedFlavors", "GET", "/personalization-scripts/{personalizationScriptId}/flavors", action::related,
     flavor, relation::script_flavors},
    {"listScriptRelatedServices", "GET", "/personalization-scripts/{personalizationScriptId}/services", action::related,
     service, relation::script_services},
    // TR 4.1.6.8
    {"listCerts", "GET", "/certificates", action::list, certificate},
    {"createCertAndUploadBinary", "POST", "/certificates", action::upload, certificate},
    {"getCert", "GET", "/certificates/{certificateId}", action::read, certificate},
    {"modifyCertAndOverwriteBinary", "PUT", "/certificates/{certificateId}", action::replace, certificate},
    {"deleteCert", "DELETE", "/certificates/{certificateId}", action::remove, certificate},
    {"listCertRelatedAppConfigs", "GET", "/certificates/{certificateId}/application-configs", action::related,
     application_config, relation::certificate_configs},
    {"getCertBinary", "GET", "/certificates/{certificateId}/binary", action::download, certificate},
    {"listCertRelatedFlavors", "GET", "/certificates/{certificateId}/flavors", action::related, flavor,
     relation::certificate_flavors},
    {"listCertRelatedServices", "GET", "/certificates/{certificateId}/services", action::related, service,
     relation::certificate_services},
    {"listCertRelatedSposConfigs", "GET", "/certificates/{certificateId}/spos-configs", action::related, spos_config,
     relation::certificate_spos_configs},
    // TR 4.1.6.9
    {"listSposConfigs", "GET", "/spos-configs", action::list, spos_config},
    {"createSposConfig", "POST", "/spos-configs", action::create, spos_config},
    {"getSposConfig", "GET", "/spos-configs/{sposConfigId}", action::read, spos_config},
    {"modifySposConfig", "PUT", "/spos-configs/{sposConfigId}", action::modify, spos_config},
    {"deleteSposConfig", "DELETE", "/spos-configs/{sposConfigId}", action::remove, spos_config},
    {"listSposConfigRelatedServices", "GET", "/spos-configs/{sposConfigId}/services", action::related, service,
     relation::spos_config_services},
};

/// Other spellings in the TR, with the same behaviour (AMB-017).
struct alias {
    std::string_view path;
    std::string_view canonical;
};
constexpr alias aliases[] = {
    {"/service-providers/current", "/serviceproviders/current"},
    {"/services/{serviceId}/executable-load-files/{elfId}/flavors",
     "/executable-load-files/{elfId}/services/{serviceId}/flavors"},
    {"/application-configs/{applicationConfigId}/exectable-modules",
     "/application-configs/{applicationConfigId}/executable-modules"},
};

struct parameter_name {
    std::string_view name;
    entity_kind kind;
};
constexpr parameter_name parameter_names[] = {
    {"{serviceId}", service},
    {"{flavorId}", flavor},
    {"{tag}", version},
    {"{scpId}", secure_component_profile},
    {"{elfId}", executable_load_file},
    {"{emId}", executable_module},
    {"{applicationConfigId}", application_config},
    {"{personalizationScriptId}", personalization_script},
    {"{certificateId}", certificate},
    {"{sposConfigId}", spos_config},
};

struct segment {
    std::string_view literal; ///< empty for a parameter
    entity_kind parameter = none;
};

struct compiled {
    std::vector<segment> segments;
    std::vector<const rest_operation*> methods;
};

std::vector<segment> compile_path(std::string_view path) {
    std::vector<segment> out;
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto text = path.substr(0, path.find('/'));
        path.remove_prefix(text.size());
        if (text.front() != '{') {
            out.push_back({text});
            continue;
        }
        const auto known = std::ranges::find(parameter_names, text, &parameter_name::name);
        if (known == std::end(parameter_names))
            throw std::logic_error("a route names an unknown path parameter");
        out.push_back({{}, known->kind});
    }
    return out;
}

std::vector<compiled> compile_routes() {
    std::vector<compiled> out;
    const auto add = [&](std::string_view spelling, std::string_view canonical) {
        compiled c{compile_path(spelling), {}};
        for (const auto& row : rows)
            if (row.path == canonical)
                c.methods.push_back(&row);
        out.push_back(std::move(c));
    };
    std::vector<std::string_view> seen;
    for (const auto& row : rows) {
        if (std::ranges::find(seen, row.path) != seen.end())
            continue;
        seen.push_back(row.path);
        add(row.path, row.path);
    }
    for (const auto& a : aliases)
        add(a.path, a.canonical);
    return out;
}

bool fits(const compiled& c, const std::vector<std::string>& segments) {
    return std::ranges::equal(c.segments, segments, [](const segment& s, const std::string& text) {
        return s.literal.empty() || s.literal == text;
    });
}

} // namespace

body_kind body_of(action a) {
    switch (a) {
    case action::create:
    case action::modify:
    case action::link_load_files:
    case action::unlink_load_files:
    case action::link_flavors:
    case action::unlink_flavors:
    case action::link_profiles:
    case action::unlink_profiles:
        return body_kind::json;
    case action::upload:
    case action::replace:
        return body_kind::multipart;
    default:
        return body_kind::none;
    }
}

std::span<const rest_operation> operations() {
    return rows;
}

route_match find_route(std::string_view method, const std::vector<std::string>& segments) {
    static const auto routes = compile_routes();
    constexpr std::string_view get = "GET";
    constexpr std::string_view head = "HEAD"; // answered like GET (RFC 9110 9.3.2)
    route_match match;
    for (const auto& c : routes) {
        if (!fits(c, segments))
            continue;
        for (const auto* operation : c.methods) {
            if (operation->method != (method == head ? get : method)) {
                match.allowed.push_back(operation->method);
                if (operation->method == get)
                    match.allowed.push_back(head);
                continue;
            }
            route r{operation, {}};
            for (std::size_t i = 0; i < segments.size(); ++i)
                if (c.segments[i].literal.empty())
                    r.parameters.push_back({c.segments[i].parameter, segments[i]});
            match.found = std::move(r);
            return match;
        }
        return match;
    }
    return match;
}

} // namespace tsms::model
