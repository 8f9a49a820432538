#pragma once
// The key sets of the TSM's own security domain, through a channel to it (GPCS 11.8 PUT KEY, 11.2 DELETE
// [key], 11.3.3.1 Key Information Template).

#include "gp/channel_batch.hpp"
#include "gp/commands.hpp"

#include <set>

namespace tsms::gp {

/// New keys for the domain, in the first session that was opened with keys which the issuer knows.
struct key_rotation {
    std::uint8_t replaced = 0;
    std::uint8_t version = 0;
    int bits = 128;
    crypto::encrypted_keys keys;
};

/// Adds the PUT KEY and returns its index; check_new_keys looks at the answer. Throws card_failure if the card has
/// taken other keys.
std::size_t put_new_keys(secured_batch& card, const key_rotation& rotation);
void check_new_keys(const response_apdu& answer, const key_rotation& rotation);

/// Adds GET DATA E0 and returns its index. Nothing but the list itself is a proof: "no such data" has no R-MAC, and a
/// domain that has opened a channel has keys.
std::size_t list_keys(secured_batch& card);
/// The versions in the list. Throws card_failure if it is malformed.
std::set<std::uint8_t> key_versions(const response_apdu& answer);

/// PUT KEY in an order of its own. Returns the versions that the domain has now.
procedure<std::set<std::uint8_t>> rotate_keys(channel_ptr channel, key_rotation rotation);

/// DELETE [key] of these versions, proven by the domain's own list. Returns the versions that it has now.
procedure<std::set<std::uint8_t>> remove_key_sets(channel_ptr channel, std::set<std::uint8_t> versions);

} // namespace tsms::gp
