#pragma once
// What the device role knows of a call's callId instead of it (DIV-107): enough to recognise its repetition and to give
// it the same cookie again, too little to repeat it.

#include "actors/messages.hpp"
#include "http/wire/tsm_api.hpp"

namespace tsms::http {

/// What stands for a callId wherever calls are looked for.
bytes hash_of_call_id(const std::string& call_id);

/// The call has a callId. Which calls were before it makes no other call of it.
actors::call_id identify(const wire::tsm_api_call& call, model::dialect dialect = model::dialect::v1_0);

} // namespace tsms::http
