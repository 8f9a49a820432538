#include "process/calls/admission.hpp"

namespace tsms::calls {

std::optional<model::refusal> refuse_foreign(const std::string& id, const instance_loaded& loaded,
                                             const std::optional<std::string>& provider) {
    const auto thing = "serviceInstanceId ‘" + id + "’";
    if (!loaded.instance)
        return model::refusal{model::error_category::invalid_request, thing + " does not exist"};
    return model::refuse_caller(provider, loaded.instance->target.service_provider_id, loaded.provider_has_apps, thing);
}

} // namespace tsms::calls
