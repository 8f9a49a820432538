#pragma once
// A public key with which signatures of others are verified: JSON Web Signatures (RFC 7515) of RFC 7518 3 and RFC 8037.

#include "base/bytes.hpp"

#include <memory>

struct evp_pkey_st;

namespace tsms::crypto {

class verification_key {
public:
    /// Of a text with exactly one public key in it (SubjectPublicKeyInfo, PEM): P-256, RSA of 2048 to 4096 bits with an
    /// exponent of at least 65537, or Ed25519. Throws crypto::error that says what it is instead. A private key is
    /// refused by its name.
    static verification_key read(std::string_view pem);

    /// The one algorithm that the key verifies: "ES256", "RS256" or "EdDSA". Whoever has a signature must not choose.
    std::string_view algorithm() const;
    /// `signature`: as JSON Web Signatures have it; of ES256 r || s, 64 octets.
    bool verifies(bytes_view data, bytes_view signature) const;

    std::string pem() const;
    std::string fingerprint() const; ///< SHA-256 over the SubjectPublicKeyInfo (DER), upper-case hex

private:
    enum class kind { p256, rsa, ed25519 };
    verification_key(evp_pkey_st* taken_over, kind what);

    std::shared_ptr<evp_pkey_st> key_;
    kind kind_;
};

} // namespace tsms::crypto
