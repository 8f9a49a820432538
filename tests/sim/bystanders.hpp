#pragma once
// What is on every simulated card and none of our business: another provider's objects, with AIDs that begin like ours
// or go on where ours end, one of them not selectable; and in the TSM's own domain key sets of other roles.

#include "lab/card/state.hpp"

#include <string>

namespace tsms::sim {

class bystanders {
public:
    /// Puts the other provider's objects onto the card.
    void move_in(lab::card_state& card);

    /// A process begins: what is there now has to be there when it has ended, whatever became of it.
    void begin(const lab::card_state& card, const std::string& tsm_domain);
    /// The TSM's domain may have come with this exchange: its issuer gives it keys for tokens and DAP (70 to 7F).
    void watch(lab::card_state& card, const std::string& tsm_domain);
    /// Throws broken_invariant where something has changed.
    void check(const lab::card_state& card, const std::string& tsm_domain) const;

    static bool is_one(std::uint8_t key_version);

private:
    std::string objects_;  ///< as they were when the process began
    std::string key_sets_; ///< of other roles in the TSM's domain; empty: it has none
};

} // namespace tsms::sim
