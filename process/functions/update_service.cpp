#include "process/functions/update_service.hpp"

#include <stdexcept>

namespace tsms::process {

using model::update_service;

std::optional<model::refusal> conduct<update_service>::refuse(const update_service& what, const beginning&) {
    return model::refuse_unsupported(what);
}

std::vector<model::operation> conduct<update_service>::requested(const update_service&) {
    return {model::operation::service_update_finalize};
}

std::string conduct<update_service>::version(const update_service& what) {
    return what.new_version;
}

bool conduct<update_service>::installs(const update_service&) {
    return true;
}

process<process_outcome> conduct<update_service>::run(const update_service&, process_request) {
    throw std::logic_error("updateService is refused before a process begins");
}

model::update_service_result conduct<update_service>::result(const process_outcome&, const model::process_info& info) {
    return {{info, {}, {}, {}, {}}};
}

} // namespace tsms::process
