#pragma once
// What a process that has ended tells: the app its result (TR 4.2.5), the service provider its ProcessResult
// (TR 4.3.3.1).

#include "actors/messages.hpp"
#include "actors/ports.hpp"
#include "store/instances.hpp"

namespace tsms::actors {

std::vector<model::service_command> kinds_of(const deploy_service& d);

/// TR 4.3.3.1 requestedOperations (AMB-120).
std::vector<model::operation> requested_operations(const function& what);

/// The function's result for a process that has ended as `shown`.
result result_of(const function& what, const process::process_outcome& end, const store::process_record& record,
                 const store::process_end& shown);

/// The SPOS's copy, for the outbox. `spos`: the SposConfig of this moment (AMB-182); nothing: the Service has none.
/// `end_state`: as stored, NOT_DEPLOYED where the instance is gone (AMB-121).
std::optional<store::outbox_entry> delivery_of(const store::process_record& record, const store::process_end& end,
                                               const model::service_instance& instance, model::instance_state end_state,
                                               const std::optional<model::spos_target>& spos, const spos_port& port);

} // namespace tsms::actors
