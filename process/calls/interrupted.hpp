#pragma once
// What becomes of a process that the last run of the program has left without an end (AMB-101).

#include "model/interruption.hpp"
#include "model/life_cycle.hpp"
#include "model/process_result.hpp"
#include "model/records.hpp"

namespace tsms::calls {

struct interrupted_end {
    model::process_end end;
    model::service_instance instance; ///< its row from now on
    model::secure_component card;     ///< likewise
    model::process_result result;     ///< what the SPOS is told
};

/// It ends with 6: in the state before it where no component of the Service can have changed, else in IN_ERROR.
/// `why` nobody goes on with it. `in_doubt`: it has written an intent to change the card, which is in doubt from now
/// on.
interrupted_end end_of_interrupted(const model::process_record& record, const model::service_instance& instance,
                                   const model::secure_component& card, bool in_doubt, model::interruption why,
                                   wall_time now);
/// What is told of it to everybody.
const char* text_of(model::interruption why);

} // namespace tsms::calls
