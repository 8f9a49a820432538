#include "lab/card/commands.hpp"

#include "gp/tlv.hpp"

#include <algorithm>

namespace tsms::lab {

namespace {

bool selectable(const registry& r, const application& a) {
    if (same(a.aid, r.isd().aid))
        return true;
    return r.isd().state != life_cycle::card_locked && !a.locked() &&
           (a.state & life_cycle::selectable) == life_cycle::selectable;
}

bool begins_with(bytes_view aid, bytes_view part) {
    return aid.size() >= part.size() && same(aid.first(part.size()), part);
}

/// FCI of a Security Domain (GPCS 11.9.3.1): its AID and the longest command data it takes.
bytes file_control_information(const application& domain, std::size_t longest_data) {
    bytes longest;
    if (longest_data > 0xFF)
        longest.push_back(static_cast<std::uint8_t>(longest_data >> 8));
    longest.push_back(static_cast<std::uint8_t>(longest_data));
    bytes content = gp::encode_tlv(0x84, domain.aid);
    gp::append_tlv(content, 0xA5, gp::encode_tlv(0x9F65, longest));
    return gp::encode_tlv(0x6F, content);
}

/// Selection by full or partial AID in the order of the Registry; `after` is the application selected before, for "next
/// occurrence" (GPCS 6.4.2.1).
const application* occurrence(const registry& r, bytes_view name, bytes_view after) {
    bool passed = after.empty();
    for (const auto& a : r.applications()) {
        if (passed && begins_with(a.aid, name) && selectable(r, a))
            return &a;
        passed = passed || same(a.aid, after);
    }
    return nullptr;
}

} // namespace

bytes default_selected(const registry& r) {
    for (const auto& a : r.applications())
        if (&a != &r.isd() && a.has(privilege::card_reset) && selectable(r, a))
            return a.aid;
    return r.isd().aid;
}

gp::response_apdu select(context& c, const gp::command_apdu& command) {
    // Hosts probe for SIMs and file systems: there are none.
    require(command.p1 == 0x04 && (command.p2 & 0xF1) == 0x00, sw::not_found);
    require(c.registry().isd().state != life_cycle::card_terminated, sw::conditions);
    const auto& r = c.registry();
    const bool next = (command.p2 & 0x03) == 0x02;
    const bytes name = command.data.empty() ? r.isd().aid : command.data;
    const auto* found = occurrence(r, name, next ? bytes_view(c.channel.selected) : bytes_view());
    require(found, sw::not_found); // the former application stays selected, its session open
    c.channel.end_session();
    c.channel.selected = found->aid;
    const bool locked = found->sd && r.isd().state == life_cycle::card_locked;
    const bool wanted = (command.p2 & 0x0C) != 0x0C; // 0C: no response data (ISO/IEC 7816-4 11.2.2)
    const auto longest_data = c.personality().told_longest.value_or(c.personality().longest_data);
    auto information = found->sd && wanted ? file_control_information(*found, longest_data) : bytes{};
    return {std::move(information), locked ? sw::card_locked : sw::ok};
}

gp::response_apdu manage_channel(context& c, const gp::command_apdu& command) {
    auto& channels = c.channels;
    if (command.p1 == 0x00) {
        auto free = command.p2 != 0 ? channels.begin() + std::min<std::ptrdiff_t>(command.p2, std::ssize(channels))
                                    : std::find(channels.begin(), channels.end(), std::nullopt);
        require(free != channels.end() && !*free, sw::function_not_supported);
        free->emplace().selected = c.registry().isd().aid;
        return {command.p2 == 0 ? bytes{static_cast<std::uint8_t>(free - channels.begin())} : bytes{}, sw::ok};
    }
    require(command.p1 == 0x80, sw::wrong_p1p2);
    // Without a number it is the channel of CLA (ISO/IEC 7816-4 11.1.2); the basic channel is never closed.
    std::size_t number = command.p2;
    if (number == 0)
        while (!channels[number] || &c.channel != &*channels[number])
            ++number;
    require(number != 0 && number < channels.size() && channels[number], sw::channel_not_supported);
    channels[number].reset();
    return {{}, sw::ok};
}

} // namespace tsms::lab
