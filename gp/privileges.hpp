#pragma once
// Privileges of an application (GPCS 6.6.1, tables 6-1 and 11-7 ff.), one or three octets on the wire.

#include "base/bytes.hpp"

namespace tsms::gp {

/// Bits of the three privilege octets, the first octet highest.
using privileges = std::uint32_t;

namespace privilege {
inline constexpr privileges security_domain = 0x800000;
inline constexpr privileges delegated_management = 0x200000; ///< together with security_domain (A0)
inline constexpr privileges card_reset = 0x040000;
inline constexpr privileges cvm_management = 0x020000;
inline constexpr privileges trusted_path = 0x008000;
inline constexpr privileges authorized_management = 0x004000;
inline constexpr privileges global_delete = 0x001000;
inline constexpr privileges global_lock = 0x000800;
inline constexpr privileges global_registry = 0x000400;
inline constexpr privileges global_service = 0x000100;
inline constexpr privileges contactless_self_activation = 0x000010;
inline constexpr privileges privacy_trusted = 0x000008;
} // namespace privilege

/// The four names of TR 4.1.4.13 (AMB-043). Nothing for other texts.
std::optional<privileges> privilege_from_name(std::string_view name);

/// One octet (card of GPCS 2.1) or three. Throws std::invalid_argument if a privilege does not fit one octet, or the
/// count is another.
bytes encode_privileges(privileges p, int octets);

/// From one or three octets; nothing for other lengths.
std::optional<privileges> parse_privileges(bytes_view octets);

} // namespace tsms::gp
