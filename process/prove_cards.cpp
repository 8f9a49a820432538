// AMB-239: which card that has proven itself before a card in a reader is.

#include "process/card_proof.hpp"
#include "process/domain_keys.hpp"
#include "process/offered_channel.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

/// Versions in the second question: those that a domain of ours may have beside the one that was asked first.
constexpr std::size_t most_versions = 3;

/// A channel that the card has offered and could open: the proof. Nothing where these are not the row's keys.
process<std::optional<gp::secure_channel>> open_offer(const model::secure_component* row, card_offer offer) {
    const auto& domain = *row->tsm_domain;
    const auto keys = keys_of_version(domain, offer.answer.key_version);
    if (domain.aid != offer.aid || !keys)
        co_return std::nullopt;
    try {
        co_return co_await open_offered(*keys, row_with_keys(*row), std::move(offer), c_mac_alone,
                                        gp::missing_counter::taken_as_random);
    } catch (const gp::scp03_error&) {
        co_return std::nullopt;
    }
}

/// Versions in ascending order, always as many: neither the number nor the order tells whether there is a row. What the
/// rows do not fill does what the profile's defaults and first rotations would.
std::vector<std::uint8_t> versions_to_ask(const card_to_prove& card, const std::string& aid, bool same_length) {
    const std::size_t count = card.update_counts ? 1 : most_versions;
    const auto& before = card.asked.key_versions;
    std::vector<std::uint8_t> chosen;
    const auto choose = [&](std::uint8_t version) {
        const bool tried = aid == card.asked.aid && same_length && std::ranges::count(before, version) != 0;
        if (!tried && chosen.size() < count && std::ranges::count(chosen, version) == 0)
            chosen.push_back(version);
    };
    for (const auto& row : card.rows)
        if (row.tsm_domain->aid == aid)
            choose(row.tsm_domain->keys->version);
    for (const auto& row : card.rows)
        if (row.tsm_domain->aid == aid)
            for (const auto& other : row.tsm_domain->other_keys)
                choose(other.version);
    const model::card_parameters usual;
    choose(usual.tsm_rotated_version);
    choose(usual.tsm_key_version);
    for (int next = usual.tsm_rotated_version + 1; chosen.size() < count; ++next)
        choose(static_cast<std::uint8_t>(next));
    std::ranges::sort(chosen);
    return chosen;
}

/// The second question, where there is one: a domain that is there and has not proven itself, or one with another AID
/// than was asked for.
std::optional<proof_request> next_question(const card_to_prove& card) {
    const auto& first = card.asked;
    const auto known = std::ranges::find_if(
        card.rows, [&](const auto& row) { return !card.answers.domain_answers || row.tsm_domain->aid == first.aid; });
    proof_request next;
    next.aid = known != card.rows.end()      ? known->tsm_domain->aid
               : card.answers.domain_answers ? first.aid
                                             : card.expected_aid;
    if (!card.answers.domain_answers && next.aid == first.aid)
        return std::nullopt;
    const std::size_t other_octets = first.challenge_octets == 8 ? 16 : 8;
    // By the answer alone: the row's mode would tell that there is a row (DIV-059).
    next.challenge_octets = card.answers.other_length ? other_octets : first.challenge_octets;
    next.key_versions = versions_to_ask(card, next.aid, next.challenge_octets == first.challenge_octets);
    return next;
}

/// The first row whose keys one of the offers proves.
struct accepted_offer {
    std::size_t row;
    gp::secure_channel channel;
};
process<std::optional<accepted_offer>> accept(const card_to_prove* card, std::vector<card_offer> offers) {
    for (const auto& offer : offers)
        for (std::size_t i = 0; i < card->rows.size(); ++i)
            if (auto channel = co_await open_offer(&card->rows[i], offer))
                co_return accepted_offer{i, *std::move(channel)};
    co_return std::nullopt;
}

/// A card that counts INITIALIZE UPDATE as an attempt gets what ends the counting.
process<void> clear_attempts(std::string reader, gp::secure_channel channel) {
    gp::secured_batch orders;
    orders.add_plain(gp::step::external_authenticate, channel.external_authenticate(),
                     gp::secured_batch::tolerance::any);
    co_await exchange(std::move(reader), orders.take()); // it has proven itself, whatever it says now
}

process<card_proof> prove_card(card_to_prove card) {
    card_proof proof;
    auto accepted = co_await accept(&card, card.answers.offers);
    if (!accepted)
        if (const auto question = next_question(card)) {
            auto asked = co_await ask_for_proof(*question);
            const auto answer = co_await exchange(card.reader, asked.take());
            accepted = co_await accept(&card, asked.read(answer, proof.silent).offers);
        }
    if (!accepted)
        co_return proof;
    proof.row = accepted->row;
    proof.silent.reset();
    if (card.update_counts)
        co_await clear_attempts(card.reader, std::move(accepted->channel));
    co_return proof;
}

} // namespace

process<std::vector<card_proof>> prove_cards(std::vector<card_to_prove> cards) {
    std::vector<card_proof> all;
    for (const auto& card : cards)
        all.push_back(co_await prove_card(card));
    co_return all;
}

} // namespace tsms::process
