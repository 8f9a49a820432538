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
    key_form form = key_form::with_length;
    std::optional<key_form> otherwise = {}; ///< where the card refuses that one with 6A80

    /// Once the card has refused the first form.
    void turn() { form = std::exchange(otherwise, std::nullopt).value(); }
};

/// What has become of them. The list (E0) decides, which stands behind PUT KEY in the same channel and has an R-MAC; a
/// refusal has none.
enum class key_outcome {
    confirmed,  ///< the card has the version, and told the check values of these keys
    untold,     ///< it has the version, and told no check values: the next channel proves the keys
    other_form, ///< 6A80, and it does not have the version: nothing has changed, `otherwise` can be tried
};

/// Adds the PUT KEY and returns its index; outcome_of looks at the answer, with the versions that the domain has then.
/// Throws card_failure if the card has taken other keys, or none.
std::size_t put_new_keys(secured_batch& card, const key_rotation& rotation);
key_outcome outcome_of(const response_apdu& answer, const key_rotation& rotation,
                       const std::set<std::uint8_t>& versions);

/// Adds GET DATA E0 and returns its index. Nothing but the list itself is a proof: "no such data" has no R-MAC, and a
/// domain that has opened a channel has keys.
std::size_t list_keys(secured_batch& card);
/// The versions in the list. Throws card_failure if it is malformed.
std::set<std::uint8_t> key_versions(const response_apdu& answer);

struct rotated_keys {
    std::set<std::uint8_t> versions; ///< that the domain has now
    key_outcome outcome = key_outcome::confirmed;
    key_form form = key_form::with_length; ///< in which the card took them
};
/// PUT KEY in an order of its own; another one in the other form where the card wants that.
procedure<rotated_keys> rotate_keys(channel_ptr channel, key_rotation rotation);

/// DELETE [key] of these versions, proven by the domain's own list. Returns the versions that it has now.
procedure<std::set<std::uint8_t>> remove_key_sets(channel_ptr channel, std::set<std::uint8_t> versions);

} // namespace tsms::gp
