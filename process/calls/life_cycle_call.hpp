#pragma once
// A call that runs a process (TR 4.2.5.3 to 4.2.5.6), from its arrival to its stored end: what may begin is judged
// (TR 3.2.2), the card is leased (AMB-228), the process is played, its end is stored.

#include "process/calls/effect.hpp"

namespace tsms::calls {

struct life_cycle_terms {
    steady_time card_until;                  ///< how long the call waits for its card
    bool remove_tsm_domain_when_last = true; ///< operator's policy (AMB-121, AMB-227)
};

/// `request`: of a life_cycle_function. The call is the only writer of its instance's row, so there must not be another
/// one for the same instance at the same time.
call<void> conduct_life_cycle(call_request request, life_cycle_terms terms);

} // namespace tsms::calls
