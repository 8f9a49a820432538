#pragma once
// Secure components in PC/SC readers.

#include "sdk/transport.hpp"

#include <memory>
#include <vector>

namespace tsms::sdk {

/// Names of the readers that the PC/SC service knows, in UTF-8: the service hands over the octets that driver or
/// configuration have, and what is no UTF-8 of them is escaped (\xHH). Throws transport_error if there is no service.
std::vector<std::string> pcsc_readers();

/// The card in the reader of this name, used exclusively while a session is open. It connects to read the ATR.
/// Throws transport_error.
std::unique_ptr<secure_component> open_pcsc(const std::string& reader_name, std::string se_type = "undefined");

/// What a code of PC/SC means for the card in a reader, and what can be done about it. `doing`: what was tried.
std::string pcsc_failure_text(const std::string& doing, const std::string& reader, long code);

} // namespace tsms::sdk
