#pragma once
#include "crypto/pki.hpp"

namespace tsms::crypto {

/// ECDSA-Sig-Value (RFC 3279 2.2.3, DER) of a signature in the plain form r || s (key_vault::sign). Throws
/// crypto::error for octets that are not two numbers of one length.
bytes ecdsa_sig_value(bytes_view plain);

/// Why the key of this certificate does not vouch for a message with this ECDSA-Sig-Value over its SHA-256; nothing if
/// it does. The value must be in DER, the key on P-256 or brainpoolP256r1 (TR-03116-4). Whether the certificate itself
/// is to be trusted is for the caller to judge.
std::optional<std::string> why_not_signed(const certificate& signer, bytes_view message, bytes_view sig_value);

} // namespace tsms::crypto
