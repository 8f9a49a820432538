#pragma once
// Secure components in PC/SC readers.

#include "sdk/transport.hpp"

#include <memory>
#include <vector>

namespace tsms::sdk {

/// Names of the readers that the PC/SC service knows. Throws transport_error if there is no service.
std::vector<std::string> pcsc_readers();

/// The card in the reader of this name, used exclusively while a session is open. It connects to read the ATR.
/// Throws transport_error.
std::unique_ptr<secure_component> open_pcsc(const std::string& reader_name, std::string se_type = "undefined");

} // namespace tsms::sdk
