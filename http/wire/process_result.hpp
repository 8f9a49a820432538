#pragma once
// ProcessResult in JSON (TR 4.3.3.1).

#include "model/process_result.hpp"
#include "json/json.hpp"

namespace tsms::wire {

json::value to_json(const model::process_result& result);

/// As a SPOS-Service reads it. Throws json::parse_error, also for numbers that the TR does not list.
model::process_result parse_process_result(const json::value& document);

} // namespace tsms::wire
