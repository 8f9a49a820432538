#pragma once
// What a command is about, in words for the sequence log (TR 3.5.1): in a secure channel its data are encrypted, and
// nobody could say afterwards which application was meant.

#include "gp/apdu.hpp"

#include <string>

namespace tsms::gp {

/// Of a plain command: AIDs, key versions, tags, states and block numbers. Never parameters, keys or data (AMB-233).
/// Empty where the name of its step says all, or the command is none that we send.
std::string words_of(const command_apdu& plain);

} // namespace tsms::gp
