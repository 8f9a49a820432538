#pragma once
#include "base/bytes.hpp"

namespace tsms::crypto {

/// ECDSA-Sig-Value (RFC 3279 2.2.3, DER) of a signature in the plain form r || s (key_vault::sign). Throws
/// crypto::error for octets that are not two numbers of one length.
bytes ecdsa_sig_value(bytes_view plain);

} // namespace tsms::crypto
