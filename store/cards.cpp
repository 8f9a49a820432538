#include "store/cards.hpp"

#include "store/row_changes.hpp"

#include <algorithm>

namespace tsms::store {

namespace {

constexpr std::size_t enough_cards = 64;

/// In one transaction with the look whether a process is at work on the card.
template <class F> card_change change_card(device_rows& rows, const std::string& id, const char* what, F change) {
    return rows.change([&] {
        auto card = rows.cards().find(id);
        if (!card)
            return card_change::unknown_card;
        if (rows.processes().works_on(id))
            return card_change::process_running;
        const auto changed = change(*card);
        if (changed == card_change::done) {
            update(rows, *card);
            rows.audit().append(what, id);
        }
        return changed;
    });
}

/// The app's id is invalid from now on. What may be on the card is kept for whoever meets the card again.
void lose(device_rows& rows, const model::service_instance& i) {
    rows.instances().remove(i.id);
    if (model::may_be_on_card(i))
        rows.instances().bury(i);
    rows.audit().append("instance lost", i.id);
}

} // namespace

std::vector<model::secure_component> cards::by_identity(const model::card_identity& identity) const {
    return rows_.cards().with_identity(identity.text(), enough_cards);
}

std::optional<model::secure_component> cards::by_claims(const model::card_identity& identity,
                                                        const std::string& claims) const {
    return rows_.cards().with_claims(identity.text(), claims);
}

std::optional<model::secure_component> cards::by_issuers_number(const std::string& cin_iin) const {
    const auto found = rows_.cards().with_issuers_number(cin_iin, enough_cards);
    const auto proven = std::ranges::count_if(found, model::is_proven);
    return proven == 1 || found.size() == 1 ? std::optional(found.front()) : std::nullopt; // proven ones come first
}

std::optional<model::domain_hint> cards::domain_of_kind(const std::string& reader, const std::string& atr) const {
    constexpr std::size_t sample = 8; // the latest: what they have most is the likeliest
    std::vector<model::domain_hint> found;
    for (const auto& card : rows_.cards().met_in(reader, atr, sample))
        found.push_back({card.tsm_domain->aid, card.tsm_domain->keys->version, card.tsm_domain->scp03_mode});
    const auto most =
        std::ranges::max_element(found, {}, [&](const auto& hint) { return std::ranges::count(found, hint); });
    return most == found.end() ? std::nullopt : std::optional(*most);
}

card_change cards::release(const std::string& id) const {
    return change_card(rows_, id, "card released", [](model::secure_component& card) {
        card.quarantined = false;
        card.strikes = 0;
        return card_change::done;
    });
}

card_change cards::doubt(const std::string& id, bool all) const {
    return change_card(rows_, id, "card to be reconciled", [&](model::secure_component& card) {
        card.doubt = true;
        for (auto& instance : rows_.instances().on_card(id)) {
            if (!all && !model::may_be_on_card(instance))
                continue;
            instance.on_card = true;
            update(rows_, instance);
        }
        return card_change::done;
    });
}

card_change cards::assign(const std::string& id, const std::string& issuer, bool force) const {
    return change_card(rows_, id, "card assigned", [&](model::secure_component& card) {
        if (!rows_.issuers().has(issuer))
            return card_change::unknown_issuer;
        if (card.tsm_domain && card.issuer != issuer && !force)
            return card_change::would_strand;
        card.issuer = issuer;
        card.assigned = true;
        return card_change::done;
    });
}

card_change cards::lost(const std::string& id) const {
    return change_card(rows_, id, "card lost", [&](model::secure_component&) {
        for (const auto& instance : rows_.instances().on_card(id))
            lose(rows_, instance);
        return card_change::done;
    });
}

card_change cards::found(const std::string& id) const {
    return change_card(rows_, id, "card found", [&](model::secure_component&) {
        for (const auto& tombstone : rows_.instances().tombstones_on(id)) {
            if (rows_.instances().of_service(tombstone.target.service_id, id))
                continue;
            rows_.instances().remove_tombstone(tombstone.id);
            insert(rows_, tombstone);
        }
        return card_change::done;
    });
}

card_change cards::drop_tombstones(const std::string& id) const {
    return change_card(rows_, id, "tombstones dropped", [&](model::secure_component&) {
        rows_.instances().remove_tombstones_on(id);
        return card_change::done;
    });
}

} // namespace tsms::store
