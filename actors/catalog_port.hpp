#pragma once
// What the device role reads of the catalog. Implemented over store/catalog, and by tests. Calls block; the catalog
// store actor makes them.

#include "base/bytes.hpp"
#include "model/eligibility.hpp"

namespace tsms::actors {

class catalog_port {
public:
    virtual ~catalog_port() = default;

    virtual std::vector<model::card_profile> profiles() = 0;
    /// Null: no such service.
    virtual std::optional<model::offered_service> service(const std::string& id) = 0;
    /// The effective configuration of the Version's Flavor for this profile; nothing if there is none that is
    /// published.
    virtual std::optional<model::deployment_target> target(const std::string& service, const std::string& version,
                                                           const std::string& profile) = 0;
    /// An instance is orphaned where its Flavor is gone (TR 3.2.3).
    virtual bool flavor_exists(const std::string& service, const std::string& flavor) = 0;
    virtual bool version_exists(const std::string& service, const std::string& tag) = 0;
    /// The load file data block. Nothing if it is no longer stored.
    virtual std::optional<bytes> load_image(const model::target_load_file& file) = 0;
};

} // namespace tsms::actors
