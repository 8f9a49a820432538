#pragma once
// The catalog as the device role sees it: Services, Versions, Flavors and profiles turned into deployment targets.

#include "model/card_aids.hpp"
#include "model/load_order.hpp"
#include "model/requirements.hpp"
#include "model/version_tag.hpp"
#include "store/catalog.hpp"

namespace tsms::store {

struct known_version {
    std::string tag;
    model::version_number number;
};

struct known_profile {
    std::string id;
    std::string name;
    int sc_type = 0;
    bool csp = false;
    model::identification identification;
    model::card_parameters card;
};

/// What a SecureComponentProfile offers to technical requirements (AMB-055), by its document and its card parameters.
model::technical_offer offer_of(const catalog_view& view, const entity_row& profile);
/// What this load file asks for. `csp`: the Flavor's featureConfig.cspFull, where it is a requirement.
model::technical_requirement requirement_of(const json::object& load_file, bool csp);

/// What the Flavor brings onto a card, its lists in the order of its document.
model::card_content content_of(const catalog_view& view, const entity_row& flavor);
/// AIDs that the cards of a profile have, or will have from the TSM, before anything of a Service is on them.
std::vector<model::held_aid> aids_of_profile(const catalog_view& view, const entity_row& profile);

/// Read-only and thread-safe. Each function sees one consistent state of the catalog. Throws store::error.
class deployments {
public:
    explicit deployments(const std::filesystem::path& catalog_file) : catalog_(catalog_file) {}

    bool service_exists(const std::string& service) const;
    /// ServiceProvider that owns the Service; nothing if there is no such Service.
    std::optional<std::string> provider_of(const std::string& service) const;
    bool has_flavors(const std::string& service) const; ///< AMB-135
    bool flavor_exists_and_published(const std::string& flavor) const;

    /// Lowest first.
    std::vector<known_version> versions_of(const std::string& service) const;
    bool version_exists(const std::string& service, const std::string& tag) const;
    bool version_has_flavors(const std::string& service, const std::string& tag) const; ///< AMB-135
    /// Profiles, other than deprecated ones, for which the Version has a published Flavor whose load files'
    /// requirements they meet (TR 3.3.1.2).
    std::vector<std::string> allowed_profiles(const std::string& service, const std::string& tag) const;

    std::vector<known_profile> profiles() const;
    std::optional<known_profile> profile(const std::string& id) const;

    /// The effective configuration; nothing where the Version does not allow the profile.
    std::optional<model::deployment_target> target_for(const std::string& service, const std::string& tag,
                                                       const std::string& profile) const;
    /// Content of tag C4, by its SHA-256 (hex): model::target_load_file::sha256.
    std::optional<bytes> load_image(const std::string& sha256) const;
    std::optional<model::spos_target> spos_of(const std::string& service) const;

private:
    catalog_reader catalog_;
};

using model::in_load_order;

} // namespace tsms::store
