#pragma once
// The values of --se: which secure components the handset has.

#include "sdk/transport.hpp"

#include <memory>
#include <vector>

namespace tsms::app {

/// "sim:FILE[?profile=NAME&type=SETYPE&reader=NAME]" or "pcsc:READER[?type=SETYPE]" (READER: a name or the beginning of
/// one). Throws std::runtime_error that says cause and remedy.
std::shared_ptr<sdk::secure_component> open_component(const std::string& specification);

/// All of them; every reader name must be unique.
std::vector<std::shared_ptr<sdk::secure_component>> open_components(const std::vector<std::string>& specifications);

} // namespace tsms::app
