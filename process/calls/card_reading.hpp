#pragma once
// What a call finds out about the announced cards: what each says of itself, plain reads before anybody has
// authenticated (AMB-226), and which of the cards that we know it can prove to be (AMB-239). Nothing on a card changes.

#include "process/calls/effect.hpp"
#include "process/enquiries.hpp"

namespace tsms::calls {

/// What asking the cards came to.
struct cards_asked {
    bool phone_lost = false;
    std::string unwanted = {}; ///< why nobody wants to know any more
    std::string bug = {};      ///< not empty: asking them broke, and nothing was found out
};
struct cards_seen : cards_asked {
    std::vector<model::seen_card> cards;    ///< in the order of the cards that were to be read
    std::vector<process::card_facts> facts; ///< the same as the process read it
};
struct cards_proven : cards_asked {
    std::vector<process::card_proof> proofs; ///< in the order of the cards that were to prove themselves
};

/// What the operator is told of a bug; its text follows.
inline constexpr const char* cards_unread = "reading the cards broke: ";
/// Why what was found out is of no use; nothing: it is.
std::optional<model::refusal> why_unread(const cards_asked& how);

/// `announced`: what the handset said of the readers.
call<cards_seen> read_cards(std::vector<model::announced_card> announced, std::vector<process::card_to_read> cards);
call<cards_proven> prove_cards(std::vector<process::card_to_prove> cards);

/// All of them, none asked for a proof.
std::vector<process::card_to_read> readers_of(const std::vector<model::announced_card>& announced);

model::seen_card seen_from(const process::card_facts& facts, const std::vector<model::announced_card>& announced);

/// The issuer whose "cards" recognise this one; else the first without any, which owns all. Empty if there is none.
std::string issuer_of(const std::vector<model::issuer_record>& issuers, const model::seen_card& seen);

/// For a card whose row rests on claims: what the phone says of it now, and the issuer that follows from it.
void take_claims(model::secure_component& card, const model::seen_card& seen,
                 const std::vector<model::issuer_record>& issuers);

} // namespace tsms::calls
