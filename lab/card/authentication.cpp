// INITIALIZE UPDATE and EXTERNAL AUTHENTICATE (Amendment D, 7.1).

#include "lab/card/commands.hpp"

namespace tsms::lab {

gp::response_apdu initialize_update(context& c, const gp::command_apdu& command) {
    auto& channel = c.channel;
    channel.end_session();
    require(command.cla == 0x80, sw::cla_not_supported);
    require(command.p2 == 0x00, sw::wrong_p1p2);

    // A Security Domain without keys answers with its parent's (GPCS 7.3.2).
    auto& holder = c.registry().key_holder(c.domain());
    auto& sets = holder.sd->key_sets;
    require(!sets.empty(), sw::reference_not_found);
    auto* set = command.p1 == 0x00 ? &sets.front() : holder.sd->find_keys(command.p1);
    require(set, sw::reference_not_found);
    const auto keys = set->scp03();
    require(keys.has_value(), sw::reference_not_found);
    require(set->failed_attempts < c.personality().attempts, sw::authentication_blocked);
    const auto i = holder.sd->scp03_i;
    const auto size = scp03_size(i);
    require(command.data.size() == size, sw::wrong_length);
    require(set->sequence_counter < 0xFFFFFF, sw::conditions);

    const bool pseudo_random = (i & scp03_option::pseudo_random_challenge) != 0;
    ++set->sequence_counter;
    const auto challenge = pseudo_random ? pseudo_random_challenge(*keys, i, set->sequence_counter, channel.selected)
                                         : c.random.take(size);
    channel.session.emplace(*keys, i, command.data, challenge);
    channel.session_holder = holder.aid;
    channel.session_key_version = set->version;

    bytes answer = to_bytes(c.card.diversification());
    append(answer, bytes{set->version, 0x03, i});
    append(answer, challenge);
    append(answer, channel.session->card_cryptogram());
    if (pseudo_random && c.personality().sends_counter)
        append(answer, bytes{static_cast<std::uint8_t>(set->sequence_counter >> 16),
                             static_cast<std::uint8_t>(set->sequence_counter >> 8),
                             static_cast<std::uint8_t>(set->sequence_counter)});
    return {std::move(answer), sw::ok};
}

gp::response_apdu external_authenticate(context& c, const gp::command_apdu& command) {
    auto& channel = c.channel;
    require(command.cla == 0x84, sw::security_status);
    require(channel.session && !channel.session->level(), sw::conditions);
    auto* holder = c.registry().find_domain(channel.session_holder);
    auto* set = holder ? holder->sd->find_keys(channel.session_key_version) : nullptr;
    require(set, sw::conditions);
    const auto answer = channel.session->authenticate(command);
    if (answer == sw::ok) {
        set->failed_attempts = 0;
        return {{}, answer};
    }
    // A refused level proves nothing about the host; everything else is a failed attempt.
    if (answer != sw::wrong_p1p2)
        ++set->failed_attempts;
    channel.end_session();
    return {{}, answer};
}

} // namespace tsms::lab
