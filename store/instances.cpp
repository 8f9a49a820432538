#include "store/instances.hpp"

#include "store/answers.hpp"
#include "store/cards.hpp"
#include "store/row_changes.hpp"

#include <algorithm>

namespace tsms::store {

namespace {

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

/// May an instance of `card` stand on this row?
bool fits(const model::secure_component& row, const model::secure_component& card) {
    return model::is_proven(row) == model::is_proven(card) &&
           (model::is_proven(row) || row.claims.empty() || row.claims == card.claims);
}

/// Since the card was looked up, another call may have stored it, or it has become another row's part.
std::optional<model::secure_component> another_row_of(device_rows& rows, const model::secure_component& card,
                                                      const model::card_identity& identity) {
    const cards all(rows);
    const auto same = all.by_identity(identity);
    const auto found = std::ranges::find_if(same, [&](const auto& row) { return fits(row, card); });
    if (found != same.end())
        return *found;
    return model::is_proven(card) ? std::nullopt : all.by_claims(identity, card.claims);
}

} // namespace

std::vector<model::service_instance> instances::of(const std::string& service,
                                                   const std::vector<std::string>& cards) const {
    std::vector<model::service_instance> found;
    for (const auto& card : cards)
        if (auto instance = rows_.instances().of_service(service, card))
            found.push_back(std::move(*instance));
    return found;
}

model::creation instances::create(model::service_instance instance, const model::secure_component& card,
                                  const std::optional<model::answered_call>& answer) const {
    const auto identity = model::card_identity::of_row(card.identity);
    if (!identity)
        throw error("a secure component that cannot be told from others gets no service instance");
    return rows_.change([&] {
        if (answer && rows_.answers().find(answer->hash))
            return model::creation::answered;
        const auto stored = rows_.cards().find(card.id);
        auto known = stored && fits(*stored, card) ? stored : another_row_of(rows_, card, *identity);
        if (!known && stored)
            return model::creation::card_changed;
        instance.secure_component_id = known ? known->id : card.id;
        if (rows_.instances().of_service(instance.target.service_id, instance.secure_component_id))
            return model::creation::has_service;
        if (!known)
            insert(rows_, card);
        else if (!rows_.processes().works_on(known->id) && // else the row is the process's (DIV-041)
                 follow_claims(*known, card))
            update(rows_, *known);
        insert(rows_, instance);
        keep_answer(rows_, answer);
        return model::creation::created;
    });
}

} // namespace tsms::store
