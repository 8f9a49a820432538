#pragma once
// suspendOrResumeService (TR 4.2.5.5).

#include "process/functions/life_cycle.hpp"

namespace tsms::process {

template <> struct conduct<model::suspend_or_resume_service> {
    static std::optional<model::refusal> refuse(const model::suspend_or_resume_service& what, const beginning& begins);
    static std::vector<model::operation> requested(const model::suspend_or_resume_service& what);
    static std::string version(const model::suspend_or_resume_service& what);
    static bool installs(const model::suspend_or_resume_service& what);
    static process<process_outcome> run(const model::suspend_or_resume_service& what, process_request request);
    static model::suspend_or_resume_service::result result(const process_outcome& end, const model::process_info& info);
};

} // namespace tsms::process
