#pragma once
// What a process that has ended tells the service provider: its ProcessResult (TR 4.3.3.1).

#include "model/process_result.hpp"
#include "model/records.hpp"

namespace tsms::calls {

/// `end_state`: as stored, NOT_DEPLOYED where the instance is gone (AMB-121).
model::process_result result_for_spos(const model::process_record& record, const model::process_end& end,
                                      const model::service_instance& instance, model::instance_state end_state);

/// The SPOS's copy, for the outbox, which dates it. `body`: the encoded result. `spos`: the SposConfig of this moment
/// (AMB-182).
model::outbox_entry delivery_of(const model::process_record& record, const model::service_instance& instance,
                                const model::spos_target& spos, std::string body);

} // namespace tsms::calls
