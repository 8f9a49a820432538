#pragma once
// The catalog as the device role sees it: what can be deployed, where, and what that is.

#include "base/bytes.hpp"
#include "model/eligibility.hpp"
#include "store/catalog.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tsms::store {

/// Read only and thread-safe; each answer is of one consistent state of the catalog. Calls block. Throws store::error.
class deployments {
public:
    virtual ~deployments() = default;

    virtual std::vector<model::card_profile> profiles() const = 0;
    /// With its Versions, lowest first. Nothing: no such service.
    virtual std::optional<model::offered_service> service(const std::string& id) const = 0;
    /// The effective configuration of the Version's Flavor for this profile; nothing if there is none that is
    /// published.
    virtual std::optional<model::deployment_target> target(const std::string& service, const std::string& version,
                                                           const std::string& profile) const = 0;
    /// Published, that is: an instance is orphaned where its Flavor is gone (TR 3.2.3).
    virtual bool flavor_exists(const std::string& service, const std::string& flavor) const = 0;
    virtual bool version_exists(const std::string& service, const std::string& tag) const = 0;
    /// The load file data block. Nothing if it is no longer stored.
    virtual std::optional<bytes> load_image(const model::target_load_file& file) const = 0;
};

/// What others write into this catalog.
std::unique_ptr<deployments> deployments_of(std::shared_ptr<const catalog_reader> catalog);

} // namespace tsms::store
