#pragma once
// The address of a server that tls_client takes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tsms::net {

struct base_url {
    std::string host; ///< without brackets
    std::uint16_t port = 443;
    std::string authority; ///< for the Host field
    std::string prefix;    ///< path without a slash at its end; targets are appended to it
};

/// "https://host[:port][/path]"; nothing if it is anything else: no query, fragment, credentials or white space.
std::optional<base_url> parse_base_url(std::string_view url);

} // namespace tsms::net
