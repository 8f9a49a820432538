#pragma once
// AES key wrap (RFC 3394): how an issuer hands over the keys of a security domain under a transport key.

#include "crypto/secret.hpp"

namespace tsms::crypto {

/// 8 octets longer than the key. The key must be a multiple of 8 octets, at least 16; the wrapping key 16, 24 or 32.
bytes wrap_key(const secret& wrapping_key, const secret& key);

} // namespace tsms::crypto
