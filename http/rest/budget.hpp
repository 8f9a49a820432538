#pragma once
// What all requests together may hold. Who wants more is refused with 2000 and Retry-After instead of being given
// memory that is not there.

#include "http/net/budget.hpp"
#include "model/rest_error.hpp"

namespace tsms::rest {

using net::budget;
using net::share;

/// AMB-004: overload.
inline model::rest_error busy() {
    model::rest_error out(model::rest_category::internal, {"too many requests at once, please try again later"});
    out.retry_after = 1;
    return out;
}

} // namespace tsms::rest
