#pragma once
// In which reader the card of a Service Instance is now. Handsets rename readers, and readers exchange their names
// (DIV-033).

#include "process/calls/card_reading.hpp"

#include <algorithm>

namespace tsms::calls {

/// The stored name is announced with the stored ATR, which no other announced card has. Else every announced card is
/// asked who it is. A row without an ATR believes the only reader.
inline bool reader_is_certain(const model::service_instance& instance,
                              const std::vector<model::announced_card>& announced) {
    const auto here = std::ranges::find(announced, instance.reader, &model::announced_card::reader);
    if (here == announced.end())
        return false;
    if (instance.atr.empty())
        return announced.size() == 1;
    return here->atr == instance.atr && std::ranges::count(announced, instance.atr, &model::announced_card::atr) == 1;
}

/// The one that says it is the row's card; null if none does.
inline const model::seen_card* find_own_card(const model::secure_component& row,
                                             const std::vector<model::seen_card>& seen) {
    const auto ours = std::ranges::find_if(seen, [&](const model::seen_card& card) {
        return card.accessible && model::compare(row, card) == model::likeness::same;
    });
    return ours == seen.end() ? nullptr : &*ours;
}

/// None of them is the card of the instance. That is the phone's word: nothing changes, and the instance is there when
/// its card comes back. Only the operator can give it up (AMB-239, tsms card lost).
inline model::refusal card_not_found(const std::vector<model::seen_card>& seen) {
    const auto silent = model::could_not_look(seen);
    return {silent ? silent->category : model::error_category::sc_inaccessible,
            "none of the announced secure components is the one of the service instance" +
                (silent ? "; " + silent->details : std::string())};
}

/// What the row knows of the card, as if it had said so, and the ATR of the reader that it is in.
inline model::seen_card card_as_stored(const model::secure_component& row, const model::service_instance& instance,
                                       const std::vector<model::announced_card>& announced) {
    model::seen_card known;
    const auto identity = model::identity_of(row);
    if (identity && identity->kind() == model::card_identity::basis::cplc)
        known.cplc = identity->text();
    known.isd_aid = row.isd_aid;
    const auto here = std::ranges::find(announced, instance.reader, &model::announced_card::reader);
    if (here != announced.end())
        known.atr = here->atr;
    return known;
}

/// What is true of a row of before that more than one card may have (DIV-056); empty for every other.
inline std::string why_only_its_keys_count(const model::secure_component& row) {
    return model::identity_of(row) ? std::string()
                                   : "; its secure component cannot be told from others by what it says of itself, so "
                                     "only the keys that it has proven count, and its issuer is asked for nothing. "
                                     "‘tsms card lost --card " +
                                         row.id + "’ ends its instances";
}

} // namespace tsms::calls
