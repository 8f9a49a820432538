#include "gp/procedures/identify.hpp"

#include "gp/commands.hpp"
#include "gp/tlv.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

// A card need not have each object: whatever it answers is no failure of the identification.
constexpr auto any = secured_batch::tolerance::any;

/// Content of a data object that a card may send with or without its tag.
bytes content(const response_apdu& answer, std::uint32_t tag) {
    if (answer.sw != 0x9000)
        return {};
    if (const auto value = find_path(answer.data, {tag}))
        return to_bytes(*value);
    return answer.data;
}

std::optional<std::uint8_t> offered_level(bytes_view recognition) {
    std::optional<std::uint8_t> best;
    const auto told = parse_card_recognition(recognition);
    if (!told)
        return best;
    for (const auto& protocol : told->protocols)
        if (protocol.scp == 3)
            best = std::max(best.value_or(0), highest_level(protocol.i));
    return best;
}

} // namespace

identification::identification(secured_batch& orders)
    : select_(orders.add_plain(step::select, select({}), any)),
      cplc_(orders.add_plain(step::get_data, get_data(0x9F7F), any)),
      cin_(orders.add_plain(step::get_data, get_data(0x0045), any)),
      iin_(orders.add_plain(step::get_data, get_data(0x0042), any)),
      recognition_(orders.add_plain(step::get_data, get_data(0x0066), any)),
      resources_(orders.add_plain(step::get_data, get_data(0xFF21), any)) {}

card_claims identification::claims(const std::vector<response_apdu>& answers) const {
    card_claims card;
    const auto fci = parse_fci(answers[select_].data);
    card.isd_aid = fci.aid;
    card.longest_data = fci.longest_data;
    if (answers[cplc_].sw == 0x9000)
        card.cplc = parse_cplc(answers[cplc_].data).value_or(bytes{});
    const auto sw = answers[cplc_].sw;
    card.without_cplc = sw >> 8 == 0x6A || sw == 0x6D00 || sw == 0x6E00 || sw == 0x6982;
    card.cin = content(answers[cin_], 0x45);
    card.iin = content(answers[iin_], 0x42);
    if (answers[recognition_].sw == 0x9000) {
        card.recognition = answers[recognition_].data;
        card.highest_level = offered_level(card.recognition);
    }
    if (answers[resources_].sw == 0x9000)
        card.resources = parse_card_resources(answers[resources_].data);
    return card;
}

} // namespace tsms::gp
