#pragma once
// The TSM's domain as an issuer creates it (DIV-057). A domain that we cannot use is refused as early as that can be
// known. One that turns out to be unusable only when it is there is removed again.

#include "process/work.hpp"

namespace tsms::process {

/// Before any order leaves: the domain is there, and its SCP03 was seen not to allow the profile's level. Throws
/// gp::card_failure, as all of these.
void require_level_of_domain(const work& w);

/// Before the issuer is asked: a new domain has the "i" of the card's own, which the card has told.
void require_offered_level(const work& w);

/// The issuer has told what it has created, and on which card.
void check_created_domain(const work& w, const model::issuer_keys& got);

/// A domain was created, and cannot be used: the issuer removes it, and the access rules that it wrote with it. Not
/// where the TSM had keys for one before, because that one may hold other Services. What goes wrong here is told to the
/// operator alone; the row then keeps the domain.
process<void> undo_creation(work* w, std::vector<model::access_rule> written_rules);

} // namespace tsms::process
