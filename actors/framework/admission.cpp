#include "actors/framework/admission.hpp"

#include "actors/framework/process_result.hpp"
#include "model/eligibility.hpp"
#include "model/life_cycle.hpp"

namespace tsms::actors {

std::optional<model::refusal> refuse_foreign(const std::string& id, const instance_loaded& loaded,
                                             const std::optional<std::string>& provider) {
    const auto thing = "serviceInstanceId ‘" + id + "’";
    if (!loaded.instance)
        return model::refusal{model::error_category::invalid_request, thing + " does not exist"};
    return model::refuse_caller(provider, loaded.instance->target.service_provider_id, loaded.provider_has_apps, thing);
}

std::optional<model::refusal> refuse_to_begin(const function& what, const model::service_instance& instance,
                                              const target_checked& catalog) {
    const bool orphaned = !catalog.flavor_exists && instance.state != model::instance_state::not_deployed; // TR 3.2.3
    if (const auto* d = std::get_if<deploy_service>(&what)) {
        if (auto refusal = model::refuse_deploy(instance, kinds_of(*d), d->finalize, orphaned))
            return refusal;
        if (auto unfit = process::refuse_parameters(instance.target, d->commands)) // AMB-147
            return model::refusal{model::error_category::invalid_request, *unfit};
        if (instance.state == model::instance_state::not_deployed && !catalog.version_exists) // AMB-068
            return model::refusal{model::error_category::invalid_request,
                                  "version ‘" + instance.target.version_tag + "’ does not exist"};
        if (instance.state == model::instance_state::not_deployed && !catalog.flavor_exists) // AMB-116
            return model::refusal{model::error_category::invalid_request,
                                  "the Flavor of the service instance does not exist"};
        return std::nullopt;
    }
    if (std::holds_alternative<suspend_or_resume_service>(what))
        return model::refuse_suspend_or_resume(instance, orphaned);
    return model::refuse_terminate(instance);
}

} // namespace tsms::actors
