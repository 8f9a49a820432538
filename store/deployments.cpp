#include "store/deployments.hpp"

#include "crypto/pki.hpp"
#include "model/load_order.hpp"
#include "store/catalog_facts.hpp"
#include "store/stored_document.hpp"

#include <algorithm>

namespace tsms::store {

namespace {

using model::entity_kind;
using model::relation;

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
std::optional<entity_row> flavor_for(const catalog_view& view, const entity_row& version, const entity_row& profile) {
    const auto& deployments = part(version.document, "allowedDeployments");
    for (const auto& [flavor_id, unused] : deployments) {
        const auto profiles = texts(deployments, flavor_id);
        if (std::ranges::find(profiles, profile.id) == profiles.end())
            continue;
        auto flavor = view.find(entity_kind::flavor, version.provider, flavor_id);
        if (flavor && flag(flavor->document, "published") && meets(view, profile, *flavor))
            return flavor;
    }
    return std::nullopt;
}

/// Profiles, other than deprecated ones, for which the Version has a published Flavor whose load files' requirements
/// they meet (TR 3.3.1.2).
std::vector<std::string> allowed_profiles(const catalog_view& view, const entity_row& version) {
    walk_start start(version.provider);
    start.set(entity_kind::version, version.id);
    std::vector<std::string> out;
    for (const auto& profile : view.related(relation::version_profiles, entity_kind::secure_component_profile, start))
        if (!flag(view.profile_internals(profile.id), "deprecated") && flavor_for(view, version, profile))
            out.push_back(profile.id); // AMB-070: what is deprecated is not chosen any more
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

model::offered_service offered(const catalog_view& view, const entity_row& service) {
    model::offered_service out;
    out.id = service.id;
    out.provider = service.provider;
    out.has_flavors = !view.list(entity_kind::flavor, service.provider, service.id).empty();
    for (const auto& version : view.list(entity_kind::version, service.provider, service.id))
        out.versions.push_back({.tag = text(version.document, "tag"),
                                .has_flavors = !part(version.document, "allowedDeployments").empty(),
                                .profiles = allowed_profiles(view, version)});
    out.spos = spos_target_of(view, service);
    return out;
}

model::deployment_target target_of(const catalog_view& view, const entity_row& service, const std::string& tag,
                                   const entity_row& flavor, const entity_row& profile) {
    model::deployment_target target;
    target.service_provider_id = service.provider;
    target.service_id = service.id;
    target.service_name = text(service.document, "name");
    target.sd_aid = text(service.document, "sdAid");
    target.version_tag = tag;
    target.flavor_id = flavor.id;
    target.flavor_name = text(flavor.document, "name");
    target.profile_id = profile.id;
    for (const auto* owner : {&service, &flavor}) // the Flavor's values win (TR 4.1.4.4)
        for (auto& [key, value] : json::reader(owner->document).string_map("spParameters"))
            target.sp_parameters[key] = value;
    auto content = content_of(view, flavor);
    read_scripts(view, flavor, content.applications);
    target.load_files = model::in_load_order(std::move(content.load_files));
    // In order of instantiation: by priority, ties by list position (AMB-078).
    std::ranges::stable_sort(content.applications, {}, &model::target_application::priority);
    target.applications = std::move(content.applications);
    for (const auto& app : texts(service.document, "accessAuthorizedDeviceApps"))
        if (app.size() == 40 || app.size() == 64)
            target.device_apps.push_back(app);
    target.card = card_profile_of(view, profile).card;
    target.spos = spos_target_of(view, service);
    return target;
}

class catalog_deployments final : public deployments {
public:
    explicit catalog_deployments(std::shared_ptr<const catalog_reader> catalog) : catalog_(std::move(catalog)) {}

    std::vector<model::card_profile> profiles() const override {
        return catalog_->read([](const catalog_view& view) {
            std::vector<model::card_profile> out;
            for (const auto& row : view.list(entity_kind::secure_component_profile, "", ""))
                out.push_back(card_profile_of(view, row));
            return out;
        });
    }
    std::optional<model::offered_service> service(const std::string& id) const override {
        return catalog_->read([&](const catalog_view& view) {
            const auto row = view.find_any(entity_kind::service, id);
            return row ? std::optional(offered(view, *row)) : std::nullopt;
        });
    }
    std::optional<model::deployment_target> target(const std::string& service, const std::string& version,
                                                   const std::string& profile) const override {
        return catalog_->read([&](const catalog_view& view) -> std::optional<model::deployment_target> {
            const auto of = view.find_any(entity_kind::service, service);
            const auto cards = view.find_any(entity_kind::secure_component_profile, profile);
            const auto tagged = version_of(view, service, version);
            const auto flavor = tagged && cards ? flavor_for(view, *tagged, *cards) : std::nullopt;
            return flavor ? std::optional(target_of(view, *of, version, *flavor, *cards)) : std::nullopt;
        });
    }
    bool flavor_exists(const std::string& service, const std::string& flavor) const override {
        return catalog_->read([&](const catalog_view& view) {
            const auto row = view.find_any(entity_kind::flavor, flavor);
            return row && row->parent == service && flag(row->document, "published");
        });
    }
    bool version_exists(const std::string& service, const std::string& tag) const override {
        return catalog_->read([&](const catalog_view& view) { return version_of(view, service, tag).has_value(); });
    }
    std::optional<bytes> load_image(const model::target_load_file& file) const override {
        return catalog_->read([&](const catalog_view& view) { return view.load_image(file.sha256); });
    }

private:
    std::shared_ptr<const catalog_reader> catalog_;
};

} // namespace

std::unique_ptr<deployments> deployments_of(std::shared_ptr<const catalog_reader> catalog) {
    return std::make_unique<catalog_deployments>(std::move(catalog));
}

} // namespace tsms::store
