#include "store/memory/device_rows.hpp"

namespace tsms::store {

namespace {

std::vector<model::secure_component> proven_first(std::vector<model::secure_component> rows, std::size_t most) {
    std::ranges::stable_partition(rows, model::is_proven);
    if (rows.size() > most)
        rows.resize(most);
    return rows;
}

} // namespace

std::optional<model::secure_component> memory_cards::find(const std::string& id) const {
    return row_where(tables_.cards, with_id(id));
}

std::vector<model::secure_component> memory_cards::all() const {
    return sorted_by_id(tables_.cards);
}

std::vector<model::secure_component> memory_cards::with_identity(const std::string& identity, std::size_t most) const {
    return proven_first(rows_where(tables_.cards, [&](const auto& c) { return c.identity == identity; }), most);
}

std::optional<model::secure_component> memory_cards::with_claims(const std::string& identity,
                                                                 const std::string& claims) const {
    const auto unproven =
        rows_where(tables_.cards, [&](const auto& c) { return c.identity == identity && !model::is_proven(c); });
    const auto same = row_where(unproven, [&](const auto& c) { return c.claims == claims; });
    return same ? same : row_where(unproven, [](const auto& c) { return c.claims.empty(); });
}

std::vector<model::secure_component> memory_cards::with_issuers_number(const std::string& cin_iin,
                                                                       std::size_t most) const {
    return proven_first(rows_where(tables_.cards, [&](const auto& c) { return c.cin_iin == cin_iin; }), most);
}

std::vector<model::secure_component> memory_cards::of_issuer(const std::string& name) const {
    return rows_where(tables_.cards, [&](const auto& c) { return c.issuer == name; });
}

std::vector<model::secure_component> memory_cards::met_in(const std::string& reader, const std::string& atr,
                                                          std::size_t most) const {
    std::vector<model::secure_component> found;
    for (auto i = tables_.instances.rbegin(); i != tables_.instances.rend() && found.size() < most; ++i) {
        if (i->reader != reader || i->atr != atr || i->state == model::instance_state::not_deployed)
            continue;
        const auto card = find(i->secure_component_id);
        if (card && model::is_proven(*card))
            found.push_back(*card);
    }
    return found;
}

std::vector<model::secure_component> memory_cards::only_claimed_before(wall_time limit, bool proven_once) const {
    const auto before = iso8601(limit);
    const auto keeps = [&](const model::service_instance& i) {
        return i.state != model::instance_state::not_deployed || (proven_once && i.on_card) || i.created >= before;
    };
    return rows_where(tables_.cards, [&](const model::secure_component& c) {
        const auto is_on_it = [&](const auto& i) { return i.secure_component_id == c.id; };
        return !c.tsm_domain && c.claimed < before && c.was_proven == proven_once &&
               std::ranges::none_of(tables_.instances, [&](const auto& i) { return is_on_it(i) && keeps(i); }) &&
               std::ranges::none_of(tables_.tombstones, is_on_it) && !tables_.works_on(c.id);
    });
}

void memory_cards::insert(const model::secure_component& c) {
    if (find(c.id))
        throw error("there is a card " + c.id + " already");
    tables_.cards.push_back(c);
}

bool memory_cards::update(const model::secure_component& c) {
    const auto row = std::ranges::find_if(tables_.cards, with_id(c.id));
    if (row == tables_.cards.end())
        return false;
    *row = c;
    return true;
}

void memory_cards::remove(const std::string& id) {
    const auto is_on_it = [&](const auto& i) { return i.secure_component_id == id; };
    if (std::ranges::any_of(tables_.instances, is_on_it) || std::ranges::any_of(tables_.tombstones, is_on_it))
        throw error("something is on card " + id);
    std::erase_if(tables_.cards, with_id(id));
}

} // namespace tsms::store
