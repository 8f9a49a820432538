#pragma once
// checkServiceDeploymentAvailable (TR 4.2.5.7).

#include "process/calls/enquiry_call.hpp"

namespace tsms::calls {

template <> struct enquire<model::check_service_deployment_available> {
    static call<model::check_service_deployment_available::result>
    carry_out(model::check_service_deployment_available what, call_request request);
};

} // namespace tsms::calls
