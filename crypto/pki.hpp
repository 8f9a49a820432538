#pragma once
// X.509: certificates from outside are parsed into plain values, and a small PKI of P-256 keys is made for development
// and tests. Its keys are written to files and used by OpenSSL; they do not come out (private_key.hpp).

#include "base/bytes.hpp"
#include "crypto/error.hpp"
#include "crypto/private_key.hpp"

#include <chrono>
#include <functional>
#include <span>

namespace tsms::crypto {

/// A certificate as read. Nothing is verified by reading it: validity and issuer are for the caller to judge.
struct certificate {
    bytes der;
    std::string subject; ///< RFC 2253
    std::string issuer;  ///< RFC 2253
    std::string serial;  ///< upper-case hex
    std::chrono::system_clock::time_point not_before;
    std::chrono::system_clock::time_point not_after;
    bool is_ca = false;
    std::string fingerprint;   ///< SHA-256 over the DER encoding, upper-case hex
    bytes public_key_id;       ///< RFC 5280 4.2.1.2 method (1): SHA-1 of the public key's bits (AMB-169)
    std::string key_algorithm; ///< "id-ecPublicKey prime256v1", "rsaEncryption 2048"

    std::string pem() const;
};

/// Largest certificate that is read, in octets of DER or PEM.
inline constexpr std::size_t certificate_limit = 65536;

/// Exactly one certificate, DER or PEM (white space around the PEM block is allowed, other text is not). Nothing if it
/// is anything else, larger than the limit, has octets behind it, in the block too, or no usable public key.
std::optional<certificate> parse_certificate(bytes_view der_or_pem);

/// All certificates of a PEM bundle in its order. What stands between the blocks, or behind a certificate in its block,
/// is skipped. Throws crypto::error for a malformed block.
std::vector<certificate> parse_certificates(std::string_view pem);

/// The same of a file that may hold nothing else (AMB-064: no private key is ever taken): also DER, exactly one. Each
/// block is exactly one certificate. Text between the blocks is allowed as tools write it: no block of another label,
/// no octets that are no text, no word so long that it could be an encoded key, no line that heads a private key.
/// Throws crypto::error that says what it is.
std::vector<certificate> parse_only_certificates(bytes_view der_or_pem);

/// As one PEM bundle.
std::string pem_of(std::span<const certificate> certificates);

/// Why none of these anchors vouches for the first of these certificates as a TLS client's (RFC 5280 6.1, the others
/// are intermediate ones), in OpenSSL's words; nothing if one does.
std::optional<std::string> why_no_client(const std::vector<certificate>& anchors,
                                         const std::vector<certificate>& chain);

/// A certificate and the private key it belongs to.
struct credential {
    std::string certificate_pem;
    private_key key;
};

using days = std::chrono::duration<int, std::ratio<86400>>;

/// A self-signed CA with a new P-256 key. The validity of everything made here starts five minutes ago, for clocks that
/// differ.
credential make_ca(const std::string& common_name, days validity = days(3650));

/// A TLS server's certificate with a new P-256 key; `names` are DNS names or numeric addresses (subjectAltName). Throws
/// crypto::error.
credential make_server_certificate(const credential& ca, const std::string& common_name,
                                   std::span<const std::string> names, days validity = days(825));

/// A TLS client's certificate with a new P-256 key.
credential make_client_certificate(const credential& ca, const std::string& common_name, days validity = days(825));

/// A self-signed certificate for a key that signs and is somewhere else: an EC key's SubjectPublicKeyInfo in DER, and
/// what makes its ECDSA-Sig-Value over the SHA-256 of a message. With its subject key identifier (RFC 5280 4.2.1.2,
/// method (1)). Throws crypto::error.
certificate make_signer_certificate(bytes_view public_key, const std::function<bytes(bytes_view)>& sign,
                                    const std::string& common_name, days validity);

} // namespace tsms::crypto
