#pragma once
// Reads what every announced card says of itself: plain reads before anybody has authenticated (AMB-226), for the actor
// that owns the session.

#include "actors/framework/attempt.hpp"
#include "actors/framework/runner.hpp"

#include <algorithm>

namespace tsms::actors {

struct cards_seen {
    std::vector<model::seen_card> cards; ///< in the order of the announced ones
    bool phone_lost = false;
    std::string bug; ///< not empty: the reading broke, and nothing was seen
};

inline model::seen_card seen_from(const process::card_facts& facts, const std::vector<announced_card>& announced) {
    model::seen_card card;
    card.reader = facts.reader;
    card.accessible = facts.accessible;
    card.problem = facts.problem;
    card.cplc = facts.cplc;
    card.without_cplc = facts.without_cplc;
    card.isd_aid = facts.isd_aid;
    card.iin = facts.iin;
    card.cin = facts.cin;
    card.card_data = facts.card_data;
    card.highest_level = facts.highest_level;
    const auto found = std::ranges::find(announced, facts.reader, &announced_card::reader);
    if (found != announced.end())
        card.atr = found->atr;
    return card;
}

/// The issuer whose "cards" recognise this one; else the first without any, which owns all. Empty if there is none.
inline std::string issuer_of(const std::vector<store::issuer_record>& issuers, const model::seen_card& seen) {
    const auto unrestricted = [](const store::issuer_record& i) {
        return i.cards.cplc.empty() && i.cards.atr.empty() && i.cards.isd.empty() && i.cards.card_data.empty();
    };
    auto found = std::ranges::find_if(issuers, [&](const auto& i) { return model::recognises(i.cards, seen); });
    if (found == issuers.end())
        found = std::ranges::find_if(issuers, unrestricted);
    return found == issuers.end() ? std::string() : found->name;
}

/// For a card whose row rests on claims: what the phone says of it now, and the issuer that follows from it.
inline void take_claims(model::secure_component& card, const model::seen_card& seen,
                        const std::vector<store::issuer_record>& issuers) {
    card.isd_aid = seen.isd_aid;
    card.cin_iin = model::issuers_number(seen.iin, seen.cin).value_or(std::string());
    card.issuer = issuer_of(issuers, seen);
}

/// A member of the actor `self`, whose session is `session`; `done` is called once.
template <class Self> class card_reading {
public:
    card_reading(Self& self, session_actor session, const std::vector<announced_card>& announced,
                 std::chrono::seconds deadline, std::function<void(cards_seen)> done)
        : self_(self), session_(std::move(session)), announced_(announced), deadline_(deadline), done_(std::move(done)),
          runner_(
              process::read_cards(readers()), [this](const process::effect& e) { perform(e); },
              [this](const facts* read, const std::string& bug) { ended(read, bug); }) {}

    void start() { runner_.start(); }

private:
    using facts = std::vector<process::card_facts>;

    std::vector<std::string> readers() const {
        std::vector<std::string> names;
        for (const auto& card : announced_)
            names.push_back(card.reader);
        return names;
    }

    void perform(const process::effect& e) {
        const auto* x = std::get_if<process::exchange>(&e);
        if (!x)
            return runner_.answer(
                process::failed{model::error_category::internal_error, "this only reads cards", false});
        self_.request(session_, deadline_, perform_order{x->reader, x->commands})
            .then(
                [this](order_performed& p) {
                    seen_.phone_lost = seen_.phone_lost || p.answer.end == gp::transmission::phone_lost;
                    runner_.answer(std::move(p.answer));
                },
                [this](caf::error& error) {
                    seen_.phone_lost = true;
                    runner_.answer(gp::batch_answer{{}, gp::transmission::phone_lost, text_of(error)});
                });
    }

    void ended(const facts* read, const std::string& bug) {
        seen_.bug = bug;
        if (read)
            for (const auto& f : *read)
                seen_.cards.push_back(seen_from(f, announced_));
        done_(std::move(seen_));
    }

    Self& self_;
    session_actor session_;
    std::vector<announced_card> announced_;
    std::chrono::seconds deadline_;
    std::function<void(cards_seen)> done_;
    process_runner<facts> runner_;
    cards_seen seen_;
};

} // namespace tsms::actors
