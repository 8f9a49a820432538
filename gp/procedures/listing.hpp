#pragma once
// What the card's registry tells under R-MAC (GPCS 11.4 GET STATUS, 11.3 GET DATA).

#include "gp/card_data.hpp"
#include "gp/channel_batch.hpp"
#include "gp/commands.hpp"
#include "gp/registry.hpp"

#include <set>

namespace tsms::gp {

/// What is on the card below the TSM's domain, told under R-MAC.
struct card_contents {
    std::vector<registry_entry> applications; ///< with security domains
    std::vector<registry_entry> load_files;
    /// False where somebody said that there are none: 6A88 has no R-MAC, so a phone can say so of any card.
    bool load_files_proven = true;
    /// Key version numbers of the TSM's own domain (GET DATA E0), where they were asked for. Keys that were meant for a
    /// domain which was not created have gone there (gp/procedures, "the order to split at").
    std::set<std::uint8_t> key_versions;
    std::optional<card_resources> resources; ///< FF21, where the card tells
};

/// Answers of GET STATUS for one scope: the first and the speculative [next] ones behind it.
struct listing {
    registry_scope scope;
    std::size_t first;
    std::size_t count;
    bytes aid = {}; ///< of what was asked for; empty: everything
};
struct listings {
    std::vector<listing> applications;
    std::vector<listing> load_files;
    std::optional<std::size_t> keys = std::nullopt;      ///< GET DATA E0
    std::optional<std::size_t> resources = std::nullopt; ///< GET DATA FF21
};

/// Adds the commands that list applications and load files.
listings list_registry(secured_batch& card, std::size_t expected_applications);
/// Adds the commands that list these applications and nothing else: for the ISD, which sees the whole card. That one is
/// not there is then only a claim: no entry is sure to be listed, and 6A88 has no R-MAC.
listings list_applications(secured_batch& card, const std::vector<bytes>& aids);
/// With what a card in doubt has to tell beyond it (gp/procedures, hazard 15).
listings list_all(secured_batch& card, std::size_t expected_applications);

/// Do the answers have an end, or does the card have more to tell?
bool is_complete(const listings& at, const std::vector<response_apdu>& answers);

/// The contents out of the answers; asks again, in orders of its own, where the card has more to tell. Throws
/// card_failure.
procedure<card_contents> contents(channel_ptr channel, listings at, std::vector<response_apdu> answers);

} // namespace tsms::gp
