#pragma once
// Key derivation of an SCP03 channel (SP 800-108 in counter mode with AES-CMAC): what comes out lives as long as it.

#include "crypto/secret.hpp"
#include "crypto/session_keys.hpp"

namespace tsms::crypto {

/// Derivation constants (SCP03 4.1.5, table 4-1).
enum class scp03_constant : std::uint8_t {
    card_cryptogram = 0x00,
    host_cryptogram = 0x01,
    card_challenge = 0x02,
    s_enc = 0x04,
    s_mac = 0x06,
    s_rmac = 0x07,
};

/// The data derivation scheme of SCP03 4.1.5: `bits` (a multiple of 8, at most 256) out of a key of 16, 24 or 32
/// octets. Throws crypto::error on other lengths.
secret scp03_kdf(const secret& key, scp03_constant constant, bytes_view context, int bits);

/// Session keys of the length of the static keys; context is host challenge || card challenge (SCP03 6.2.1).
session_keys derive_session_keys(const secret& k_enc, const secret& k_mac, bytes_view host_challenge,
                                 bytes_view card_challenge);

/// The pseudo-random card challenge of 8 or 16 octets (SCP03 6.2.2.1); `aid` of the domain.
bytes scp03_card_challenge(const secret& k_enc, bytes_view sequence_counter, bytes_view aid, std::size_t octets);

} // namespace tsms::crypto
