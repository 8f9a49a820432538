#pragma once
// What is judged before there is a process (AMB-131): a refusal leaves no trace.

#include "process/calls/questions.hpp"

#include <chrono>

namespace tsms::calls {

/// Another process runs on the instance (AMB-122), and has ended or counts as dead within so long.
model::refusal another_process_runs_for(std::chrono::seconds longest);
inline const model::refusal tsm_stops{model::error_category::under_maintenance, "the TSM is stopping"};
/// Of a call that had to wait: nobody would report to its process.
inline const model::refusal caller_gone{model::error_category::execution_interrupted, "the caller has gone"};
/// Another content, another app or another provider (DIV-107).
inline const model::refusal call_id_of_another{model::error_category::invalid_request,
                                               "this callId belongs to another call"};

/// May this caller know of the instance? Nothing if it may. To who may not, it does not exist.
std::optional<model::refusal> refuse_foreign(const std::string& id, const instance_loaded& loaded,
                                             const std::optional<std::string>& provider);

} // namespace tsms::calls
