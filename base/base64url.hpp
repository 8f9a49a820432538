#pragma once
// base64url without padding (RFC 4648 5, RFC 7515 2).

#include "base/bytes.hpp"

namespace tsms {

/// Nothing for another character, padding, a length that no octets have, or bits behind the last octet that are not
/// zero: so a text has one meaning and octets have one text.
std::optional<bytes> from_base64url(std::string_view text);

} // namespace tsms
