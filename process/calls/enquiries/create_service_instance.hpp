#pragma once
// createServiceInstance (TR 4.2.5.1).

#include "process/calls/enquiry_call.hpp"

namespace tsms::calls {

template <> struct enquire<model::create_service_instance> {
    static call<model::create_service_instance::result> carry_out(model::create_service_instance what,
                                                                  call_request request);
};

} // namespace tsms::calls
