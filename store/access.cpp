#include "store/access.hpp"

#include "base/time.hpp"
#include "base/utf8.hpp"
#include "crypto/digest.hpp"
#include "store/instances.hpp"
#include "store/sqlite/audit.hpp"
#include "store/sqlite/change_watch.hpp"
#include "store/sqlite/writable.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace tsms::store {

namespace {

/// AMB-008: true if the provider of l needs no certificate, or ?3 is the fingerprint of one of its own.
const std::string second_factor =
    "NOT EXISTS (SELECT 1 FROM client_certificate c WHERE c.provider = l.provider) "
    "OR EXISTS (SELECT 1 FROM client_certificate c WHERE c.provider = l.provider AND c.fingerprint = ?3)";

std::int64_t milliseconds(access_time t) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
}
std::string iso_time(std::int64_t ms) {
    return iso8601(access_time(std::chrono::milliseconds(ms)));
}

std::string hash_of(const std::string& token) {
    return to_hex(crypto::sha256(as_bytes(token)));
}

provider_record provider_of(SQLite::Statement& s) {
    return {s.getColumn(0).getString(), s.getColumn(1).getString(), iso_time(s.getColumn(2).getInt64())};
}

} // namespace

namespace {

/// Bearers of access tokens as they were found, for as long as nobody has committed to the database since.
class bearer_cache {
public:
    std::optional<bearer> find(const std::optional<change_stamp>& now, const std::string& key,
                               std::int64_t time) const {
        const std::shared_lock lock(mutex_);
        if (!now || now != stamp_)
            return std::nullopt;
        const auto found = bearers_.find(key);
        if (found == bearers_.end() || found->second.expires <= time)
            return std::nullopt;
        return found->second.whose;
    }
    /// `read_at`: the stamp of a moment before the bearer was read.
    void keep(const std::optional<change_stamp>& read_at, const std::string& key, bearer whose, std::int64_t expires) {
        const std::unique_lock lock(mutex_);
        if (read_at != stamp_ || bearers_.size() >= most)
            bearers_.clear();
        stamp_ = read_at;
        bearers_.insert_or_assign(key, entry{std::move(whose), expires});
    }

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

} // namespace

struct access::state {
    state(const std::filesystem::path& f, crypto::random_source& r)
        : random(r), file(f, access_kind()), db(file.session()), changes(db.database()) {}

    std::string new_token() { return to_hex(random.take(32)); }

    /// Runs f under the lock; errors of the database become store::error.
    template <class F> auto locked(F f) {
        const std::lock_guard lock(mutex);
        return file.look(f);
    }

    /// As locked(), in one transaction.
    template <class F> auto changing(F f) {
        const std::lock_guard lock(mutex);
        return file.change(f);
    }

    std::optional<provider_record> find(const std::string& sql, const std::string& value) {
        return locked([&]() -> std::optional<provider_record> {
            auto s = db.prepare(sql);
            s->bind(1, value);
            if (!s->executeStep())
                return std::nullopt;
            return provider_of(*s);
        });
    }

    struct found_bearer {
        bearer whose;
        std::int64_t expires;
    };
    /// A row of (provider, second factor, end) for ?1 hash of the token, ?2 now, ?3 fingerprint.
    std::optional<found_bearer> find_bearer(const std::string& sql, const std::string& hash, access_time now,
                                            const std::string& client_fingerprint) {
        return locked([&]() -> std::optional<found_bearer> {
            auto s = db.prepare(sql);
            s->bind(1, hash);
            s->bind(2, milliseconds(now));
            s->bind(3, client_fingerprint);
            if (!s->executeStep())
                return std::nullopt;
            return found_bearer{{s->getColumn(0).getString(), s->getColumn(1).getInt() != 0},
                                s->getColumn(2).getInt64()};
        });
    }

    struct noted_refusal {
        std::int64_t at;
        refused_upload what;
    };
    void write_refusals(const std::string& provider, const std::deque<noted_refusal>& list) {
        auto insert = db.prepare(
            "INSERT INTO refused_upload (provider, at, kind, name, category, reason) VALUES (?, ?, ?, ?, ?, ?)");
        for (const auto& [at, what] : list) {
            insert->bind(1, provider);
            insert->bind(2, at);
            insert->bind(3, what.kind);
            insert->bind(4, what.name);
            insert->bind(5, what.category);
            insert->bind(6, what.reason);
            insert->exec();
            insert->reset();
        }
        auto s = db.prepare(
            "DELETE FROM refused_upload WHERE provider = ?1 AND sequence <= (SELECT sequence FROM refused_upload "
            "WHERE provider = ?1 ORDER BY sequence DESC LIMIT 1 OFFSET ?2)");
        s->bind(1, provider);
        s->bind(2, refusals_kept);
        s->exec();
    }

    crypto::random_source& random;
    std::mutex noted_mutex;                                 ///< never waits for the database, as `mutex` does
    std::map<std::string, std::deque<noted_refusal>> noted; ///< by provider, oldest first
    std::mutex mutex;
    writable file;
    connection& db;
    change_watch changes;
    bearer_cache bearers;
};

access::access(const std::filesystem::path& file, crypto::random_source& random)
    : state_(std::make_unique<state>(file, random)) {}
access::~access() = default;

provider_record access::add_provider(const std::string& name, access_time now) {
    if (name.empty() || name.size() > 255)
        throw error("the name of a service provider has 1 to 255 octets");
    if (text::quotable(name) != name) // it is told in JSON and on terminals
        throw error("the name of a service provider is UTF-8 without control characters");
    if (provider_by_name(name))
        throw error("there is a service provider named '" + name +
                    "' already; choose another name, or use `tsms provider token`");
    return state_->changing([&] {
        const auto id = state_->random.uuid();
        auto s = state_->db.prepare("INSERT INTO provider (id, name, created) VALUES (?, ?, ?)");
        s->bind(1, id);
        s->bind(2, name);
        s->bind(3, milliseconds(now));
        s->exec();
        append_audit(state_->db.database(), system_time().wall(), "provider added", id);
        return provider_record{id, name, iso_time(milliseconds(now))};
    });
}

std::vector<provider_record> access::providers() const {
    return state_->locked([&] {
        auto s = state_->db.prepare("SELECT id, name, created FROM provider ORDER BY name");
        std::vector<provider_record> out;
        while (s->executeStep())
            out.push_back(provider_of(*s));
        return out;
    });
}

std::optional<provider_record> access::provider(const std::string& id) const {
    return state_->find("SELECT id, name, created FROM provider WHERE id = ?", id);
}

std::optional<provider_record> access::provider_by_name(const std::string& name) const {
    return state_->find("SELECT id, name, created FROM provider WHERE name = ?", name);
}

std::string access::issue_long_term(const std::string& provider, access_time now, access_time expires) {
    return state_->changing([&] {
        auto token = state_->new_token();
        auto s = state_->db.prepare(
            "INSERT INTO long_term_token (hash, id, provider, created, expires) VALUES (?, ?, ?, ?, ?)");
        s->bind(1, hash_of(token));
        s->bind(2, state_->random.uuid());
        s->bind(3, provider);
        s->bind(4, milliseconds(now));
        s->bind(5, milliseconds(expires));
        s->exec();
        append_audit(state_->db.database(), system_time().wall(), "long-term token issued", provider);
        return token;
    });
}

std::vector<token_record> access::long_term_tokens(const std::string& provider) const {
    return state_->locked([&] {
        auto s = state_->db.prepare(
            "SELECT id, created, expires, revoked FROM long_term_token WHERE provider = ? ORDER BY created, id");
        s->bind(1, provider);
        std::vector<token_record> out;
        while (s->executeStep())
            out.push_back({s->getColumn(0).getString(), iso_time(s->getColumn(1).getInt64()),
                           iso_time(s->getColumn(2).getInt64()), s->getColumn(3).getInt() != 0});
        return out;
    });
}

int access::revoke(const std::string& provider, const std::string& token_id) {
    return state_->changing([&] {
        auto sessions =
            state_->db.prepare("DELETE FROM access_token WHERE long_term IN "
                               "(SELECT hash FROM long_term_token WHERE provider = ?1 AND (?2 = '' OR id = ?2))");
        sessions->bind(1, provider);
        sessions->bind(2, token_id);
        sessions->exec();
        auto s = state_->db.prepare(
            "UPDATE long_term_token SET revoked = 1 WHERE provider = ?1 AND revoked = 0 AND (?2 = '' OR id = ?2)");
        s->bind(1, provider);
        s->bind(2, token_id);
        const int revoked = s->exec();
        append_audit(state_->db.database(), system_time().wall(),
                     "long-term tokens revoked: " + std::to_string(revoked), provider);
        return revoked;
    });
}

std::optional<bearer> access::authenticate_long_term(const std::string& long_term, access_time now,
                                                     const std::string& client_fingerprint) const {
    static const auto sql = "SELECT l.provider, " + second_factor +
                            ", l.expires FROM long_term_token l WHERE l.hash = ?1 AND l.revoked = 0 AND l.expires > ?2";
    const auto found = state_->find_bearer(sql, hash_of(long_term), now, client_fingerprint);
    return found ? std::optional(found->whose) : std::nullopt;
}

std::optional<std::string> access::issue_access(const std::string& long_term, access_time now,
                                                std::chrono::seconds lifetime) {
    return state_->changing([&]() -> std::optional<std::string> {
        const auto origin = hash_of(long_term);
        {
            auto s = state_->db.prepare("SELECT 1 FROM long_term_token WHERE hash = ? AND revoked = 0 AND expires > ?");
            s->bind(1, origin);
            s->bind(2, milliseconds(now));
            if (!s->executeStep())
                return std::nullopt;
        }
        {
            auto s = state_->db.prepare("DELETE FROM access_token WHERE expires <= ?");
            s->bind(1, milliseconds(now));
            s->exec();
        }
        auto token = state_->new_token();
        auto s = state_->db.prepare("INSERT INTO access_token (hash, long_term, expires) VALUES (?, ?, ?)");
        s->bind(1, hash_of(token));
        s->bind(2, origin);
        s->bind(3, milliseconds(now + lifetime));
        s->exec();
        return token;
    });
}

std::optional<bearer> access::authenticate(const std::string& access_token, access_time now,
                                           const std::string& client_fingerprint) const {
    static const auto sql = "SELECT l.provider, " + second_factor +
                            ", min(a.expires, l.expires) FROM access_token a "
                            "JOIN long_term_token l ON l.hash = a.long_term "
                            "WHERE a.hash = ?1 AND a.expires > ?2 AND l.revoked = 0 AND l.expires > ?2";
    const auto hash = hash_of(access_token);
    const auto key = hash + client_fingerprint;
    const auto stamp = state_->changes.now();
    if (auto known = state_->bearers.find(stamp, key, milliseconds(now)))
        return known;
    const auto found = state_->find_bearer(sql, hash, now, client_fingerprint);
    if (!found)
        return std::nullopt;
    state_->bearers.keep(stamp, key, found->whose, found->expires);
    return found->whose;
}

void access::add_client_certificate(const std::string& provider, const std::string& fingerprint) {
    state_->changing([&] {
        auto s = state_->db.prepare("INSERT OR IGNORE INTO client_certificate (provider, fingerprint) VALUES (?, ?)");
        s->bind(1, provider);
        s->bind(2, fingerprint);
        s->exec();
        append_audit(state_->db.database(), system_time().wall(), "client certificate added: " + fingerprint, provider);
        return true;
    });
}

void access::note_refusal(const std::string& provider, refused_upload refusal, access_time now) {
    refusal.name = text::shortened(refusal.name, 255);
    refusal.reason = text::shortened(refusal.reason, 2000);
    const std::lock_guard lock(state_->noted_mutex);
    auto& noted = state_->noted[provider];
    noted.push_back({milliseconds(now), std::move(refusal)});
    if (noted.size() > refusals_kept)
        noted.pop_front();
}

void access::write_refusals() {
    decltype(state_->noted) noted;
    {
        const std::lock_guard lock(state_->noted_mutex);
        noted.swap(state_->noted);
    }
    if (noted.empty())
        return;
    state_->changing([&] { // without audit entry: nothing changes but this list
        for (const auto& [provider, list] : noted)
            state_->write_refusals(provider, list);
    });
}

std::vector<refused_upload> access::refusals(const std::string& provider) const {
    return state_->locked([&] {
        auto s = state_->db.prepare(
            "SELECT at, kind, name, category, reason FROM refused_upload WHERE provider = ? ORDER BY sequence DESC");
        s->bind(1, provider);
        std::vector<refused_upload> out;
        while (s->executeStep())
            out.push_back({iso_time(s->getColumn(0).getInt64()), s->getColumn(1).getString(),
                           s->getColumn(2).getString(), s->getColumn(3).getInt(), s->getColumn(4).getString()});
        return out;
    });
}

int access::remove_client_certificates(const std::string& provider, const std::string& fingerprint) {
    return state_->changing([&] {
        auto s =
            state_->db.prepare("DELETE FROM client_certificate WHERE provider = ?1 AND (?2 = '' OR fingerprint = ?2)");
        s->bind(1, provider);
        s->bind(2, fingerprint);
        const int removed = s->exec();
        append_audit(state_->db.database(), system_time().wall(),
                     "client certificates removed: " + std::to_string(removed), provider);
        return removed;
    });
}

std::vector<std::string> access::client_certificates(const std::string& provider) const {
    return state_->locked([&] {
        auto s =
            state_->db.prepare("SELECT fingerprint FROM client_certificate WHERE provider = ? ORDER BY fingerprint");
        s->bind(1, provider);
        std::vector<std::string> out;
        while (s->executeStep())
            out.push_back(s->getColumn(0).getString());
        return out;
    });
}

} // namespace tsms::store
