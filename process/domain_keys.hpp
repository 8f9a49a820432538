#pragma once
// The key sets of the TSM's own domain on a card: which may be there, which counts, and which have to go
// (gp/procedures, issuer contract and "the order to split at"). The row keeps every set that may be on the card; what
// is there the card tells under R-MAC (GET DATA E0).

#include "model/device.hpp"

#include <optional>
#include <set>
#include <vector>

namespace tsms::process {

using key_versions = std::set<std::uint8_t>;

/// The set of a version, if the row has it.
std::optional<model::key_set> keys_of_version(const model::security_domain& domain, std::uint8_t version);

/// The next set to ask the card for; nothing when all have been asked for.
std::optional<model::key_set> untried_keys(const model::security_domain& domain, const key_versions& tried);

/// The card has proven this set, so it counts; the one that did is remembered.
void confirm_keys(model::security_domain& domain, const model::key_set& keys);

/// The card has told which versions it has: others are forgotten. A version that may belong to somebody else is not
/// taken for ours.
void forget_absent_keys(model::security_domain& domain, const key_versions& on_card, std::uint8_t service_key_version);

/// Versions on the card that are neither the one that counts nor of another role: keys that the issuer knows, that were
/// rotated away in doubt, or that were meant for a Service's domain which was not created.
key_versions foreign_keys(const model::security_domain& domain, const key_versions& on_card,
                          std::uint8_t service_key_version);

/// A version for new keys: PUT KEY adds none that the card may have already.
std::uint8_t free_key_version(const model::security_domain& domain, const model::card_parameters& parameters);

} // namespace tsms::process
