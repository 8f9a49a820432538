#include "actors/deployment_catalog.hpp"

#include "store/deployments.hpp"

namespace tsms::actors {

namespace {

class deployment_catalog final : public catalog_port {
public:
    explicit deployment_catalog(const std::filesystem::path& file) : catalog_(file) {}

    std::vector<model::card_profile> profiles() override {
        std::vector<model::card_profile> list;
        for (auto& p : catalog_.profiles())
            list.push_back({p.id, p.name, p.sc_type, p.csp, p.identification, p.card});
        return list;
    }

    std::optional<model::offered_service> service(const std::string& id) override {
        auto provider = catalog_.provider_of(id);
        if (!provider)
            return std::nullopt;
        model::offered_service service;
        service.id = id;
        service.provider = std::move(*provider);
        service.has_flavors = catalog_.has_flavors(id);
        service.spos = catalog_.spos_of(id);
        for (const auto& version : catalog_.versions_of(id))
            service.versions.push_back({version.tag, catalog_.version_has_flavors(id, version.tag),
                                        catalog_.allowed_profiles(id, version.tag)});
        return service;
    }

    std::optional<model::deployment_target> target(const std::string& service, const std::string& version,
                                                   const std::string& profile) override {
        return catalog_.target_for(service, version, profile);
    }
    bool flavor_exists(const std::string&, const std::string& flavor) override {
        return catalog_.flavor_exists_and_published(flavor);
    }
    bool version_exists(const std::string& service, const std::string& tag) override {
        return catalog_.version_exists(service, tag);
    }
    std::optional<bytes> load_image(const model::target_load_file& file) override {
        return catalog_.load_image(file.sha256);
    }

private:
    store::deployments catalog_;
};

} // namespace

std::shared_ptr<catalog_port> open_catalog(const std::filesystem::path& catalog_file) {
    return std::make_shared<deployment_catalog>(catalog_file);
}

} // namespace tsms::actors
