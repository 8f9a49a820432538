#pragma once
#include "crypto/secret.hpp"

namespace tsms::crypto {

/// HMAC-SHA-256 (RFC 2104), 32 octets. The key may have any length but none.
bytes hmac_sha256(const secret& key, bytes_view data);

} // namespace tsms::crypto
