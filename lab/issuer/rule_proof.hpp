#pragma once
// What an order changes in ARA-M, read back behind the changes in the same batch (GPD_SPE_013 5.1): 9000 alone says
// only that the card has confirmed them.

#include "gp/procedures/rules.hpp"
#include "model/issuer.hpp"

namespace tsms::lab {

class rule_proof {
public:
    rule_proof() = default; ///< nothing to prove
    /// Adds the questions to a batch that changes the rules before, if the order says that the card answers them: the
    /// card is not asked whether it does, because one that pretends would keep silent as well. `more`: answers beyond
    /// those that the order's own rules fill.
    rule_proof(gp::secured_batch& batch, const model::issuer_order& order, std::size_t more = 0);

    /// Has the card more to tell than there was room for? Then it is asked again. Throws gp::card_failure where it
    /// leaves a question unanswered.
    bool is_complete(const std::vector<gp::response_apdu>& answers) const;
    /// Throws gp::card_failure if a rule that was written is missing, one that was removed is there, or the ARA-C is
    /// not registered.
    void check(const std::vector<gp::response_apdu>& answers) const;

private:
    std::vector<gp::wanted_rule> wanted_;
    gp::rule_listing rules_;
    bytes client_;
    gp::rule_listing clients_; ///< one question, or none
};

} // namespace tsms::lab
