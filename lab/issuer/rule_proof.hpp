#pragma once
// What an order changes in ARA-M's rules, read back behind the changes in the same batch (GPD_SPE_013 5.1): 9000 alone
// says only that the card has confirmed them.

#include "gp/procedures/rules.hpp"
#include "model/issuer.hpp"

namespace tsms::lab {

class rule_proof {
public:
    rule_proof() = default; ///< nothing was changed
    /// Adds the questions to a batch that changes the rules before.
    rule_proof(gp::secured_batch& batch, const model::issuer_order& order);

    /// Throws gp::card_failure if a rule that was written is missing, or one that was removed is there. A card that
    /// does not answer such questions, or with nothing, as older ones, proves nothing; nor does one that has more rules
    /// for these applications than the order names.
    void check(const std::vector<gp::response_apdu>& answers) const;

private:
    std::vector<gp::wanted_rule> wanted_;
    gp::rule_listing rules_;
    bytes client_;
    std::optional<std::size_t> clients_;
};

} // namespace tsms::lab
