#pragma once
// Key derivation with AES-CMAC in counter mode (NIST SP 800-108, 5.1), and what a provider's static keys come of.

#include "crypto/secret.hpp"

namespace tsms::crypto {

/// The first `octets` (at most 255 blocks) of PRF(before || i || after), i = 1, 2, … in one octet, with CMAC as PRF.
secret counter_mode_kdf(const secret& key, bytes_view before, bytes_view after, std::size_t octets);

/// Static keys of one security domain out of a service provider's master key, with the key diversification data of the
/// domain (AMB-232, "KDF3"). `key` is 1 for ENC, 2 for MAC, 3 for DEK; the result is as long as the master key.
secret kdf3(const secret& master, bytes_view diversification_data, std::uint8_t key);

} // namespace tsms::crypto
