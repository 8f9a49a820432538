#pragma once
// What the sequence log says between the APDUs (TR 3.5.1): what the app asked, what the TSM decided and did, what the
// issuer answered. Never keys, never what the provider gives an application (AMB-233).

#include "process/calls/effect.hpp"
#include "store/ports/card_log_rows.hpp"

namespace tsms::actors {

/// What was called, by whom, with how much data and none of it.
std::string words_of(const calls::process_begins& process);

/// What a process asks of the world. Empty: the APDUs say it, or it is worth no line.
std::string words_of(const process::effect& asked);
/// What came of it. Empty: nothing worth a line.
std::string words_of(const process::answer_variant& answer);

/// The line of it. What others said in it is made harmless, and cut.
store::card_log_entry remark(const std::string& process, std::string_view text);

} // namespace tsms::actors
