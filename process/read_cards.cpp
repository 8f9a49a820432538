// Identification of the secure components of a handset (AMB-226): claims, one order a card.

#include "gp/procedures/identify.hpp"
#include "process/card_proof.hpp"
#include "process/order_parts.hpp"

namespace tsms::process {

namespace {

/// Not there, or closed to the app, before it said anything: such a card is not accessible (TR 4.2.5.2, AMB-240). That
/// no channel to it is free, or NFC is off, says nothing of what is on it.
bool fell_silent(const gp::batch_answer& answer) {
    if (answer.end == gp::transmission::ungranted)
        return false;
    return !answer.responses.empty() || answer.end == gp::transmission::no_channel ||
           answer.end == gp::transmission::nfc_off;
}

void note_claims(card_facts& facts, const gp::card_claims& claims) {
    facts.accessible = true;
    facts.isd_aid = to_hex(claims.isd_aid);
    facts.cplc = to_hex(claims.cplc);
    facts.without_cplc = claims.without_cplc;
    facts.iin = to_hex(claims.iin);
    facts.cin = to_hex(claims.cin);
    facts.card_data = to_hex(claims.recognition);
    facts.highest_level = claims.highest_level;
    if (claims.resources)
        facts.free_memory = claims.resources->non_volatile;
}

process<card_facts> read_card(card_to_read card) {
    card_facts facts;
    facts.reader = card.reader;
    gp::secured_batch reads;
    const gp::identification identification(reads);
    const auto read_count = reads.size();
    joined_order order;
    order.add(reads.take());
    std::optional<asked_proof> asked;
    if (card.proof) {
        asked = co_await ask_for_proof(*card.proof);
        order.add(asked->take());
    }
    const auto answer = co_await exchange(card.reader, std::move(order.commands));
    const auto told = gp::part_of(answer, 0, read_count);
    try {
        note_claims(facts, identification.claims(reads.accept(told)));
    } catch (const gp::card_failure& failure) {
        const auto why = silence_of(failure);
        facts.problem = why.problem;
        if (fell_silent(told))
            facts.silent = why;
        co_return facts;
    }
    if (asked)
        facts.proof = asked->read(gp::part_of(answer, read_count, asked->size()), facts.silent);
    co_return facts;
}

} // namespace

process<std::vector<card_facts>> read_cards(std::vector<card_to_read> cards) {
    std::vector<card_facts> all;
    for (const auto& card : cards)
        all.push_back(co_await read_card(card));
    co_return all;
}

} // namespace tsms::process
