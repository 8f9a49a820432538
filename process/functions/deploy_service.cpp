#include "process/functions/deploy_service.hpp"

#include "model/instance_view.hpp"
#include "model/life_cycle.hpp"

namespace tsms::process {

std::vector<model::service_command> kinds_of(const std::vector<model::command_request>& commands) {
    std::vector<model::service_command> kinds;
    for (const auto& command : commands)
        kinds.push_back(command.what);
    return kinds;
}

model::deploy_service_result deployed(const process_outcome& end, const model::process_info& info) {
    auto view = model::view_of(end.instance);
    model::deploy_service_result r;
    r.process = info;
    r.state = view.state;
    r.technical = std::move(view.technical);
    r.reader = std::move(view.reader);
    for (auto status : end.commands)
        r.commands.push_back({status, {}});
    if (end.personalize_at)
        r.commands.at(*end.personalize_at).personalization_results = end.personalized;
    return r;
}

std::optional<model::refusal> conduct<model::deploy_service>::refuse(const model::deploy_service& what,
                                                                     const beginning& begins) {
    using model::error_category;
    const auto& instance = begins.instance;
    if (auto refusal = model::refuse_deploy(instance, kinds_of(what.commands), what.finalize, begins.orphaned()))
        return refusal;
    if (auto unfit = refuse_parameters(instance.target, what.commands)) // AMB-147
        return model::refusal{error_category::invalid_request, *unfit};
    if (auto unfit = refuse_scripts(instance.target, what.commands, instance.executed))
        return model::refusal{error_category::invalid_request, *unfit};
    if (instance.state != model::instance_state::not_deployed)
        return std::nullopt;
    if (!begins.version_exists) // AMB-068
        return model::refusal{error_category::not_found,
                              "version ‘" + instance.target.version_tag + "’ does not exist"};
    if (!begins.flavor_exists) // AMB-116
        return model::refusal{error_category::not_found, "the Flavor of the service instance does not exist"};
    return std::nullopt;
}

std::vector<model::operation> conduct<model::deploy_service>::requested(const model::deploy_service& what) {
    return model::requested_deploy_operations(kinds_of(what.commands));
}

std::string conduct<model::deploy_service>::version(const model::deploy_service&) {
    return {};
}

bool conduct<model::deploy_service>::installs(const model::deploy_service&) {
    return true;
}

process<process_outcome> conduct<model::deploy_service>::run(const model::deploy_service& what,
                                                             process_request request) {
    return deploy(std::move(request), what.commands, what.finalize);
}

model::deploy_service_result conduct<model::deploy_service>::result(const process_outcome& end,
                                                                    const model::process_info& info) {
    return deployed(end, info);
}

} // namespace tsms::process
