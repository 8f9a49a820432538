#pragma once
// The other direction of key_wrap.hpp: a key comes out in the clear.

#include "crypto/secret.hpp"

namespace tsms::crypto {

/// Throws crypto::error if the integrity check fails: another wrapping key, or octets that were changed.
secret unwrap_key(const secret& wrapping_key, bytes_view wrapped);

} // namespace tsms::crypto
