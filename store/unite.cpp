#include "store/unite.hpp"

#include "store/row_changes.hpp"

#include <algorithm>
#include <limits>

namespace tsms::store {

namespace {

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

/// The row of the process that has ended is the one that stays: what it says of the card is the latest. Instances of
/// the same Service are one, because they share the Service's security domain.
void take_instance(device_rows& rows, model::secure_component& card, model::service_instance theirs,
                   const std::string& gone) {
    const auto drop = [&](const std::string& id) {
        rows.instances().remove(id);
        rows.audit().append("instance is another one now", id);
    };
    if (theirs.target.service_id == gone)
        return drop(theirs.id);
    if (const auto ours = rows.instances().of_service(theirs.target.service_id, card.id)) {
        const bool ours_is_there = ours->state != model::instance_state::not_deployed;
        if (ours_is_there || !model::may_be_on_card(theirs))
            return drop(theirs.id);
        card.doubt = card.doubt || ours->on_card; // it may have begun to change the other's
        drop(ours->id);
    }
    theirs.secure_component_id = card.id;
    rows.instances().update(theirs);
}

/// A tombstone of a Service that is on the card now names what belongs to it: removing that would remove the Service.
void take_tombstones(device_rows& rows, const model::secure_component& card, const std::string& other,
                     const std::string& gone) {
    const auto ours = rows.instances().on_card(card.id);
    for (auto tombstone : rows.instances().tombstones_on(other)) {
        const bool replaced = tombstone.target.service_id == gone || std::ranges::any_of(ours, [&](const auto& i) {
                                  return i.target.service_id == tombstone.target.service_id && model::may_be_on_card(i);
                              });
        tombstone.secure_component_id = card.id;
        if (replaced)
            rows.instances().remove_tombstone(tombstone.id);
        else
            rows.instances().bury(tombstone);
    }
}

} // namespace

void unite(device_rows& rows, model::secure_component card, const std::string& gone) {
    if (!model::card_identity::of_row(card.identity)) // it may be any card's (DIV-056)
        return;
    if (rows.processes().works_on(card.id)) // another one, which ends with a hindrance: its instance stays until then
        return;
    constexpr auto all = static_cast<std::size_t>(std::numeric_limits<int>::max());
    for (const auto& other : rows.cards().with_identity(card.identity, all)) {
        if (other.id == card.id || rows.processes().works_on(other.id) || !are_one(card, other))
            continue;
        take_keys(card, other);
        card.doubt = card.doubt || other.doubt;
        card.quarantined = card.quarantined || other.quarantined;
        card.strikes = std::max(card.strikes, other.strikes);
        take_tombstones(rows, card, other.id, gone); // by the instances that are there before the others' come
        for (auto& theirs : rows.instances().on_card(other.id))
            take_instance(rows, card, std::move(theirs), gone);
        rows.cards().remove(other.id);
        update(rows, card);
        rows.audit().append("card is another row's part now", other.id);
    }
}

} // namespace tsms::store
