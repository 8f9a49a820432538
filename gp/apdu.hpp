#pragma once
// Command and response APDUs (ISO/IEC 7816-4, 5.1), short and extended.

#include "base/bytes.hpp"

namespace tsms::gp {

struct command_apdu {
    std::uint8_t cla = 0;
    std::uint8_t ins = 0;
    std::uint8_t p1 = 0;
    std::uint8_t p2 = 0;
    bytes data;                      ///< Nc octets, at most 65535
    std::optional<std::uint32_t> le; ///< Ne: 1…65536 octets; 256 is the short "00", 65536 the extended "0000"

    /// True where the command can only be sent with extended length fields.
    bool extended() const { return data.size() > 255 || (le && *le > 256); }

    friend bool operator==(const command_apdu&, const command_apdu&) = default;
};

struct response_apdu {
    bytes data;
    std::uint16_t sw = 0;

    friend bool operator==(const response_apdu&, const response_apdu&) = default;
};

/// Ne of "all that there is" in a short APDU.
inline constexpr std::uint32_t le_max_short = 256;

bytes encode(const command_apdu& command);
bytes encode(const response_apdu& response);

/// Nothing if the octets are no APDU: wrong length fields, trailing octets.
std::optional<command_apdu> parse_command(bytes_view octets);
std::optional<response_apdu> parse_response(bytes_view octets);

} // namespace tsms::gp
