#include "sdk/transport.hpp"

namespace tsms::sdk {

namespace {

/// A card that never stops to announce more is broken: this is more than an extended response needs.
constexpr int most_continuations = 300;

/// The channel bits of a command, for the GET RESPONSE that belongs to it.
std::uint8_t channel_of(std::uint8_t cla) {
    return static_cast<std::uint8_t>((cla & 0x40) ? 0x40 | (cla & 0x0F) : cla & 0x03);
}

/// Short command with data and Le (ISO/IEC 7816-4 5.1, case 4).
bool is_case4(bytes_view command) {
    return command.size() > 5 && command[4] != 0 && command.size() == 6u + command[4];
}

/// The same short command with another Le, nothing if it is none with Le (ISO/IEC 7816-4 5.1).
std::optional<bytes> with_le(bytes_view command, std::uint8_t le) {
    auto again = to_bytes(command);
    const bool case2 = command.size() == 5;
    if (!case2 && !is_case4(command))
        return std::nullopt;
    again.back() = le;
    return again;
}

} // namespace

bool is_secured(std::uint8_t cla) {
    return (cla & 0x40) ? (cla & 0x20) != 0 : (cla & 0x0C) != 0;
}

bytes secure_component::transmit(bytes_view c_apdu) {
    if (c_apdu.size() < 4)
        throw transport_error(transport_cause::other, "a C-APDU has at least four octets");
    const auto cla = c_apdu[0];
    auto answer = exchange(is_t0() && is_case4(c_apdu) ? c_apdu.first(c_apdu.size() - 1) : c_apdu);
    if (answer.size() == 2 && answer[0] == 0x6C && !is_secured(cla))
        if (const auto again = with_le(c_apdu, answer[1]))
            answer = exchange(*again);
    bytes data;
    for (int i = 0; answer.size() >= 2 && answer[answer.size() - 2] == 0x61; ++i) {
        if (i == most_continuations)
            throw transport_error(transport_cause::other, "the card never ends its response");
        append(data, bytes_view(answer).first(answer.size() - 2));
        const std::uint8_t more[] = {channel_of(cla), 0xC0, 0, 0, answer.back()};
        answer = exchange(more);
    }
    data.insert(data.end(), answer.begin(), answer.end());
    return data;
}

} // namespace tsms::sdk
