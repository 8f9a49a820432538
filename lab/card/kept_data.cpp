// What an applet of the lab keeps (DIV-091): PUT DATA and GET DATA of ISO/IEC 7816-4 when it is selected, and STORE
// DATA behind INSTALL [for personalization] (GPCS 7.3.3). All of it together is at most as large as the memory that the
// instance was installed with.

#include "lab/card/commands.hpp"

namespace tsms::lab {

namespace {

constexpr std::uint8_t get_data_ins = 0xCA;
constexpr std::uint8_t put_data_ins = 0xDA;

// P1 and P2: 0100 to 01FF are application data in proprietary coding (ISO/IEC 7816-4, GET DATA). 0100 to 017F are the
// objects of PUT DATA. 0180 to 01FF are what STORE DATA brought, 256 octets each; only GET DATA knows them.
constexpr std::uint8_t application_data = 0x01;
constexpr std::uint8_t personalization = 0x80; ///< in P2

constexpr std::size_t longest_object = 255; ///< what one short command brings
constexpr std::size_t part = 256;           ///< what one short response takes

application& selected(const context& c) {
    return *c.registry().find_application(c.channel.selected);
}

/// A locked card or application executes nothing (GPCS 5.1.1, 5.3.1), also where it was selected before.
void require_executable(const context& c, const application& a) {
    const auto card = c.registry().isd().state;
    require(card != life_cycle::card_locked && card != life_cycle::card_terminated && !a.locked(), sw::conditions);
}

gp::response_apdu put(context& c, application& a, const gp::command_apdu& command) {
    require(command.p1 == application_data, sw::wrong_p1p2);
    require((command.p2 & personalization) == 0, sw::conditions);
    require(!command.data.empty() && command.data.size() <= longest_object, sw::wrong_length);
    auto kept = a.kept;
    kept.objects[command.p2] = command.data;
    require(kept.octets() <= a.memory, sw::no_memory);
    if (!c.otherwise.pretend)
        a.kept = std::move(kept);
    return {{}, sw::ok};
}

gp::response_apdu get(const application& a, const gp::command_apdu& command) {
    require(command.data.empty(), sw::wrong_length);
    require(command.p1 == application_data, sw::wrong_p1p2);
    if ((command.p2 & personalization) != 0) {
        const auto& all = a.kept.personalization;
        const auto from = (command.p2 & ~personalization) * part;
        require(from < all.size(), sw::reference_not_found);
        return {to_bytes(bytes_view(all).subspan(from, std::min(part, all.size() - from))), sw::ok};
    }
    const auto found = a.kept.objects.find(command.p2);
    require(found != a.kept.objects.end(), sw::reference_not_found);
    return {found->second, sw::ok};
}

} // namespace

gp::response_apdu kept_data_command(context& c, const gp::command_apdu& command) {
    auto& a = selected(c);
    require_executable(c, a);
    if (command.ins == put_data_ins)
        return put(c, a, command);
    if (command.ins == get_data_ins)
        return get(a, command);
    return {{}, sw::ok};
}

void keep_personalization(application& target, bytes data) {
    auto kept = target.kept;
    kept.personalization = std::move(data);
    require(kept.octets() <= target.memory, sw::no_memory);
    target.kept = std::move(kept);
}

} // namespace tsms::lab
