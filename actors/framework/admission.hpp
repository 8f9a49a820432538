#pragma once
// What is judged before there is a process (AMB-131): a refusal leaves no trace.

#include "actors/interfaces.hpp"

namespace tsms::actors {

/// May this caller know of the instance? Nothing if it may.
std::optional<model::refusal> refuse_foreign(const std::string& id, const instance_loaded& loaded,
                                             const std::optional<std::string>& provider);

/// May this life-cycle function begin on the instance as it is (TR 3.2.2), with what the catalog still has of it?
/// Nothing if it may.
std::optional<model::refusal> refuse_to_begin(const function& what, const model::service_instance& instance,
                                              const target_checked& catalog);

} // namespace tsms::actors
