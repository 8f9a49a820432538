#pragma once
// The TSM-internal part of a profile file: "identification" and "card" (DESIGN section 2, gp/procedures).

#include "model/device.hpp"
#include "json/json.hpp"

namespace tsms::store {

/// {"cplc": [P…], "atr": [P…], "isd": [AID…], "cardData": [P…]}. Throws json::parse_error that names what is wrong:
/// unknown members, prefixes that are not hexadecimal digits and '.'.
model::identification read_identification(const json::object& o);

/// The member "preloadedAids" of "card": AIDs (hex) of load files and applications that the cards came with. Throws
/// json::parse_error.
std::vector<std::string> read_preloaded_aids(const json::object& o);

/// Members are those of model::card_parameters in camel case, and preloadedAids; what is missing has its default.
/// Throws json::parse_error.
model::card_parameters read_card_parameters(const json::object& o);

} // namespace tsms::store
