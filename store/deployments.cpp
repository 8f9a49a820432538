#include "store/deployments.hpp"

#include "crypto/pki.hpp"
#include "store/profile_internals.hpp"

#include <algorithm>

namespace tsms::store {

namespace {

using model::entity_kind;
using model::relation;

std::string text(const json::object& o, std::string_view key) {
    const auto* v = o.find(key);
    return v && v->as_string() ? *v->as_string() : std::string();
}
std::int64_t number(const json::object& o, std::string_view key, std::int64_t otherwise) {
    const auto* v = o.find(key);
    return v && v->as_integer() ? *v->as_integer() : otherwise;
}
bool flag(const json::object& o, std::string_view key, bool otherwise = false) {
    const auto* v = o.find(key);
    return v && v->as_boolean() ? *v->as_boolean() : otherwise;
}
const json::object& part(const json::object& o, std::string_view key) {
    static const json::object none;
    const auto* v = o.find(key);
    return v && v->as_object() ? *v->as_object() : none;
}
std::vector<std::string> texts(const json::object& o, std::string_view key) {
    return json::reader(o).strings(key);
}

walk_start start_at(const entity_row& row) {
    walk_start start(row.provider);
    start.set(row.kind, row.id);
    if (row.kind == entity_kind::version || row.kind == entity_kind::flavor)
        start.set(entity_kind::service, row.parent);
    return start;
}

std::vector<entity_row> load_files_of(const catalog_view& view, const entity_row& flavor) {
    std::vector<entity_row> out;
    for (const auto& id : texts(flavor.document, "executableLoadFileIds"))
        if (auto row = view.find(entity_kind::executable_load_file, flavor.provider, id))
            out.push_back(std::move(*row));
    return out;
}

/// The eligibility check repeats what the REST API has checked (AMB-055, DIV-066): a profile may have changed since.
bool meets(const catalog_view& view, const entity_row& profile, const entity_row& flavor) {
    const auto offered = offer_of(view, profile);
    return std::ranges::none_of(load_files_of(view, flavor),
                                [&](const entity_row& elf) {
                                    return model::first_unmet(requirement_of(elf.document, false), offered).has_value();
                                }) &&
           !model::aid_conflict_of(content_of(view, flavor), aids_of_profile(view, profile));
}

std::optional<entity_row> version_of(const catalog_view& view, const std::string& service, const std::string& tag) {
    const auto row = view.find_any(entity_kind::service, service);
    if (!row)
        return std::nullopt;
    return view.find_version(row->provider, service, tag);
}

/// The published Flavor that the Version has for this profile.
std::optional<entity_row> flavor_for(const catalog_view& view, const entity_row& version, const std::string& profile) {
    for (const auto& [flavor_id, profiles] : part(version.document, "allowedDeployments")) {
        if (std::ranges::find(*profiles.as_array(), json::value(profile)) == profiles.as_array()->end())
            continue;
        auto flavor = view.find(entity_kind::flavor, version.provider, flavor_id);
        const auto row = view.find_any(entity_kind::secure_component_profile, profile);
        if (flavor && row && flag(flavor->document, "published") && meets(view, *row, *flavor))
            return flavor;
    }
    return std::nullopt;
}

std::vector<model::target_load_file> target_load_files(const catalog_view& view, const entity_row& flavor) {
    std::vector<model::target_load_file> out;
    for (const auto& elf : load_files_of(view, flavor)) {
        const auto& internal = part(elf.document, "loadImage");
        out.push_back({.elf_id = elf.id,
                       .aid = text(elf.document, "aid"),
                       .sha256 = text(internal, "sha256"),
                       .size = static_cast<std::size_t>(number(internal, "size", 0)),
                       .imports = texts(elf.document, "importedPackages"),
                       .packages = json::reader(internal).has("packages") ? texts(internal, "packages")
                                                                          : std::vector<std::string>()});
    }
    return out;
}

model::target_application target_application(const catalog_view& view, const entity_row& flavor,
                                             const json::object& aic) {
    const auto module = view.find(entity_kind::executable_module, flavor.provider, text(aic, "executableModuleId"));
    const auto config = view.find(entity_kind::application_config, flavor.provider, text(aic, "applicationConfigId"));
    const auto elf =
        module ? view.find(entity_kind::executable_load_file, flavor.provider, module->parent) : std::nullopt;
    if (!module || !config || !elf)
        throw error("Flavor " + flavor.id + " refers to what is not in the catalog; restore catalog.db from a backup");
    const auto& install = part(config->document, "installConfig");
    const auto& activation = part(config->document, "activationConfig");
    const auto& personalization = part(config->document, "personalizationConfig");
    const bool selectable = flag(activation, "makeSelectable", true);
    return {.elf_aid = text(elf->document, "aid"),
            .module_aid = text(module->document, "aid"),
            .instance_aid = text(config->document, "instanceAid"),
            .priority = static_cast<int>(number(aic, "priority", 255)),
            .privileges = texts(install, "privileges"),
            .install_parameters = text(install, "applicationSpecificInstallParameter"),
            .make_selectable = selectable,
            .accessible_via_apdu = selectable && flag(activation, "accessibleViaApdu"), // AMB-044
            .accessible_via_nfc = selectable && flag(activation, "accessibleViaNfc"),
            .has_personalization = !text(personalization, "personalizationScriptId").empty() ||
                                   flag(personalization, "provideAttestationToken")};
}

std::vector<model::target_application> target_applications(const catalog_view& view, const entity_row& flavor) {
    std::vector<model::target_application> out;
    for (const auto& aic : json::reader(flavor.document).array_or_empty("applicationInstantiationConfigs"))
        out.push_back(target_application(view, flavor, *aic.as_object()));
    return out;
}

/// The certificates of an uploaded file (DER, or PEM with text between the blocks) and nothing else of it: versions
/// before took files that held a private key too.
std::string anchors_in(const std::string& file) {
    if (const auto single = crypto::parse_certificate(as_bytes(file)))
        return single->pem();
    return crypto::pem_of(crypto::parse_certificates(file));
}

std::optional<model::spos_target> spos_target_of(const catalog_view& view, const entity_row& service) {
    const auto spos = view.find(entity_kind::spos_config, service.provider, text(service.document, "sposConfigId"));
    if (!spos)
        return std::nullopt;
    return model::spos_target{text(spos->document, "url"),
                              anchors_in(view.file(text(spos->document, "certificateId")).value_or(""))};
}

known_profile profile_of(const catalog_view& view, const entity_row& row) {
    const auto internals = view.profile_internals(row.id);
    return {.id = row.id,
            .name = text(row.document, "name"),
            .sc_type = static_cast<int>(number(row.document, "scType", 0)),
            .csp = !part(row.document, "csp").empty(),
            .identification = read_identification(part(internals, "identification")),
            .card = read_card_parameters(part(internals, "card"))};
}

} // namespace

model::technical_offer offer_of(const catalog_view& view, const entity_row& profile) {
    const auto internals = view.profile_internals(profile.id);
    return {.java_card_version = text(profile.document, "javaCardVersion"),
            .gp_api_version = text(part(profile.document, "gpApiVersions"), "card"),
            .csp = !part(profile.document, "csp").empty(),
            .extended_cap = read_card_parameters(part(internals, "card")).extended_cap};
}

model::technical_requirement requirement_of(const json::object& load_file, bool csp) {
    const auto& needed = part(load_file, "technicalRequirements");
    return {.java_card_version = text(needed, "javaCardVersion"),
            .gp_api_version = text(needed, "gpApiVersion"),
            .csp = csp,
            .extended_cap = flag(part(load_file, "loadImage"), "extended")};
}

model::card_content content_of(const catalog_view& view, const entity_row& flavor) {
    const auto service = view.find(entity_kind::service, flavor.provider, flavor.parent);
    return {target_load_files(view, flavor), target_applications(view, flavor),
            service ? text(service->document, "sdAid") : std::string()};
}

std::vector<model::held_aid> aids_of_profile(const catalog_view& view, const entity_row& profile) {
    const auto internals = view.profile_internals(profile.id);
    const auto& card = part(internals, "card");
    auto out = model::aids_of_cards(read_card_parameters(card));
    for (auto& aid : read_preloaded_aids(card))
        out.push_back({std::move(aid), "something preloaded"});
    // A prefix of the ISD's AID that is as long as an AID, as profiles have it that do not know `isdAid`.
    for (auto& aid : read_identification(part(internals, "identification")).isd)
        if (const auto octets = from_hex(aid); octets && octets->size() >= 5)
            out.push_back({std::move(aid), "the issuer security domain"});
    return out;
}

bool deployments::service_exists(const std::string& service) const {
    return provider_of(service).has_value();
}

std::optional<std::string> deployments::provider_of(const std::string& service) const {
    return catalog_.read([&](const catalog_view& view) -> std::optional<std::string> {
        const auto row = view.find_any(entity_kind::service, service);
        return row ? std::optional(row->provider) : std::nullopt;
    });
}

bool deployments::has_flavors(const std::string& service) const {
    return catalog_.read([&](const catalog_view& view) {
        const auto row = view.find_any(entity_kind::service, service);
        return row && !view.list(entity_kind::flavor, row->provider, service).empty();
    });
}

bool deployments::flavor_exists_and_published(const std::string& flavor) const {
    return catalog_.read([&](const catalog_view& view) {
        const auto row = view.find_any(entity_kind::flavor, flavor);
        return row && flag(row->document, "published");
    });
}

std::vector<known_version> deployments::versions_of(const std::string& service) const {
    return catalog_.read([&](const catalog_view& view) {
        std::vector<known_version> out;
        if (const auto row = view.find_any(entity_kind::service, service))
            for (const auto& version : view.list(entity_kind::version, row->provider, service)) {
                const auto tag = text(version.document, "tag");
                out.push_back({tag, model::parse_tag(tag).value_or(model::version_number{})});
            }
        return out;
    });
}

bool deployments::version_exists(const std::string& service, const std::string& tag) const {
    return catalog_.read([&](const catalog_view& view) { return version_of(view, service, tag).has_value(); });
}

bool deployments::version_has_flavors(const std::string& service, const std::string& tag) const {
    return catalog_.read([&](const catalog_view& view) {
        const auto version = version_of(view, service, tag);
        return version && !part(version->document, "allowedDeployments").empty();
    });
}

std::vector<std::string> deployments::allowed_profiles(const std::string& service, const std::string& tag) const {
    return catalog_.read([&](const catalog_view& view) {
        std::vector<std::string> out;
        const auto version = version_of(view, service, tag);
        if (!version)
            return out;
        for (const auto& profile :
             view.related(relation::version_profiles, entity_kind::secure_component_profile, start_at(*version)))
            if (!flag(view.profile_internals(profile.id), "deprecated") && flavor_for(view, *version, profile.id))
                out.push_back(profile.id); // AMB-070: what is deprecated is not chosen any more
        return out;
    });
}

std::vector<known_profile> deployments::profiles() const {
    return catalog_.read([](const catalog_view& view) {
        std::vector<known_profile> out;
        for (const auto& row : view.list(entity_kind::secure_component_profile, "", ""))
            out.push_back(profile_of(view, row));
        return out;
    });
}

std::optional<known_profile> deployments::profile(const std::string& id) const {
    return catalog_.read([&](const catalog_view& view) -> std::optional<known_profile> {
        const auto row = view.find_any(entity_kind::secure_component_profile, id);
        return row ? std::optional(profile_of(view, *row)) : std::nullopt;
    });
}

std::optional<model::deployment_target> deployments::target_for(const std::string& service_id, const std::string& tag,
                                                                const std::string& profile_id) const {
    return catalog_.read([&](const catalog_view& view) -> std::optional<model::deployment_target> {
        const auto service = view.find_any(entity_kind::service, service_id);
        const auto version = version_of(view, service_id, tag);
        const auto flavor = version ? flavor_for(view, *version, profile_id) : std::nullopt;
        if (!service || !flavor)
            return std::nullopt;
        model::deployment_target target;
        target.service_provider_id = service->provider;
        target.service_id = service->id;
        target.service_name = text(service->document, "name");
        target.sd_aid = text(service->document, "sdAid");
        target.version_tag = tag;
        target.flavor_id = flavor->id;
        target.flavor_name = text(flavor->document, "name");
        target.profile_id = profile_id;
        for (const auto* owner : {&service->document, &flavor->document}) // the Flavor's values win (TR 4.1.4.4)
            for (auto& [key, value] : json::reader(*owner).string_map("spParameters"))
                target.sp_parameters[key] = value;
        auto content = content_of(view, *flavor);
        target.load_files = in_load_order(std::move(content.load_files));
        // In order of instantiation: by priority, ties by list position (AMB-078).
        std::ranges::stable_sort(content.applications, {}, &model::target_application::priority);
        target.applications = std::move(content.applications);
        for (const auto& app : texts(service->document, "accessAuthorizedDeviceApps"))
            if (app.size() == 40 || app.size() == 64)
                target.device_apps.push_back(app);
        target.card = read_card_parameters(part(view.profile_internals(profile_id), "card"));
        target.spos = spos_target_of(view, *service);
        return target;
    });
}

std::optional<bytes> deployments::load_image(const std::string& sha256) const {
    return catalog_.read([&](const catalog_view& view) { return view.load_image(sha256); });
}

std::optional<model::spos_target> deployments::spos_of(const std::string& service) const {
    return catalog_.read([&](const catalog_view& view) -> std::optional<model::spos_target> {
        const auto row = view.find_any(entity_kind::service, service);
        return row ? spos_target_of(view, *row) : std::nullopt;
    });
}

} // namespace tsms::store
