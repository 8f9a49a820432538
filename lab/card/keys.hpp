#pragma once
// Key sets of a Security Domain as the card stores them.

#include "crypto/secret.hpp"

#include <map>

namespace tsms::lab {

/// The three static keys of SCP03, all of the same length: 16, 24 or 32 octets.
struct static_keys {
    crypto::secret enc;
    crypto::secret mac;
    crypto::secret dek;
};

struct key_set {
    std::uint8_t version = 0;
    std::map<std::uint8_t, crypto::secret> keys; ///< by key identifier; SCP03 uses 1 (ENC), 2 (MAC) and 3 (DEK)
    std::uint32_t sequence_counter = 0;          ///< three octets, runs with every INITIALIZE UPDATE
    int failed_attempts = 0;                     ///< since the last successful EXTERNAL AUTHENTICATE

    /// The SCP03 keys; nothing if DELETE [key] left the set incomplete.
    std::optional<static_keys> scp03() const;
};

/// Key check value of an AES key: three octets of the encrypted block 01…01 (GPCS B.6).
bytes key_check_value(const crypto::secret& key);

} // namespace tsms::lab
