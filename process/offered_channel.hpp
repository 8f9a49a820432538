#pragma once
// A domain's answer to INITIALIZE UPDATE, and the channel that it opens: the one place where a card proves its keys.

#include "process/enquiries.hpp"

namespace tsms::process {

/// The lowest security level there is: for a channel that only proves keys, and secures no command.
inline constexpr std::uint8_t c_mac_alone = 0x01;

/// The row that has the keys of a domain, as an operator is told of it.
inline std::string row_with_keys(const model::secure_component& card) {
    return "row ‘" + card.id + "’ of table secure_components";
}
inline std::string row_with_keys(const model::service_instance& instance) {
    return "row ‘" + instance.id + "’ of table service_instances";
}

/// Derives the session keys, and checks key version, challenge (where it is pseudo-random) and cryptogram. Throws
/// gp::scp03_error where the card does not prove these keys; then no EXTERNAL AUTHENTICATE may be sent.
/// `row` has the keys.
process<gp::secure_channel> open_offered(model::key_set keys, std::string row, card_offer offer, std::uint8_t level,
                                         gp::missing_counter counter);

} // namespace tsms::process
