#include "store/sqlite/tokens.hpp"

#include "store/access_rules.hpp"

#include <mutex>

namespace tsms::store {

namespace {

/// AMB-008: true if the provider of l needs no certificate, or ?3 is the fingerprint of one of its own.
const std::string second_factor =
    "NOT EXISTS (SELECT 1 FROM client_certificate c WHERE c.provider = l.provider) "
    "OR EXISTS (SELECT 1 FROM client_certificate c WHERE c.provider = l.provider AND c.fingerprint = ?3)";

// Rows of (provider, second factor, end) for ?1 hash of the token, ?2 now, ?3 fingerprint.
const std::string bearer_of_long_term =
    "SELECT l.provider, " + second_factor +
    ", l.expires FROM long_term_token l WHERE l.hash = ?1 AND l.revoked = 0 AND l.expires > ?2";
const std::string bearer_of_access = "SELECT l.provider, " + second_factor +
                                     ", min(a.expires, l.expires) FROM access_token a "
                                     "JOIN long_term_token l ON l.hash = a.long_term "
                                     "WHERE a.hash = ?1 AND a.expires > ?2 AND l.revoked = 0 AND l.expires > ?2";

struct found_bearer {
    bearer whose;
    std::int64_t expires;
};

found_bearer bearer_in(SQLite::Statement& row) {
    return {{text_of(row, 0), flag_of(row, 1)}, number_of(row, 2)};
}

token_record token_in(SQLite::Statement& row) {
    return {text_of(row, 0), iso_time(number_of(row, 1)), iso_time(number_of(row, 2)), flag_of(row, 3)};
}

} // namespace

std::optional<bearer> bearer_cache::find(const std::optional<change_stamp>& now, const std::string& key,
                                         std::int64_t time) const {
    const std::shared_lock lock(mutex_);
    if (!now || now != stamp_)
        return std::nullopt;
    const auto found = bearers_.find(key);
    if (found == bearers_.end() || found->second.expires <= time)
        return std::nullopt;
    return found->second.whose;
}

void bearer_cache::keep(const std::optional<change_stamp>& read_at, const std::string& key, bearer whose,
                        std::int64_t expires) {
    const std::unique_lock lock(mutex_);
    if (read_at != stamp_ || bearers_.size() >= most)
        bearers_.clear();
    stamp_ = read_at;
    bearers_.insert_or_assign(key, entry{std::move(whose), expires});
}

std::string sqlite_tokens::issue_long_term(const std::string& provider, wall_time now, wall_time expires) {
    return session_.change([&] {
        auto token = new_token(random_);
        run(session_.rows(),
            "INSERT INTO long_term_token (hash, id, provider, created, expires) VALUES (?, ?, ?, ?, ?)",
            token_hash(token), random_.uuid(), provider, milliseconds(now), milliseconds(expires));
        session_.audit("long-term token issued", provider);
        return token;
    });
}

std::vector<token_record> sqlite_tokens::long_term_tokens(const std::string& provider) const {
    return session_.look([&] {
        return all(session_.rows(), token_in,
                   "SELECT id, created, expires, revoked FROM long_term_token WHERE provider = ? ORDER BY created, id",
                   provider);
    });
}

int sqlite_tokens::revoke(const std::string& provider, const std::string& token_id) {
    return session_.change([&] {
        run(session_.rows(),
            "DELETE FROM access_token WHERE long_term IN "
            "(SELECT hash FROM long_term_token WHERE provider = ?1 AND (?2 = '' OR id = ?2))",
            provider, token_id);
        const int revoked =
            run(session_.rows(),
                "UPDATE long_term_token SET revoked = 1 WHERE provider = ?1 AND revoked = 0 AND (?2 = '' OR id = ?2)",
                provider, token_id);
        session_.audit("long-term tokens revoked: " + std::to_string(revoked), provider);
        return revoked;
    });
}

std::optional<bearer> sqlite_tokens::authenticate_long_term(const std::string& long_term, wall_time now,
                                                            const std::string& client_fingerprint) const {
    const auto found = session_.look([&] {
        return first(session_.rows(), bearer_in, bearer_of_long_term, token_hash(long_term), milliseconds(now),
                     client_fingerprint);
    });
    return found ? std::optional(found->whose) : std::nullopt;
}

std::optional<std::string> sqlite_tokens::issue_access(const std::string& long_term, wall_time now,
                                                       std::chrono::seconds lifetime) {
    return session_.change([&]() -> std::optional<std::string> {
        const auto origin = token_hash(long_term);
        if (!finds(session_.rows(), "SELECT 1 FROM long_term_token WHERE hash = ? AND revoked = 0 AND expires > ?",
                   origin, milliseconds(now)))
            return std::nullopt;
        run(session_.rows(), "DELETE FROM access_token WHERE expires <= ?", milliseconds(now));
        auto token = new_token(random_);
        run(session_.rows(), "INSERT INTO access_token (hash, long_term, expires) VALUES (?, ?, ?)", token_hash(token),
            origin, milliseconds(now + lifetime));
        return token;
    });
}

std::optional<bearer> sqlite_tokens::authenticate(const std::string& access_token, wall_time now,
                                                  const std::string& client_fingerprint) const {
    const auto hash = token_hash(access_token);
    const auto key = hash + client_fingerprint;
    const auto stamp = changes_.now();
    if (auto known = bearers_.find(stamp, key, milliseconds(now)))
        return known;
    const auto found = session_.look([&] {
        return first(session_.rows(), bearer_in, bearer_of_access, hash, milliseconds(now), client_fingerprint);
    });
    if (!found)
        return std::nullopt;
    bearers_.keep(stamp, key, found->whose, found->expires);
    return found->whose;
}

} // namespace tsms::store
