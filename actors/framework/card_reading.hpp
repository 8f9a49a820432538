#pragma once
// Asks the announced cards, for the actor that owns the session: what each says of itself, plain reads before anybody
// has authenticated (AMB-226), and which of the cards that we know it can prove to be (AMB-239).

#include "actors/framework/attempt.hpp"
#include "actors/framework/runner.hpp"
#include "process/enquiries.hpp"

#include <algorithm>

namespace tsms::actors {

struct cards_seen {
    std::vector<model::seen_card> cards;    ///< in the order of the announced ones
    std::vector<process::card_facts> facts; ///< the same as the process read it
    bool phone_lost = false;
    std::string bug; ///< not empty: the reading broke, and nothing was seen
};

inline model::seen_card seen_from(const process::card_facts& facts, const std::vector<announced_card>& announced) {
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
    card.claims = model::claims_of(seen);
}

/// A process that only asks the handset's cards. A member of the actor `self`, whose session is `session`; `done` is
/// called once, with what the process has found out, or with the text of a bug that broke it.
template <class Self, class Found> class card_dialogue {
public:
    using done_function = std::function<void(const Found* found, const std::string& bug, bool phone_lost)>;

    card_dialogue(Self& self, std::shared_ptr<const surroundings> around, session_actor session,
                  process::process<Found> asking, done_function done)
        : self_(self), around_(std::move(around)), session_(std::move(session)), done_(std::move(done)),
          runner_(
              std::move(asking), [this](const process::effect& e) { perform(e); },
              [this](const Found* found, const std::string& bug) { done_(found, bug, phone_lost_); }) {}

    void start() { runner_.start(); }

private:
    void perform(const process::effect& e) {
        if (const auto* x = std::get_if<process::exchange>(&e))
            return carry(*x);
        if (const auto* r = std::get_if<process::random_octets>(&e))
            return runner_.answer(around_->random->take(r->count));
        if (const auto* d = std::get_if<process::derive_session>(&e))
            return derive(*d);
        runner_.answer(process::failed{model::error_category::internal_error, "this only asks cards", false});
    }

    void carry(const process::exchange& x) {
        self_
            .request(session_, session_answers_within(around_->sessions, x.commands),
                     perform_order{x.reader, x.commands})
            .then(
                [this](order_performed& p) {
                    phone_lost_ = phone_lost_ || p.answer.end == gp::transmission::phone_lost;
                    runner_.answer(std::move(p.answer));
                },
                [this](caf::error& error) {
                    phone_lost_ = true;
                    runner_.answer(gp::batch_answer{{}, gp::transmission::phone_lost, inside(error)});
                });
    }

    void derive(const process::derive_session& d) {
        self_.request(around_->hsm, key_deadline, d)
            .then([this](answered& a) { runner_.answer(std::move(a.value)); },
                  [this](caf::error& error) {
                      runner_.answer(process::failed{model::error_category::internal_error, inside(error), false});
                  });
    }

    /// The operator is told what it was.
    const char* inside(const caf::error& error) const {
        around_->log({severity::error, "reading a card: " + text_of(error)});
        return internal_problem;
    }

    Self& self_;
    std::shared_ptr<const surroundings> around_;
    session_actor session_;
    done_function done_;
    bool phone_lost_ = false;
    process_runner<Found> runner_;
};

inline std::vector<process::card_to_read> readers_of(const std::vector<announced_card>& announced) {
    std::vector<process::card_to_read> cards;
    for (const auto& card : announced)
        cards.push_back({card.reader, {}});
    return cards;
}

/// A card_dialogue that reads each of the cards, which were announced like this.
template <class Self> class card_reading {
public:
    card_reading(Self& self, std::shared_ptr<const surroundings> around, session_actor session,
                 const std::vector<announced_card>& announced, std::vector<process::card_to_read> cards,
                 std::function<void(cards_seen)> done)
        : dialogue_(self, std::move(around), std::move(session), process::read_cards(std::move(cards)),
                    [announced, done = std::move(done)](const facts* read, const std::string& bug, bool phone_lost) {
                        cards_seen seen;
                        seen.bug = bug;
                        seen.phone_lost = phone_lost;
                        if (read)
                            seen.facts = *read;
                        for (const auto& f : seen.facts)
                            seen.cards.push_back(seen_from(f, announced));
                        done(std::move(seen));
                    }) {}

    void start() { dialogue_.start(); }

private:
    using facts = std::vector<process::card_facts>;
    card_dialogue<Self, facts> dialogue_;
};

} // namespace tsms::actors
