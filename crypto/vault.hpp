#pragma once
// The key vault: everything that static keys are used for. Static keys never leave it in the clear; what is stored or
// handed around is `wrapped_keys`, which is worthless without the vault's master key.

#include "crypto/random.hpp"
#include "crypto/session_keys.hpp"

#include <array>
#include <filesystem>
#include <memory>

namespace tsms::crypto {

/// A static SCP03 key set (ENC || MAC || DEK) as the vault sealed it. Version and length are bound to the octets: a
/// changed one does not open.
struct wrapped_keys {
    std::uint8_t version = 0; ///< key version number on the card, 01…7F
    int bits = 128;           ///< 128, 192 or 256, of each key
    bytes wrapped;

    friend bool operator==(const wrapped_keys&, const wrapped_keys&) = default;
};

/// One key as it travels to a card: encrypted under the static DEK of the receiving security domain, with its check
/// value.
struct encrypted_key {
    bytes cryptogram; ///< AES-CBC, zero ICV; a 192 bit key is filled up to 32 octets (SCP03 7.2)
    bytes kcv;        ///< 3 octets

    friend bool operator==(const encrypted_key&, const encrypted_key&) = default;
};

/// One key as an issuer hands it over (RFC 3394 under the transport key).
struct transported_key {
    bytes wrapped;
    bytes kcv; ///< 3 octets; checked after unwrapping
};

/// ENC, MAC, DEK in this order (key identifiers 01, 02, 03).
using encrypted_keys = std::array<encrypted_key, 3>;
using transported_keys = std::array<transported_key, 3>;

/// Every operation throws crypto::error if octets do not open (another vault, changed octets) or a length is
/// impossible.
class key_vault {
public:
    virtual ~key_vault() = default;

    /// A new random key set.
    virtual wrapped_keys generate(std::uint8_t version, int bits) = 0;

    /// Keys of an issuer under a transport key of 128 or 256 bits. Refuses a key of another length, and one whose check
    /// value differs.
    virtual wrapped_keys import_wrapped(const secret& transport_key, std::uint8_t version, int bits,
                                        const transported_keys& keys) = 0;

    /// Key set of a service provider's master key and the 10 octets of key diversification data (AMB-232); as long as
    /// the master key.
    virtual wrapped_keys diversify(const secret& master_key, bytes_view diversification_data, std::uint8_t version) = 0;

    virtual session_keys derive_session(const wrapped_keys& keys, bytes_view host_challenge,
                                        bytes_view card_challenge) = 0;

    /// The pseudo-random card challenge (SCP03 6.2.2.1) of 8 or 16 octets that a domain with these keys sends.
    virtual bytes card_challenge(const wrapped_keys& keys, bytes_view sequence_counter, bytes_view aid,
                                 std::size_t length) = 0;

    /// `keys` for PUT KEY or STORE DATA to a domain whose static keys are `under`.
    virtual encrypted_keys encrypt_keys(const wrapped_keys& under, const wrapped_keys& keys) = 0;

    /// Encrypts data under the static DEK of a domain (sensitive STORE DATA, AMB-234). A multiple of 16 octets.
    virtual bytes encrypt_data(const wrapped_keys& under, const secret& data) = 0;

    /// Check values of ENC, MAC and DEK.
    virtual std::array<bytes, 3> check_values(const wrapped_keys& keys) = 0;

    /// Seals arbitrary secret octets (transport keys, credentials) for storage. `purpose` must be the same when opened,
    /// so that a sealed value cannot be put in the place of another kind.
    virtual bytes seal(const secret& data, std::string_view purpose) = 0;
    virtual secret open(bytes_view sealed, std::string_view purpose) = 0;
};

/// What a host needs for its answer to INITIALIZE UPDATE.
struct session_material {
    session_keys keys;
    /// The pseudo-random card challenge of a domain with these keys; empty where there is no sequence counter.
    bytes expected_challenge;
};

/// Session keys and, where the card sent a sequence counter (3 octets), the challenge that follows from it and from the
/// AID of the selected domain.
session_material prepare_session(key_vault& vault, const wrapped_keys& keys, bytes_view host_challenge,
                                 bytes_view card_challenge, bytes_view sequence_counter, bytes_view domain_aid);

/// Writes 32 random octets to a new file that only its owner can read (mode 0600). Throws crypto::error if the file
/// exists: a lost master key is a lost card.
void create_master_key(const std::filesystem::path& path, random_source& random = system_random());

/// The vault in software: AES-256-GCM under the master key in the file. Throws crypto::error if the file is missing,
/// has another size, or can be read by others. Safe to use from one thread at a time.
std::unique_ptr<key_vault> open_software_vault(const std::filesystem::path& master_key,
                                               random_source& random = system_random());

/// The same with a master key of 32 octets from elsewhere (tests).
std::unique_ptr<key_vault> make_software_vault(secret master_key, random_source& random = system_random());

} // namespace tsms::crypto
