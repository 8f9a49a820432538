#pragma once
// The request for a card's proof as a part of an order, and what its answers say.

#include "gp/secured_batch.hpp"
#include "process/enquiries.hpp"

namespace tsms::process {

class asked_proof {
public:
    /// `challenges`: one for each version, in their order.
    asked_proof(std::string aid, const std::vector<std::uint8_t>& key_versions, std::vector<bytes> challenges);

    std::size_t size() const { return orders_.size(); }
    gp::batch take() { return orders_.take(); }

    /// What this part of an order was answered. Sets `silent` where the card fell silent in it; an app that may not
    /// reach the domain is no such case.
    proof_answers read(const gp::batch_answer& answer, std::optional<silence>& silent);

private:
    std::string aid_;
    std::vector<bytes> challenges_;
    gp::secured_batch orders_;
};

/// With fresh challenges.
process<asked_proof> ask_for_proof(proof_request request);

silence silence_of(const gp::card_failure& failure);

} // namespace tsms::process
