#pragma once
// updateService (TR 4.2.5.4).

#include "process/functions/life_cycle.hpp"

namespace tsms::process {

template <> struct conduct<model::update_service> {
    static std::optional<model::refusal> refuse(const model::update_service& what, const beginning& begins);
    static std::vector<model::operation> requested(const model::update_service& what);
    static std::string version(const model::update_service& what);
    static bool installs(const model::update_service& what);
    static process<process_outcome> run(const model::update_service& what, process_request request);
    static model::update_service::result result(const process_outcome& end, const model::process_info& info);
};

} // namespace tsms::process
