#pragma once
#include "crypto/secret.hpp"

namespace tsms::crypto {

/// Key check value of an AES key: the first 3 octets of the encryption of 16 octets 01 (GPCS B.6, Amendment D).
bytes aes_kcv(const secret& key);

} // namespace tsms::crypto
