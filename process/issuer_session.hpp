#pragma once
// What every conversation with an issuer needs, in whichever order of a process it takes place: an end, and an issuer
// that may forget its session.

#include "process/work.hpp"

namespace tsms::process {

/// An issuer whose session has no end would keep everybody else from the secure component.
class issuer_bounds {
public:
    /// Throws gp::card_failure beyond what any issuer needs.
    void count(const model::issuer_step& step);

private:
    std::size_t rounds_ = 0;
    std::size_t commands_ = 0;
};

/// The issuer's first commands. It is asked for nothing before the app has taken the start of the process: an order
/// that nobody wants any more would be a cost without use (TR 3.3.1).
process<model::issuer_step> begin_issuer_session(work* w, model::issuer_order order);

/// Reports to the issuer and gets its next commands. One that has lost its session gets the order again: what is on the
/// card from before is found there and counts (docs/issuer-protocol.md). Whoever interprets the effects bounds how
/// often.
process<model::issuer_step> next_step(relay_to_issuer report, model::issuer_order order);

} // namespace tsms::process
