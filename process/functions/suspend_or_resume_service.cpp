#include "process/functions/suspend_or_resume_service.hpp"

#include "model/life_cycle.hpp"

namespace tsms::process {

using model::suspend_or_resume_service;

std::optional<model::refusal> conduct<suspend_or_resume_service>::refuse(const suspend_or_resume_service&,
                                                                         const beginning& begins) {
    return model::refuse_suspend_or_resume(begins.instance, begins.orphaned());
}

std::vector<model::operation> conduct<suspend_or_resume_service>::requested(const suspend_or_resume_service& what) {
    return {what.suspension_control ? model::operation::service_suspension : model::operation::service_resumption};
}

std::string conduct<suspend_or_resume_service>::version(const suspend_or_resume_service&) {
    return {};
}

bool conduct<suspend_or_resume_service>::installs(const suspend_or_resume_service&) {
    return false;
}

process<process_outcome> conduct<suspend_or_resume_service>::run(const suspend_or_resume_service& what,
                                                                 process_request request) {
    return suspend_or_resume(std::move(request), what.suspension_control);
}

model::suspend_or_resume_result conduct<suspend_or_resume_service>::result(const process_outcome&,
                                                                           const model::process_info& info) {
    return {info};
}

} // namespace tsms::process
