#pragma once
// What of a dialogue with a card may be kept (AMB-190, AMB-233).

#include "gp/procedure.hpp"
#include "store/device_store.hpp"

namespace tsms::actors {

/// Commands of an order: sensitive ones are cut after CLA INS P1 P2 Lc.
std::vector<store::card_log_entry> log_of_commands(const std::string& process, const gp::batch& batch);
/// Answers; to sensitive and to relayed commands only the status word is kept.
std::vector<store::card_log_entry> log_of_answers(const std::string& process, const gp::batch& batch,
                                                  const gp::batch_answer& answer);

} // namespace tsms::actors
