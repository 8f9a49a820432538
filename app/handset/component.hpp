#pragma once
// The values of --se: which secure components the handset has.

#include "sdk/transport.hpp"

#include <memory>
#include <vector>

namespace tsms::app {

/// Hash of the app's signing certificate where nothing else is said: SHA-256 of the text "tsms-handset" (AMB-142).
inline constexpr const char* default_caller = "9F74547F7B3D9C7CB136F631E49BD7DA0D12FEB0EEADD21881AF599B5E104B62";

/// "sim:FILE[?profile=NAME&access=NAME&faults=SPEC&app=HASH,…&type=SETYPE&reader=NAME]" or "pcsc:READER[?type=SETYPE]"
/// (READER: a name or the beginning of one); docs/lab.md explains the options. Throws std::runtime_error that says
/// cause and remedy.
std::shared_ptr<sdk::secure_component> open_component(const std::string& specification);

/// All of them; every reader name must be unique.
std::vector<std::shared_ptr<sdk::secure_component>> open_components(const std::vector<std::string>& specifications);

} // namespace tsms::app
