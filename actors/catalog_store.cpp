#include "actors/framework/attempt.hpp"
#include "actors/spawn.hpp"

#include <caf/all.hpp>

namespace tsms::actors {

namespace {

class catalog_store final : public catalog_actor::base {
public:
    catalog_store(caf::actor_config& config, std::shared_ptr<const store::deployments> catalog)
        : catalog_actor::base(config), catalog_(std::move(catalog)) {}

    const char* name() const override { return "catalog_store"; }

    behavior_type make_behavior() override {
        return {
            [this](const survey_service& s) {
                return attempt([&] { return service_surveyed{catalog_->service(s.service_id), catalog_->profiles()}; });
            },
            [this](const find_target& f) {
                return attempt(
                    [&] { return target_found{catalog_->target(f.service_id, f.version_tag, f.profile_id)}; });
            },
            [this](const check_target& c) {
                return attempt([&] {
                    return target_checked{catalog_->version_exists(c.service_id, c.version_tag),
                                          catalog_->flavor_exists(c.service_id, c.flavor_id)};
                });
            },
            [this](const process::read_load_image& r) {
                return attempt_effect(model::error_category::internal_error, [&] {
                    auto image = catalog_->load_image(r.file);
                    if (!image)
                        throw std::runtime_error("load file " + r.file.aid +
                                                 " is not stored any more; upload it again");
                    return process::load_image{std::move(*image)};
                });
            },
        };
    }

private:
    std::shared_ptr<const store::deployments> catalog_;
};

} // namespace

catalog_actor spawn_catalog_store(caf::actor_system& system, std::shared_ptr<const store::deployments> catalog) {
    return system.spawn<catalog_store, caf::detached>(std::move(catalog));
}

} // namespace tsms::actors
