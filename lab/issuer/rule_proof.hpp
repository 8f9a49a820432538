#pragma once
// What an order changes in ARA-M's rules, read back behind the changes in the same batch (GPD_SPE_013 5.1): 9000 alone
// says only that the card has confirmed them.

#include "gp/secured_batch.hpp"
#include "model/issuer.hpp"

#include <optional>

namespace tsms::lab {

class rule_proof {
public:
    rule_proof() = default; ///< nothing was changed
    /// Adds the questions to a batch that changes the rules before. `block`: octets of a command's data.
    rule_proof(gp::secured_batch& batch, const model::issuer_order& order, std::size_t block);

    /// Throws gp::card_failure if a rule that was written is missing, or one that was removed is there. A card that
    /// does not answer such questions, or with nothing, as older ones, proves nothing.
    void check(const model::issuer_order& order, const std::vector<gp::response_apdu>& answers) const;

private:
    struct question {
        std::string aid;        ///< of the application that the rules are for
        std::size_t begin, end; ///< indices of the answers
    };
    std::vector<question> questions_;
    std::optional<std::size_t> clients_;
};

} // namespace tsms::lab
