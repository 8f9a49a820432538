#pragma once
// The issuer knows the first keys of the TSM's domain, and those that it gave to one which had lost ours: the TSM's
// first session with them replaces them (gp/procedures, issuer contract; DIV-040).

#include "process/domain_keys.hpp"
#include "process/work.hpp"

namespace tsms::process {

/// New keys for the domain if the issuer knows those of the channel. They are remembered in `w->card`, which has to be
/// committed before they leave: after doubt both sets are tried.
process<std::optional<gp::key_rotation>> prepare_rotation(work* w);

/// Has a rotation of this process met keys of its version that we do not know?
enum class met_foreign_keys { never, before };

/// The new keys count from here on: the card has them. Where it took them in no form yet, it gets them in the other
/// one; where it told no check values, the next channel proves them. Where the version had keys of somebody else, the
/// next free version gets new ones, once. Returns the versions that the card has.
process<key_versions> confirm_rotation(work* w, gp::key_rotation rotation, gp::key_outcome outcome,
                                       key_versions versions, met_foreign_keys met = met_foreign_keys::never);

/// Whoever knows a key set of the TSM's domain can open it: only those that count stay. `versions`: what the card has.
process<void> tidy_keys(work* w, key_versions versions);

/// All of it, in a process that does not install: there the new keys travel in the order of the installation.
process<void> renew_keys(work* w);

} // namespace tsms::process
