#pragma once
// getServiceInstances (TR 4.2.5.2).

#include "process/calls/enquiry_call.hpp"

namespace tsms::calls {

template <> struct enquire<model::get_service_instances> {
    static call<model::get_service_instances::result> carry_out(model::get_service_instances what,
                                                                call_request request);
};

} // namespace tsms::calls
