#pragma once
// AES-256-GCM for octets at rest (SP 800-38D): nonce || ciphertext || tag.

#include "crypto/secret.hpp"

namespace tsms::crypto {

inline constexpr std::size_t gcm_nonce_octets = 12;
inline constexpr std::size_t gcm_tag_octets = 16;

/// The nonce must never repeat under one key of 32 octets. `label` is authenticated and not stored.
bytes gcm_seal(const secret& key, bytes_view nonce, bytes_view label, const secret& data);

/// Throws crypto::error if anything differs: key, label, or an octet.
secret gcm_open(const secret& key, bytes_view label, bytes_view sealed);

} // namespace tsms::crypto
