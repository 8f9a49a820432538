#pragma once
// What a process that has ended tells the service provider: its ProcessResult (TR 4.3.3.1).

#include "actors/ports.hpp"
#include "model/process_result.hpp"
#include "store/instances.hpp"

namespace tsms::actors {

/// The SPOS's copy, for the outbox. `spos`: the SposConfig of this moment (AMB-182); nothing: the Service has none.
/// `end_state`: as stored, NOT_DEPLOYED where the instance is gone (AMB-121).
std::optional<store::outbox_entry> delivery_of(const store::process_record& record, const store::process_end& end,
                                               const model::service_instance& instance, model::instance_state end_state,
                                               const std::optional<model::spos_target>& spos, const spos_port& port);

} // namespace tsms::actors
