#pragma once
// Numeric network addresses, and who counts as one peer.

#include <string>
#include <string_view>

struct sockaddr_storage;

namespace tsms::net {

/// Numeric, without port; a scope stays behind '%'. Empty for other families than IPv4 and IPv6.
std::string numeric_address(const sockaddr_storage& address);

/// Whose budget an address is charged to: an IPv4 address is its own, also where it is written as IPv6
/// (::ffff:a.b.c.d); an IPv6 address is its first 64 bits ("2001:db8:0:1::/64"), because one host may take every
/// address of them (RFC 4291 2.5.4). What is no numeric address is its own.
std::string peer_network(std::string_view address);

} // namespace tsms::net
