#pragma once
// The Attestation Token (TR 3.4, Appendix A): what a TSM says, signed, to an application that it has provisioned, and
// what its service provider checks offline. docs/attestation-token.md.

#include "crypto/pki.hpp"

#include <functional>

namespace tsms::gp {

/// What a token says.
struct attestation {
    bytes tsm_identifier;                          ///< content octets of an object identifier (AMB-166)
    bytes process_id;                              ///< 16 octets (AMB-168)
    bytes flavor_id;                               ///< 16 octets
    std::optional<bytes> master_key_index;         ///< AMB-162; nothing of ours has one yet
    std::optional<bytes> key_diversification_data; ///< likewise
    bytes signer_reference;                        ///< 20 octets, RFC 5280 4.2.1.2 method (1) (AMB-169)

    friend bool operator==(const attestation&, const attestation&) = default;
};

/// A token is another thing than Appendix A describes, or nobody vouches for it. The text says what is wrong.
class token_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Longest token that is read.
inline constexpr std::size_t longest_token = 1024;

/// The whole token. `sign` makes the ECDSA-Sig-Value over the SHA-256 of the body as it is sent, tag and length
/// included (AMB-161). Throws token_error where the attestation is not one.
bytes make_attestation_token(const attestation& content, const std::function<bytes(bytes_view)>& sign);

struct attestation_token {
    attestation content;
    bytes body; ///< object A0: what is signed
    bytes signature;
};

/// Strict: DER, every object of Appendix A in its place and nothing else (DIV-126). 83 and 84 may be missing (AMB-163).
/// The signature is octets here. Throws token_error.
attestation_token parse_attestation_token(bytes_view octets);

/// That of these certificates which vouches for the token. Neither its issuer nor its validity is judged (DIV-126).
/// Throws token_error.
const crypto::certificate& signer_of(const attestation_token& token, const std::vector<crypto::certificate>& known);

/// Of a UUID in text: its 16 octets (ITU-T X.667 6.2), and back in lower case. Nothing if the text is another one.
std::optional<bytes> octets_of_uuid(std::string_view text);
std::string uuid_text(bytes_view octets);

} // namespace tsms::gp
