#pragma once
// What a process does around a procedure that proves its effects (gp/procedures/changes.hpp): it asks the questions
// that need keys and random octets, and tells the operator what could not be asked.

#include "process/work.hpp"

namespace tsms::process {

/// What is asked with plain commands at the end of an order. `usable`: the Service is neither locked nor half there, so
/// its domain can be selected. The domain is asked while the row has not seen it prove its keys.
process<gp::plain_questions> last_questions(work* w, bool usable, std::vector<bytes> selectable);

/// The one question to which the Service's domain offers a channel: last, because a SELECT behind it would end it.
process<gp::plain_questions> ask_for_channel(work* w);

/// Runs a procedure that changes the Service on the card, and returns when all its effects are proven.
process<gp::shown_contents> prove_on_card(work* w, gp::procedure<gp::shown_contents> procedure,
                                          gp::plain_questions asked);

/// Has the card the keys? Checks the cryptogram of its answer to INITIALIZE UPDATE, and the challenge where it is
/// pseudo-random. Throws card_failure where it has not.
process<void> check_domain_keys(work* w, gp::plain_questions asked, gp::initialize_update_response offer);

} // namespace tsms::process
