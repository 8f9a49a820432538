#include "process/calls/admission.hpp"

#include <algorithm>

namespace tsms::calls {

model::refusal another_process_runs_for(std::chrono::seconds longest) {
    auto busy = model::another_process_runs;
    busy.details += ", please try again in " + std::to_string(std::max<std::int64_t>(1, longest.count())) + " seconds";
    return busy;
}

std::optional<model::refusal> refuse_foreign(const std::string& id, const instance_loaded& loaded,
                                             const std::optional<std::string>& provider) {
    const auto thing = "serviceInstanceId ‘" + id + "’";
    if (!loaded.instance)
        return model::refusal{model::error_category::not_found, thing + " does not exist"};
    return model::refuse_caller(provider, loaded.instance->target.service_provider_id, loaded.provider_has_apps, thing);
}

} // namespace tsms::calls
