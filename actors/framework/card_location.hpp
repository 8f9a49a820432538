#pragma once
// In which reader the card of a Service Instance is now. Handsets rename readers, and readers exchange their names
// (DIV-033).

#include "actors/framework/card_reading.hpp"

#include <algorithm>

namespace tsms::actors {

/// The stored name is announced with the stored ATR, which no other announced card has. Else every announced card is
/// asked who it is. A row without an ATR believes the only reader.
inline bool reader_is_certain(const model::service_instance& instance, const std::vector<announced_card>& announced) {
    const auto here = std::ranges::find(announced, instance.reader, &announced_card::reader);
    if (here == announced.end())
        return false;
    if (instance.atr.empty())
        return announced.size() == 1;
    return here->atr == instance.atr && std::ranges::count(announced, instance.atr, &announced_card::atr) == 1;
}

/// The one that says it is the row's card; null if none does.
inline const model::seen_card* find_own_card(const model::secure_component& row,
                                             const std::vector<model::seen_card>& seen) {
    const auto ours = std::ranges::find_if(seen, [&](const model::seen_card& card) {
        return card.accessible && model::compare(row, card) == model::likeness::same;
    });
    return ours == seen.end() ? nullptr : &*ours;
}

/// What the rows and the call say of the card, where it has not been asked.
inline model::seen_card card_as_stored(const model::secure_component& row, const model::service_instance& instance,
                                       const std::vector<announced_card>& announced) {
    model::seen_card known;
    known.cplc = row.identity;
    known.isd_aid = row.isd_aid;
    const auto here = std::ranges::find(announced, instance.reader, &announced_card::reader);
    if (here != announced.end())
        known.atr = here->atr;
    return known;
}

} // namespace tsms::actors
