#pragma once
// One order made of parts that different parties read: our plain reads, the issuer's opaque commands, the request for
// our channel.

#include "gp/procedure.hpp"

#include <algorithm>
#include <iterator>

namespace tsms::process {

struct joined_order {
    gp::batch commands;

    void add(gp::batch part) {
        std::move(part.commands.begin(), part.commands.end(), std::back_inserter(commands.commands));
    }
    void add_relayed(const std::vector<bytes>& apdus) {
        for (const auto& apdu : apdus)
            commands.commands.emplace_back(gp::step::relayed, apdu, true, true);
    }
};

/// The answers that belong to `count` commands from `from` on. If the transmission broke inside or before, the part is
/// broken too; what ended it before says nothing of the part's own commands.
inline gp::batch_answer part(const gp::batch_answer& all, std::size_t from, std::size_t count) {
    gp::batch_answer answer;
    for (std::size_t i = from; i < from + count && i < all.responses.size(); ++i)
        answer.responses.push_back(all.responses[i]);
    if (answer.responses.size() < count) {
        answer.end = all.end == gp::transmission::complete ? gp::transmission::failed : all.end;
        answer.detail = all.detail;
        if (all.responses.size() < from && answer.end == gp::transmission::unavailable)
            answer.end = gp::transmission::failed;
    }
    return answer;
}

/// Over OMAPI a SELECT that the card refuses gets no answer and ends the order (gp/procedures, hazard 3). That the card
/// itself is gone looks the same; both are claims, and whoever is asked next finds out.
inline bool ends_at_select(const gp::batch_answer& answer) {
    return answer.responses.empty() && answer.end == gp::transmission::unavailable;
}

} // namespace tsms::process
