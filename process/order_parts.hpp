#pragma once
// One order made of parts that different parties read: our plain reads, the issuer's opaque commands, the request for
// our channel.

#include "gp/procedure.hpp"

namespace tsms::process {

struct joined_order {
    gp::batch commands;

    void add(gp::batch part) { commands.append(std::move(part)); }
    void add_relayed(const std::vector<bytes>& apdus) {
        for (const auto& apdu : apdus)
            commands.commands.emplace_back(gp::step::relayed, apdu, true, true);
    }
};

/// Over OMAPI a SELECT that the card refuses gets no answer and ends the order (gp/procedures, hazard 3). That the card
/// itself is gone looks the same; both are claims, and whoever is asked next finds out.
inline bool ends_at_select(const gp::batch_answer& answer) {
    return answer.responses.empty() && answer.end == gp::transmission::unavailable;
}

} // namespace tsms::process
