#pragma once
// Byte strings and their hexadecimal text.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tsms {

using bytes = std::vector<std::uint8_t>;
using bytes_view = std::span<const std::uint8_t>;

/// Upper-case hexadecimal, two digits an octet, no separators.
std::string to_hex(bytes_view data);

/// Octets of a hexadecimal text of either case without separators; nothing if it is anything else.
std::optional<bytes> from_hex(std::string_view text);

/// Octets of a literal known to be good (tables, tests). Throws std::invalid_argument if it is not.
bytes hex(std::string_view text);

inline void append(bytes& to, bytes_view data) {
    to.insert(to.end(), data.begin(), data.end());
}
inline bytes to_bytes(bytes_view data) {
    return {data.begin(), data.end()};
}
inline bytes_view as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

} // namespace tsms
