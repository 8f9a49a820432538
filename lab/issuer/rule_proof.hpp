#pragma once
// What an order changes in ARA-M's rules, read back behind the changes in the same batch (GPD_SPE_013 5.1): 9000 alone
// says only that the card has confirmed them.

#include "gp/procedures/rules.hpp"
#include "model/issuer.hpp"

namespace tsms::lab {

class rule_proof {
public:
    rule_proof() = default; ///< nothing was changed
    /// Adds the questions to a batch that changes the rules before. `more`: answers beyond those that the order's own
    /// rules fill.
    rule_proof(gp::secured_batch& batch, const model::issuer_order& order, std::size_t more = 0);

    /// Has the card more rules for these applications than there was room for? Then it is asked again.
    bool is_complete(const std::vector<gp::response_apdu>& answers) const;
    /// Throws gp::card_failure if a rule that was written is missing, or one that was removed is there. A card that
    /// does not answer such questions, or with nothing, as older ones, proves nothing.
    void check(const std::vector<gp::response_apdu>& answers) const;

private:
    bool are_told(const std::vector<gp::response_apdu>& answers) const;

    std::vector<gp::wanted_rule> wanted_;
    gp::rule_listing rules_;
    bytes client_;
    std::optional<std::size_t> clients_;
};

} // namespace tsms::lab
