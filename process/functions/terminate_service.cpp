#include "process/functions/terminate_service.hpp"

#include "model/life_cycle.hpp"

namespace tsms::process {

using model::terminate_service;

/// Also an orphan, and a version that does not exist any more: nothing of the catalog is asked (AMB-114).
std::optional<model::refusal> conduct<terminate_service>::refuse(const terminate_service&, const beginning& begins) {
    return model::refuse_terminate(begins.instance);
}

std::vector<model::operation> conduct<terminate_service>::requested(const terminate_service&) {
    return {model::operation::service_termination};
}

std::string conduct<terminate_service>::version(const terminate_service&) {
    return {};
}

bool conduct<terminate_service>::installs(const terminate_service&) {
    return false;
}

process<process_outcome> conduct<terminate_service>::run(const terminate_service&, process_request request) {
    return terminate(std::move(request));
}

model::terminate_service_result conduct<terminate_service>::result(const process_outcome&,
                                                                   const model::process_info& info) {
    return {info};
}

} // namespace tsms::process
