#pragma once
// ECDSA keys of the software vault, in the clear.

#include "crypto/secret.hpp"
#include "crypto/vault.hpp"

namespace tsms::crypto {

/// A new key: the private number (32 octets) and the public point (04 || x || y).
secret generate_ec_key(elliptic_curve curve);

/// SubjectPublicKeyInfo (RFC 5480) with the name of the curve, in DER.
bytes subject_public_key_info(elliptic_curve curve, const secret& key);

/// ECDSA over SHA-256 of the message: r || s, 32 octets each.
bytes ecdsa_sign(elliptic_curve curve, const secret& key, bytes_view message);

} // namespace tsms::crypto
