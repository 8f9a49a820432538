#pragma once
// Status words of the simulated card (GPCS 11.1.3 and the tables of each command), and how a command is refused.

#include <cstdint>

namespace tsms::lab {

namespace sw {
inline constexpr std::uint16_t ok = 0x9000;
inline constexpr std::uint16_t more_data = 0x6310;
inline constexpr std::uint16_t card_locked = 0x6283;
inline constexpr std::uint16_t rule_exists = 0x6381;
inline constexpr std::uint16_t wrong_length = 0x6700;
inline constexpr std::uint16_t channel_not_supported = 0x6881;
inline constexpr std::uint16_t secure_messaging_not_supported = 0x6882;
inline constexpr std::uint16_t chaining_not_supported = 0x6884;
inline constexpr std::uint16_t security_status = 0x6982;
inline constexpr std::uint16_t authentication_blocked = 0x6983;
inline constexpr std::uint16_t conditions = 0x6985;
inline constexpr std::uint16_t wrong_data = 0x6A80;
inline constexpr std::uint16_t function_not_supported = 0x6A81;
inline constexpr std::uint16_t not_found = 0x6A82;
inline constexpr std::uint16_t no_memory = 0x6A84;
inline constexpr std::uint16_t wrong_p1p2 = 0x6A86;
inline constexpr std::uint16_t reference_not_found = 0x6A88;
inline constexpr std::uint16_t rule_conflicts = 0x6A89;
inline constexpr std::uint16_t ins_not_supported = 0x6D00;
inline constexpr std::uint16_t cla_not_supported = 0x6E00;
inline constexpr std::uint16_t algorithm_not_supported = 0x9484;
inline constexpr std::uint16_t wrong_check_value = 0x9485;
} // namespace sw

/// Thrown by the code of a command, caught where commands are dispatched: the status word is the whole answer. A
/// command checks first and changes the card last, so that a refused command has changed nothing.
struct refused {
    std::uint16_t sw;
};

inline void require(bool condition, std::uint16_t otherwise) {
    if (!condition)
        throw refused{otherwise};
}

} // namespace tsms::lab
