#pragma once
// UTF-8 (RFC 3629) as far as messages and names need it.

#include <cstddef>
#include <string>
#include <string_view>

namespace tsms::text {

bool is_utf8(std::string_view text);

/// The longest beginning of at most so many octets that ends with a whole character.
std::string_view beginning(std::string_view utf8, std::size_t octets);

/// Valid UTF-8 without control characters as it is; in every other text each octet that is not printable ASCII becomes
/// \xHH, so that two different texts stay different.
std::string escaped(std::string_view text);

/// Code points of valid UTF-8.
std::size_t characters(std::string_view utf8);

/// Valid UTF-8 with at most so many octets: whole characters, and "…" where some are missing.
std::string shortened(std::string_view utf8, std::size_t octets);

/// Nothing to see: only white space of Unicode and characters without width.
bool is_blank(std::string_view utf8);

/// The text for a message: control characters, and in a text that is not UTF-8 every octet outside ASCII, become
/// U+FFFD.
std::string quotable(std::string_view text);
/// So many octets of it at most.
inline std::string quotable(std::string_view text, std::size_t octets) {
    return quotable(beginning(text, octets));
}

} // namespace tsms::text
