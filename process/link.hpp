#pragma once
// How the commands of a process reach its card: the channel that is open, and what the card takes.

#include "gp/procedures/service.hpp"
#include "model/device.hpp"

namespace tsms::process {

struct card_link {
    std::string isd_aid;     ///< of the card's ISD as it says now (hex), else as an issuer has proven it, else of the
                             ///< profile: for the issuer's SELECT
    bool identified = false; ///< the card has been asked who it is, in this process

    std::optional<std::uint8_t> highest_level; ///< of the ISD's SCP03, as the card claimed with it

    gp::channel_ptr channel;     ///< to the TSM's own domain; none before it is opened and after it has ended
    model::key_set channel_keys; ///< the static keys it was opened with
    std::string keys_refused;    ///< where the TSM's domain has none of our key sets: what it said to the last of them

    /// Octets that must be free now; 0 where nothing is loaded, or something is removed first.
    std::size_t memory_needed = 0;
    std::optional<std::size_t> free_memory;      ///< octets, as the card claimed when it was asked who it is
    std::optional<gp::card_resources> resources; ///< as the domain told them after the removal of what was there

    std::optional<std::size_t> longest_data; ///< 9F65 of the ISD
    gp::key_form key_form{}; ///< of keys that are written now: the one that the card took last, else the profile's
    bool key_form_changed = false; ///< the card refused the other one in this process
    /// A command with extended length fields was refused with 6700 in this process. No row keeps that: it is a claim.
    bool short_commands = false;
    std::size_t command_size = 0; ///< most plain octets of a command in this channel
    std::size_t block_size = 0;   ///< of a LOAD or STORE DATA block
};

} // namespace tsms::process
