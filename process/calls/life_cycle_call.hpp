#pragma once
// A call that runs a process (TR 4.2.5.3 to 4.2.5.6), from its arrival to its stored end: what may begin is judged
// (TR 3.2.2), the card is leased (AMB-228), the process is played, its end is stored.

#include "process/calls/effect.hpp"

namespace tsms::calls {

struct life_cycle_terms {
    steady_time card_until;                  ///< how long the call waits for its card
    bool remove_tsm_domain_when_last = true; ///< operator's policy (AMB-121, AMB-227)
    /// A process of the instance waits so long for its phone to come back after a restart (DIV-108).
    std::optional<std::chrono::seconds> parked_for = {};
};

/// `request`: of a life_cycle_function. The call is the only writer of its instance's row, so there must not be another
/// one for the same instance at the same time.
call<void> conduct_life_cycle(call_request request, life_cycle_terms terms);

/// A process that a former life of the server has begun, and this one has taken over (DIV-108).
struct left_process {
    model::process_record record; ///< with what was asked
    bool in_doubt = false;        ///< it has written an intent to change the card
    bool holds_card = false;
    std::string life; ///< names the one that has taken it over
};

/// Enters it again, as if it had been called now: nothing of it is resumed. What it finds is the row that its former
/// life has left (model::after_crash) and the card, as whoever comes after a crash. It keeps its id, and has one end.
/// One that cannot be entered again, because its Version is gone, ends with 6 (AMB-101).
call<void> enter_again(left_process left, life_cycle_terms terms);

} // namespace tsms::calls
