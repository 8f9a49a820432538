#pragma once
// AMB-227: what lost Service Instances left on a card goes at the next contact, before the process's own work.

#include "process/work.hpp"

namespace tsms::process {

/// Access rules that the issuer keeps (ARA-M) of the tombstones' Services.
std::vector<model::access_rule> rules_of_tombstones(const work& w);

/// Has the issuer remove these rules, in a session of its own: before ours, which its SELECT would end.
process<void> remove_rules_of_tombstones(work* w);

/// Everything else of them, through the open channel. Nothing of that counts as a change of the process's own Service.
/// Returns what is on the card then, if there were any: the card has been listed once, and again behind each change.
process<std::optional<gp::card_contents>> remove_tombstones(work* w);

} // namespace tsms::process
