#pragma once
// What a service provider's SPOS-Service is told at the end of a life-cycle process (TR 4.3.3.1).

#include "model/device.hpp"

namespace tsms::model {

struct process_result {
    std::string process_id; ///< empty if the eligibility check failed before there was a process (AMB-140)
    error_category status = error_category::none; ///< as returned to the app, in its dialect (AMB-184, DIV-119)
    std::string message;                          ///< empty exactly when `status` is `none`
    std::string start_date;                       ///< ISO 8601, UTC, milliseconds, "Z"
    std::string end_date;
    std::string service_id;
    std::string version_tag; ///< of an update: the requested Version (AMB-183)
    std::string service_instance_id;
    std::vector<operation> requested_operations;
    instance_state start_state = instance_state::not_deployed;
    instance_state end_state = instance_state::not_deployed;

    friend bool operator==(const process_result&, const process_result&) = default;
};

} // namespace tsms::model
