#pragma once
// Access tokens of a service provider's own (AMB-146, DIV-120): JSON Web Tokens (RFC 7519) in a JSON Web Signature of
// the compact form (RFC 7515). The key says which algorithm; a token that names another one is refused.

#include "base/time.hpp"
#include "crypto/verification_key.hpp"
#include "json/json.hpp"

namespace tsms::wire {

/// A key that the operator has configured, and what the tokens must say that it verifies.
struct token_key {
    std::string provider; ///< id of the service provider whose apps they speak for
    std::string issuer;   ///< "iss"
    std::string key_id;   ///< "kid"
    std::string audience; ///< in "aud"
    crypto::verification_key key;
};

/// As read. Nothing of it is verified yet.
struct access_token {
    std::string algorithm;
    std::string key_id; ///< empty: the token does not say
    std::string issuer;
    std::vector<std::string> audience;
    std::int64_t expires = 0; ///< seconds since 1970, as the next two
    std::optional<std::int64_t> not_before;
    std::optional<std::int64_t> issued;
    std::string caller_id; ///< of the one app that it is for; empty: of whichever of the provider
    std::string signed_part;
    bytes signature;
};

/// A credential of an app (AMB-236) never does.
bool looks_like_token(std::string_view text);

/// Throws json::parse_error, whose text is fit for the sender.
access_token parse_access_token(std::string_view text);

/// Clocks may differ by so much.
inline constexpr std::int64_t token_skew_seconds = 60;
/// No token speaks for longer from now on: what was stolen shall end.
inline constexpr std::int64_t longest_token_seconds = 24 * 3600;

/// The key that verifies the token; nothing if none of them does. `keys`: those of its issuer.
const token_key* verify(const access_token& token, const std::vector<token_key>& keys);
/// Why a token that this key has verified is refused all the same; nothing if it speaks for this app now.
std::optional<std::string> refuse(const access_token& token, const token_key& key, std::string_view caller_id,
                                  wall_time now);

} // namespace tsms::wire
