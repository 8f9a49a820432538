#pragma once
// In which order load files can come onto a card.

#include "model/device.hpp"

namespace tsms::model {

/// Load files in the order in which they can be loaded: what is imported comes first, otherwise the given order
/// (AMB-079). In a cycle the given order stands; the card refuses then.
std::vector<target_load_file> in_load_order(std::vector<target_load_file> files);

} // namespace tsms::model
