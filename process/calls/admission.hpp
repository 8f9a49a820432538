#pragma once
// What is judged before there is a process (AMB-131): a refusal leaves no trace.

#include "process/calls/questions.hpp"

namespace tsms::calls {

/// May this caller know of the instance? Nothing if it may. To who may not, it does not exist.
std::optional<model::refusal> refuse_foreign(const std::string& id, const instance_loaded& loaded,
                                             const std::optional<std::string>& provider);

} // namespace tsms::calls
