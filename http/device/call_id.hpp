#pragma once
// What the device role knows of a call's callId instead of it (DIV-107): enough to recognise its repetition and to give
// it the same cookie again, too little to repeat it.

#include "actors/messages.hpp"
#include "http/wire/tsm_api.hpp"

namespace tsms::http {

/// The call has a callId.
actors::call_id identify(const wire::tsm_api_call& call, model::dialect dialect = model::dialect::v1_0);

} // namespace tsms::http
