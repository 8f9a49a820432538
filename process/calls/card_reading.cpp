#include "process/calls/card_reading.hpp"

#include <algorithm>

namespace tsms::calls {

namespace {

template <class Found> struct asked {
    std::optional<Found> found; ///< nothing: it broke
    cards_asked how;
};

/// Plays a process that only asks cards. Who could not be asked inside the TSM ends the call; whatever else the process
/// throws is a bug, which its caller names.
template <class Found> call<asked<Found>> ask(process::process<Found> asking) {
    asked<Found> a;
    try {
        for (const auto* effect = asking.start(); effect;) {
            auto reply = co_await perform{*effect};
            if (const auto* answer = std::get_if<gp::batch_answer>(&reply))
                a.how.phone_lost = a.how.phone_lost || answer->end == gp::transmission::phone_lost;
            const auto* failed = std::get_if<process::failed>(&reply);
            if (failed && failed->category == model::error_category::execution_interrupted)
                a.how.unwanted = failed->details;
            effect = asking.answer(std::move(reply));
        }
        a.found = asking.result();
    } catch (const unanswered&) {
        throw;
    } catch (const std::exception& e) {
        if (a.how.unwanted.empty())
            a.how.bug = e.what();
    }
    co_return a;
}

} // namespace

call<cards_seen> read_cards(std::vector<model::announced_card> announced, std::vector<process::card_to_read> cards) {
    auto read = co_await ask(process::read_cards(std::move(cards)));
    cards_seen seen{{std::move(read.how)}, {}, {}};
    if (read.found)
        seen.facts = *std::move(read.found);
    for (const auto& facts : seen.facts)
        seen.cards.push_back(seen_from(facts, announced));
    co_return seen;
}

call<cards_proven> prove_cards(std::vector<process::card_to_prove> cards) {
    auto asked_for = co_await ask(process::prove_cards(std::move(cards)));
    cards_proven proven{{std::move(asked_for.how)}, {}};
    if (asked_for.found)
        proven.proofs = *std::move(asked_for.found);
    co_return proven;
}

std::optional<model::refusal> why_unread(const cards_asked& how) {
    if (!how.bug.empty())
        return model::refusal{model::error_category::internal_error, "the secure components could not be read"};
    if (!how.unwanted.empty())
        return model::refusal{model::error_category::execution_interrupted, how.unwanted};
    if (how.phone_lost)
        return model::refusal{model::error_category::execution_interrupted, "the connection to the handset was lost"};
    return std::nullopt;
}

std::vector<process::card_to_read> readers_of(const std::vector<model::announced_card>& announced) {
    std::vector<process::card_to_read> cards;
    for (const auto& card : announced)
        cards.push_back({card.reader, {}});
    return cards;
}

model::seen_card seen_from(const process::card_facts& facts, const std::vector<model::announced_card>& announced) {
    model::seen_card card;
    card.reader = facts.reader;
    card.accessible = facts.accessible;
    card.problem = facts.silent ? facts.silent->problem : facts.problem;
    card.fell_silent = facts.silent.has_value();
    if (facts.silent)
        card.problem_details = facts.silent->details;
    card.cplc = facts.cplc;
    card.without_cplc = facts.without_cplc;
    card.isd_aid = facts.isd_aid;
    card.iin = facts.iin;
    card.cin = facts.cin;
    card.card_data = facts.card_data;
    card.highest_level = facts.highest_level;
    const auto found = std::ranges::find(announced, facts.reader, &model::announced_card::reader);
    if (found != announced.end())
        card.atr = found->atr;
    return card;
}

std::string issuer_of(const std::vector<model::issuer_record>& issuers, const model::seen_card& seen) {
    const auto unrestricted = [](const model::issuer_record& i) {
        return i.cards.cplc.empty() && i.cards.atr.empty() && i.cards.isd.empty() && i.cards.card_data.empty();
    };
    auto found = std::ranges::find_if(issuers, [&](const auto& i) { return model::recognises(i.cards, seen); });
    if (found == issuers.end())
        found = std::ranges::find_if(issuers, unrestricted);
    return found == issuers.end() ? std::string() : found->name;
}

void take_claims(model::secure_component& card, const model::seen_card& seen,
                 const std::vector<model::issuer_record>& issuers) {
    card.isd_aid = seen.isd_aid;
    card.cin_iin = model::issuers_number(seen.iin, seen.cin).value_or(std::string());
    card.issuer = issuer_of(issuers, seen);
    card.claims = model::claims_of(seen);
}

} // namespace tsms::calls
