#pragma once
// deployService (TR 4.2.5.3).

#include "process/functions/life_cycle.hpp"

namespace tsms::process {

std::vector<model::service_command> kinds_of(const std::vector<model::command_request>& commands);
/// What deployService returns, and updateService likewise.
model::deploy_service_result deployed(const process_outcome& end, const model::process_info& info);

template <> struct conduct<model::deploy_service> {
    static std::optional<model::refusal> refuse(const model::deploy_service& what, const beginning& begins);
    static std::vector<model::operation> requested(const model::deploy_service& what);
    static std::string version(const model::deploy_service& what);
    static bool installs(const model::deploy_service& what);
    static process<process_outcome> run(const model::deploy_service& what, process_request request);
    static model::deploy_service::result result(const process_outcome& end, const model::process_info& info);
};

} // namespace tsms::process
