#pragma once

#include "crypto/random.hpp"
#include "store/ports/tokens.hpp"
#include "store/sqlite/access_session.hpp"
#include "store/sqlite/change_watch.hpp"

#include <shared_mutex>
#include <unordered_map>

namespace tsms::store {

/// Bearers of access tokens as they were found, for as long as nobody has committed to the database since.
class bearer_cache {
public:
    std::optional<bearer> find(const std::optional<change_stamp>& now, const std::string& key, std::int64_t time) const;
    /// `read_at`: the stamp of a moment before the bearer was read.
    void keep(const std::optional<change_stamp>& read_at, const std::string& key, bearer whose, std::int64_t expires);

private:
    struct entry {
        bearer whose;
        std::int64_t expires;
    };
    static constexpr std::size_t most = 10000;
    mutable std::shared_mutex mutex_;
    std::optional<change_stamp> stamp_;
    std::unordered_map<std::string, entry> bearers_; ///< by hash of the token and fingerprint
};

class sqlite_tokens : public virtual token_store {
public:
    sqlite_tokens(access_session& session, crypto::random_source& random)
        : session_(session), random_(random),
          changes_(session.look([&] { return change_watch(session.rows().database()); })) {}

    std::string issue_long_term(const std::string& provider, wall_time now, wall_time expires) override;
    std::vector<token_record> long_term_tokens(const std::string& provider) const override;
    int revoke(const std::string& provider, const std::string& token_id) override;
    std::optional<bearer> authenticate_long_term(const std::string& long_term, wall_time now,
                                                 const std::string& client_fingerprint) const override;
    std::optional<std::string> issue_access(const std::string& long_term, wall_time now,
                                            std::chrono::seconds lifetime) override;
    std::optional<bearer> authenticate(const std::string& access_token, wall_time now,
                                       const std::string& client_fingerprint) const override;

private:
    access_session& session_;
    crypto::random_source& random_;
    change_watch changes_;
    mutable bearer_cache bearers_;
};

} // namespace tsms::store
