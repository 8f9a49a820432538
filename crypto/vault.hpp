#pragma once
// The port to every key that lives long: key sets of cards, transport keys of issuers, master keys of service
// providers, signing keys and MAC keys. A key is named by its handle, and what leaves the port is public, encrypted, or
// a session key. software_vault.hpp is an implementation; tests/unit/key_vault_test.cpp holds every implementation to
// this file.
//
// PKCS#11 (2.40; 3.0 where it says so) can be another one. There the vault's master key is an AES key of the token,
// CKA_SENSITIVE and not CKA_EXTRACTABLE; a handle is made with C_WrapKey under it (CKM_AES_GCM with the kind and the
// attributes as additional data) and opened with C_UnwrapKey to a session object, for one operation. Each operation
// names the mechanism that does it. "Inside" is what such a token has none for: the implementation has the key in its
// own memory for that moment, and wipes it before it returns.

#include "crypto/session_keys.hpp"

#include <array>

namespace tsms::crypto {

// -- handles: what is stored and handed around in the place of a key. The octets are worth nothing outside of the vault
// that made them. Kind and attributes are bound to them: a handle does not open as one of another kind, with another
// attribute, or with a changed octet.

/// A static SCP03 key set (ENC || MAC || DEK).
struct wrapped_keys {
    std::uint8_t version = 0; ///< key version number on the card: 01…7F, FF of the factory
    int bits = 128;           ///< 128, 192 or 256, of each key
    bytes wrapped;

    friend bool operator==(const wrapped_keys&, const wrapped_keys&) = default;
};

/// The AES key under which an issuer hands over key sets.
struct transport_key_handle {
    bytes wrapped;

    friend bool operator==(const transport_key_handle&, const transport_key_handle&) = default;
};

/// The AES key that key sets of a service provider's domains are diversified from (TR 3.4, AMB-232).
struct master_key_handle {
    int bits = 128; ///< 128, 192 or 256
    bytes wrapped;

    friend bool operator==(const master_key_handle&, const master_key_handle&) = default;
};

/// Both of TR-03116-4; a signature has 64 octets.
enum class elliptic_curve : std::uint8_t { p256 = 1, brainpool_p256r1 = 2 };

struct signing_key_handle {
    elliptic_curve curve = elliptic_curve::p256;
    bytes wrapped;

    friend bool operator==(const signing_key_handle&, const signing_key_handle&) = default;
};

struct mac_key_handle {
    bytes wrapped;

    friend bool operator==(const mac_key_handle&, const mac_key_handle&) = default;
};

// -- keys on their way

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

/// Every operation throws crypto::error if a handle does not open (another vault, another kind or attribute, changed
/// octets) or a length is impossible. Safe to use from one thread at a time.
class key_vault {
public:
    virtual ~key_vault() = default;

    // -- what opens channels to cards --

    /// A new random key set. PKCS#11: C_GenerateKey with CKM_AES_KEY_GEN, three times.
    virtual wrapped_keys generate(std::uint8_t version, int bits) = 0;

    /// Keys of an issuer. Refuses a key of another length, and one whose check value differs.
    /// PKCS#11: C_UnwrapKey with CKM_AES_KEY_WRAP, and for the check value C_Encrypt with CKM_AES_ECB.
    virtual wrapped_keys import_wrapped(const transport_key_handle& under, std::uint8_t version, int bits,
                                        const transported_keys& keys) = 0;

    /// The key set of a domain out of its provider's master key and the 10 octets of key diversification data
    /// (AMB-232); as long as the master key. PKCS#11: C_DeriveKey with CKM_SP800_108_COUNTER_KDF over CKM_AES_CMAC
    /// (3.0). With 2.40 inside: C_Sign with CKM_AES_CMAC tells each block of the new keys.
    virtual wrapped_keys diversify(const master_key_handle& master, bytes_view diversification_data,
                                   std::uint8_t version) = 0;

    /// Session keys of one channel (SCP03 6.2.1): the only keys that leave.
    /// PKCS#11: a C_Sign with CKM_AES_CMAC under ENC or MAC for each block of 16 octets (SP 800-108, SCP03 4.1.5). No
    /// static key is ever outside of the token.
    virtual session_keys derive_session(const wrapped_keys& keys, bytes_view host_challenge,
                                        bytes_view card_challenge) = 0;

    /// The pseudo-random card challenge (SCP03 6.2.2.1) of 8 or 16 octets that a domain with these keys sends.
    /// PKCS#11: C_Sign with CKM_AES_CMAC under ENC.
    virtual bytes card_challenge(const wrapped_keys& keys, bytes_view sequence_counter, bytes_view aid,
                                 std::size_t length) = 0;

    // -- what travels to cards --

    /// `keys` for PUT KEY or STORE DATA to a domain whose static keys are `under`.
    /// PKCS#11: C_WrapKey with CKM_AES_CBC, which fills up with zeros as SCP03 7.2 does; the check values as in
    /// check_values.
    virtual encrypted_keys encrypt_keys(const wrapped_keys& under, const wrapped_keys& keys) = 0;

    /// Encrypts data under the static DEK of a domain (sensitive STORE DATA, AMB-234). A multiple of 16 octets.
    /// PKCS#11: C_Encrypt with CKM_AES_CBC.
    virtual bytes encrypt_data(const wrapped_keys& under, const secret& data) = 0;

    // -- keys of others, which come in once and never out again --

    /// An AES key of 128 or 256 bits. PKCS#11: C_CreateObject, inside from the caller's memory on.
    virtual transport_key_handle import_transport_key(const secret& key) = 0;

    /// An AES key of 128, 192 or 256 bits. PKCS#11: as import_transport_key.
    virtual master_key_handle import_master_key(const secret& key) = 0;

    /// A key of 16 to 256 octets. PKCS#11: C_CreateObject of a CKK_GENERIC_SECRET.
    virtual mac_key_handle import_mac_key(const secret& key) = 0;

    // -- check values, which people compare: 3 octets of the encryption of 16 octets 01 (GPCS B.6). PKCS#11: C_Encrypt
    // with CKM_AES_ECB; CKA_CHECK_VALUE is that of zeros.

    /// Of ENC, MAC and DEK.
    virtual std::array<bytes, 3> check_values(const wrapped_keys& keys) = 0;
    virtual bytes check_value(const transport_key_handle& key) = 0;

    // -- signatures and MACs --

    /// PKCS#11: C_GenerateKeyPair with CKM_EC_KEY_PAIR_GEN; the handle has the public point beside the wrapped key.
    virtual signing_key_handle generate_signing_key(elliptic_curve curve) = 0;

    /// SubjectPublicKeyInfo (RFC 5480) with the name of the curve, in DER. PKCS#11: of CKA_EC_POINT.
    virtual bytes public_key(const signing_key_handle& key) = 0;

    /// ECDSA over the message's SHA-256 in the plain form r || s, 32 octets each (BSI TR-03111 5.2.1);
    /// ecdsa_sig_value() has the form of X.509 and of the attestation token (AMB-161). PKCS#11: C_Sign with CKM_ECDSA
    /// over the hash.
    virtual bytes sign(const signing_key_handle& key, bytes_view message) = 0;

    /// A new random key of 32 octets. PKCS#11: C_GenerateKey with CKM_GENERIC_SECRET_KEY_GEN.
    virtual mac_key_handle generate_mac_key() = 0;

    /// HMAC-SHA-256 (RFC 2104), 32 octets. PKCS#11: C_Sign with CKM_SHA256_HMAC.
    virtual bytes mac(const mac_key_handle& key, bytes_view message) = 0;

    // -- which vault this is --

    /// Octets to keep beside handles, by which the vault that made them is found again; another one each time.
    /// PKCS#11: C_Encrypt with CKM_AES_GCM of a fixed text.
    virtual bytes seal() = 0;

    /// Was this seal made by the same vault? Never throws because of what the octets are.
    virtual bool has_sealed(bytes_view seal) = 0;
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

} // namespace tsms::crypto
