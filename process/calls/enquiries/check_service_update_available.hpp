#pragma once
// checkServiceUpdateAvailable (TR 4.2.5.8).

#include "process/calls/enquiry_call.hpp"

namespace tsms::calls {

template <> struct enquire<model::check_service_update_available> {
    static call<model::check_service_update_available::result> carry_out(model::check_service_update_available what,
                                                                         call_request request);
};

} // namespace tsms::calls
