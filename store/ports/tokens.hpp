#pragma once
// Long-term tokens of service providers, and the access tokens that are made with them (AMB-006, AMB-007). Of a token
// only the SHA-256 is kept.

#include "base/time.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace tsms::store {

/// A long-term token as administration sees it.
struct token_record {
    std::string id; ///< names the token to people; says nothing about its value
    std::string created;
    std::string expires;
    bool revoked = false;
};

/// Whose request it is.
struct bearer {
    std::string provider;
    bool second_factor = false; ///< it needs no client certificate, or came with one of its own (AMB-008)
};

class token_store {
public:
    virtual ~token_store() = default;

    /// A new long-term token of 256 random bits; this is the only time its text is seen. Refuses a provider that is not
    /// there.
    virtual std::string issue_long_term(const std::string& provider, wall_time now, wall_time expires) = 0;
    /// By when they were issued, then by id.
    virtual std::vector<token_record> long_term_tokens(const std::string& provider) const = 0;
    /// Revokes one long-term token, or all of the provider if the id is empty, and every access token made with them.
    /// Returns how many were not revoked before.
    virtual int revoke(const std::string& provider, const std::string& token_id) = 0;

    /// The provider whose valid long-term token this is; see authenticate().
    virtual std::optional<bearer> authenticate_long_term(const std::string& long_term, wall_time now,
                                                         const std::string& client_fingerprint = {}) const = 0;
    /// A new access token for the bearer of a valid long-term token; nothing if the token is unknown, expired or
    /// revoked.
    virtual std::optional<std::string> issue_access(const std::string& long_term, wall_time now,
                                                    std::chrono::seconds lifetime) = 0;
    /// The provider whose valid access token this is. `client_fingerprint`: of the certificate that the client proved
    /// to own (SHA-256, upper-case hex), else empty.
    virtual std::optional<bearer> authenticate(const std::string& access_token, wall_time now,
                                               const std::string& client_fingerprint = {}) const = 0;
};

} // namespace tsms::store
