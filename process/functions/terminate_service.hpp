#pragma once
// terminateService (TR 4.2.5.6).

#include "process/functions/life_cycle.hpp"

namespace tsms::process {

template <> struct conduct<model::terminate_service> {
    static std::optional<model::refusal> refuse(const model::terminate_service& what, const beginning& begins);
    static std::vector<model::operation> requested(const model::terminate_service& what);
    static std::string version(const model::terminate_service& what);
    static bool installs(const model::terminate_service& what);
    static process<process_outcome> run(const model::terminate_service& what, process_request request);
    static model::terminate_service::result result(const process_outcome& end, const model::process_info& info);
};

} // namespace tsms::process
