#pragma once
// access.db: service providers and their tokens (AMB-005 … AMB-007). The REST role and `tsms provider` use it, nobody
// else. Of a token only the SHA-256 is kept.

#include "crypto/random.hpp"
#include "store/error.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tsms::store {

using access_time = std::chrono::system_clock::time_point;

struct provider_record {
    std::string id;
    std::string name;
    std::string created; ///< ISO 8601
};

/// A long-term token as administration sees it.
struct token_record {
    std::string id; ///< names the token to people; says nothing about its value
    std::string created;
    std::string expires;
    bool revoked = false;
};

/// What a service provider sent to the REST API and was refused for.
struct refused_upload {
    std::string at;     ///< ISO 8601
    std::string kind;   ///< the TR's name of the entity
    std::string name;   ///< as the provider calls it: of the file, or an attribute; may be empty
    int category = 0;   ///< errorCategory of TR 4.1.5.2
    std::string reason; ///< for people, without control characters
};
/// Refusals that are kept of each provider; the oldest ones make room.
inline constexpr int refusals_kept = 100;

/// Whose request it is.
struct bearer {
    std::string provider;
    bool second_factor = false; ///< it needs no client certificate, or came with one of its own (AMB-008)
};

/// Thread-safe. Throws store::error.
class access {
public:
    explicit access(const std::filesystem::path& file, crypto::random_source& random = crypto::system_random());
    ~access();
    access(const access&) = delete;
    access& operator=(const access&) = delete;

    /// Throws store::error if the name is taken, empty, or longer than 255 octets.
    provider_record add_provider(const std::string& name, access_time now);
    std::vector<provider_record> providers() const;
    std::optional<provider_record> provider(const std::string& id) const;
    std::optional<provider_record> provider_by_name(const std::string& name) const;

    /// A new long-term token of 256 random bits; this is the only time its text is seen.
    std::string issue_long_term(const std::string& provider, access_time now, access_time expires);
    std::vector<token_record> long_term_tokens(const std::string& provider) const;
    /// Revokes one long-term token, or all of the provider if the id is empty, and every access token made with them.
    /// Returns how many were valid.
    int revoke(const std::string& provider, const std::string& token_id);

    /// The provider whose valid long-term token this is; see authenticate().
    std::optional<bearer> authenticate_long_term(const std::string& long_term, access_time now,
                                                 const std::string& client_fingerprint = {}) const;
    /// A new access token for the bearer of a valid long-term token; nothing if the token is unknown, expired or
    /// revoked.
    std::optional<std::string> issue_access(const std::string& long_term, access_time now,
                                            std::chrono::seconds lifetime);
    /// The provider whose valid access token this is. `client_fingerprint`: of the certificate that the client proved
    /// to own (SHA-256, upper-case hex), else empty.
    std::optional<bearer> authenticate(const std::string& access_token, access_time now,
                                       const std::string& client_fingerprint = {}) const;

    // Second factor (TR 4.1.3, AMB-008): a provider with client certificates is served over TLS with one of them only.
    void add_client_certificate(const std::string& provider, const std::string& fingerprint);
    /// All of them if the fingerprint is empty. Returns how many there were.
    int remove_client_certificates(const std::string& provider, const std::string& fingerprint);
    std::vector<std::string> client_certificates(const std::string& provider) const;

    /// Costs no commit: it is kept in memory, up to refusals_kept of a provider, until write_refusals(). Its name and
    /// reason are cut after 255 and 2000 octets.
    void note_refusal(const std::string& provider, refused_upload refusal, access_time now);
    /// Writes what was noted since the last time, in one transaction. What cannot be written is forgotten.
    void write_refusals();
    /// Those that were written, newest first.
    std::vector<refused_upload> refusals(const std::string& provider) const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace tsms::store
