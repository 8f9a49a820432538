#pragma once
// Pieces that calls and results of the TSM-API share on the wire. Internal to http/wire.

#include "model/results.hpp"
#include "json/json.hpp"

namespace tsms::wire {

json::object string_map(const std::map<std::string, std::string>& map);
std::map<std::string, std::string> parse_string_map(const json::reader& r, std::string_view key);

/// NO_OPERATION where the number is none of TR 4.2.4.2.
model::operation parse_operation(const json::reader& r, std::string_view key);

} // namespace tsms::wire
