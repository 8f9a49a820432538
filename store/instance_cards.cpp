// Which row a secure component has: one under its identity as a rule, and a second one where a phone names a card that
// has proven itself before and does not do so now (AMB-239, DIV-059).

#include "store/instance_db_state.hpp"

#include <algorithm>

namespace tsms::store {

namespace {

constexpr int enough_cards = 64;

/// What a phone says of a card whose row rests on such words, or has no issuer yet; the rest of the row belongs to the
/// processes. False if nothing changes.
bool follow_claims(model::secure_component& row, const model::secure_component& claimed) {
    if (model::rests_on_claims(row)) {
        row.issuer = claimed.issuer;
        row.profile_id = claimed.profile_id;
        row.cin_iin = claimed.cin_iin;
        row.isd_aid = claimed.isd_aid;
        row.claimed = claimed.claimed;
        row.claims = claimed.claims;
        return true;
    }
    if (!row.issuer.empty() || claimed.issuer.empty())
        return false;
    row.issuer = claimed.issuer;
    return true;
}

/// Are they the same physical card? Where both have proven themselves to the same issuer, who has told this identity;
/// and where neither has, and phones say the same of both. An operator's word on one of them keeps them apart.
bool are_one(const model::secure_component& card, const model::secure_component& other) {
    if (model::is_proven(card) != model::is_proven(other))
        return false;
    return model::is_proven(card) ? card.issuer == other.issuer
                                  : !card.assigned && !other.assigned && card.claims == other.claims;
}

/// No key set that may be on the card is lost.
void take_keys(model::secure_component& card, const model::secure_component& other) {
    if (!other.tsm_domain)
        return;
    if (!card.tsm_domain) {
        card.tsm_domain = other.tsm_domain;
        return;
    }
    auto& domain = *card.tsm_domain;
    const auto& theirs = *other.tsm_domain;
    const auto is_known = [&](const model::key_set& keys) { // ours of a version is the newer one
        return (domain.keys && domain.keys->version == keys.version) ||
               std::ranges::count(domain.other_keys, keys.version, &model::key_set::version) != 0;
    };
    for (const auto& keys : theirs.other_keys)
        if (!is_known(keys))
            model::remember_keys(domain, keys);
    if (theirs.keys && !is_known(*theirs.keys))
        model::remember_keys(domain, *theirs.keys);
    domain.keys_in_doubt = domain.keys_in_doubt || theirs.keys_in_doubt;
    domain.arac_registered = domain.arac_registered || theirs.arac_registered;
    domain.arac_installed = domain.arac_installed || theirs.arac_installed;
    if (domain.arac_aid.empty())
        domain.arac_aid = theirs.arac_aid;
}

} // namespace

std::vector<model::secure_component> instance_db::cards_by_identity(const model::card_identity& identity) const {
    return state_->guarded([&] {
        auto rows =
            state_->bound("SELECT document FROM secure_components WHERE json_extract(document, '$.identity') = ? "
                          "ORDER BY json_extract(document, '$.tsmDomain.keys') IS NULL, rowid LIMIT ?",
                          identity.text(), enough_cards);
        std::vector<model::secure_component> found;
        while (rows.executeStep())
            found.push_back(decode_card(rows.getColumn(0).getString()));
        return found;
    });
}

std::optional<model::secure_component> instance_db::card_by_claims(const model::card_identity& identity,
                                                                   const std::string& claims) const {
    return state_->guarded([&]() -> std::optional<model::secure_component> {
        auto rows =
            state_->bound("SELECT document FROM secure_components WHERE json_extract(document, '$.identity') = ?1 "
                          "AND json_extract(document, '$.tsmDomain.keys') IS NULL "
                          "AND coalesce(json_extract(document, '$.claims'), '') IN (?2, '') "
                          "ORDER BY coalesce(json_extract(document, '$.claims'), '') = '', rowid LIMIT 1",
                          identity.text(), claims);
        if (!rows.executeStep())
            return std::nullopt;
        return decode_card(rows.getColumn(0).getString());
    });
}

std::optional<model::secure_component> instance_db::card_by_issuers_number(const std::string& cin_iin) const {
    return state_->guarded([&]() -> std::optional<model::secure_component> {
        auto rows = state_->bound("SELECT document FROM secure_components WHERE json_extract(document, '$.cinIin') = ? "
                                  "ORDER BY json_extract(document, '$.tsmDomain.keys') IS NULL LIMIT ?",
                                  cin_iin, enough_cards);
        std::vector<model::secure_component> found, proven;
        while (rows.executeStep()) {
            found.push_back(decode_card(rows.getColumn(0).getString()));
            if (model::is_proven(found.back()))
                proven.push_back(found.back());
        }
        if (proven.size() == 1)
            return proven.front();
        return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
    });
}

std::optional<domain_hint> instance_db::domain_of_kind(const std::string& reader, const std::string& atr) const {
    return state_->guarded([&]() -> std::optional<domain_hint> {
        constexpr int sample = 8; // the latest: what they have most is the likeliest
        auto rows = state_->bound(
            "SELECT c.document FROM service_instances i JOIN secure_components c ON c.id = i.card "
            "WHERE json_extract(i.document, '$.reader') = ? AND json_extract(i.document, '$.atr') = ? AND i.state <> 1 "
            "AND json_extract(c.document, '$.tsmDomain.keys') IS NOT NULL ORDER BY i.rowid DESC LIMIT ?",
            reader, atr, sample);
        std::vector<domain_hint> found;
        while (rows.executeStep()) {
            const auto card = decode_card(rows.getColumn(0).getString());
            found.push_back({card.tsm_domain->aid, card.tsm_domain->keys->version, card.tsm_domain->scp03_mode});
        }
        const auto most =
            std::ranges::max_element(found, {}, [&](const auto& hint) { return std::ranges::count(found, hint); });
        return most == found.end() ? std::nullopt : std::optional(*most);
    });
}

creation instance_db::create(model::service_instance instance, const model::secure_component& card) {
    return state_->write([&] {
        const auto identity = model::card_identity::of_row(card.identity);
        if (!identity)
            throw error("a secure component that cannot be told from others gets no service instance");
        const auto fits = [&](const model::secure_component& row) {
            return model::is_proven(row) == model::is_proven(card) &&
                   (model::is_proven(row) || row.claims.empty() || row.claims == card.claims);
        };
        const auto stored = this->card(card.id);
        auto known = stored && fits(*stored) ? stored : std::nullopt;
        if (!known) { // since it was looked up, another call may have stored it, or it has become another row's part
            const auto rows = cards_by_identity(*identity);
            const auto found = std::ranges::find_if(rows, fits);
            if (found != rows.end())
                known = *found;
            else if (!model::is_proven(card))
                known = card_by_claims(*identity, card.claims);
            if (!known && stored)
                return creation::card_changed;
        }
        instance.secure_component_id = known ? known->id : card.id;
        if (!instances_of(instance.target.service_id, {instance.secure_component_id}).empty())
            return creation::has_service;
        if (!known)
            state_->insert(card);
        else if (!state_->is_at_work(known->id) &&
                 follow_claims(*known, card)) // else the row is the process's (DIV-041)
            state_->update(*known);
        state_->insert(instance);
        return creation::created;
    });
}

/// The row of the process that has ended is the one that stays: what it says of the card is the latest. Instances of
/// the same Service are one, because they share the Service's security domain.
void instance_db::state::take_instance(model::secure_component& card, model::service_instance theirs,
                                       const std::string& gone) {
    const auto drop = [&](const std::string& id) {
        run("DELETE FROM service_instances WHERE id = ?", id);
        audit("instance is another one now", id);
    };
    if (theirs.target.service_id == gone)
        return drop(theirs.id);
    for (const auto& ours : instances("SELECT document FROM service_instances WHERE card = ?", card.id)) {
        if (ours.target.service_id != theirs.target.service_id)
            continue;
        const bool ours_is_there = ours.state != model::instance_state::not_deployed;
        if (ours_is_there || !model::may_be_on_card(theirs))
            return drop(theirs.id);
        card.doubt = card.doubt || ours.on_card; // it may have begun to change the other's
        drop(ours.id);
    }
    theirs.secure_component_id = card.id;
    run("UPDATE service_instances SET card = ?, document = ? WHERE id = ?", card.id, encode(theirs), theirs.id);
}

/// A tombstone of a Service that is on the card now names what belongs to it: removing that would remove the Service.
void instance_db::state::take_tombstones(const model::secure_component& card, const std::string& other,
                                         const std::string& gone) {
    const auto ours = instances("SELECT document FROM service_instances WHERE card = ?", card.id);
    for (auto tombstone : instances("SELECT document FROM tombstones WHERE card = ?", other)) {
        const bool replaced = tombstone.target.service_id == gone || std::ranges::any_of(ours, [&](const auto& i) {
                                  return i.target.service_id == tombstone.target.service_id && model::may_be_on_card(i);
                              });
        tombstone.secure_component_id = card.id;
        if (replaced)
            run("DELETE FROM tombstones WHERE id = ?", tombstone.id);
        else
            run("UPDATE tombstones SET card = ?, document = ? WHERE id = ?", card.id, encode(tombstone), tombstone.id);
    }
}

void instance_db::state::unite(model::secure_component card, const std::string& gone) {
    if (!model::card_identity::of_row(card.identity)) // it may be any card's (DIV-056)
        return;
    if (is_at_work(card.id)) // another process, which ends with a hindrance: its instance stays until then
        return;
    auto rows =
        bound("SELECT document FROM secure_components WHERE json_extract(document, '$.identity') = ? AND id <> ?",
              card.identity, card.id);
    std::vector<model::secure_component> others;
    while (rows.executeStep())
        others.push_back(decode_card(rows.getColumn(0).getString()));
    for (const auto& other : others) {
        if (is_at_work(other.id) || !are_one(card, other))
            continue;
        take_keys(card, other);
        card.doubt = card.doubt || other.doubt;
        card.quarantined = card.quarantined || other.quarantined;
        card.strikes = std::max(card.strikes, other.strikes);
        take_tombstones(card, other.id, gone); // by the instances that are there before the others' come
        for (auto& theirs : instances("SELECT document FROM service_instances WHERE card = ?", other.id))
            take_instance(card, std::move(theirs), gone);
        run("DELETE FROM secure_components WHERE id = ?", other.id);
        update(card);
        audit("card is another row's part now", other.id);
    }
}

} // namespace tsms::store
