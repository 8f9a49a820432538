#include "process/functions/update_service.hpp"

#include "model/instance_view.hpp"
#include "process/functions/deploy_service.hpp"

namespace tsms::process {

using model::update_service;

std::optional<model::refusal> conduct<update_service>::refuse(const update_service& what, const beginning& begins) {
    const auto& instance = begins.instance;
    if (auto refusal = model::refuse_update(instance, kinds_of(what.commands), what.finalize, begins.orphaned()))
        return refusal;
    if (auto refusal =
            model::refuse_version(instance, what.new_version, begins.wanted.exists, begins.wanted.target.has_value()))
        return refusal;
    if (auto unfit = refuse_parameters(*begins.wanted.target, what.commands)) // AMB-147
        return model::refusal{model::error_category::invalid_request, *unfit};
    if (auto unfit = refuse_scripts(*begins.wanted.target, what.commands, {}))
        return model::refusal{model::error_category::invalid_request, *unfit};
    return std::nullopt;
}

std::vector<model::operation> conduct<update_service>::requested(const update_service& what) {
    return model::requested_update_operations(kinds_of(what.commands));
}

std::string conduct<update_service>::version(const update_service& what) {
    return what.new_version;
}

bool conduct<update_service>::installs(const update_service&) {
    return true;
}

process<process_outcome> conduct<update_service>::run(const update_service& what, process_request request) {
    return update(std::move(request), what.commands, what.finalize);
}

model::update_service_result conduct<update_service>::result(const process_outcome& end,
                                                             const model::process_info& info) {
    return {deployed(end, info)};
}

} // namespace tsms::process
