#include "store/access_rules.hpp"
#include "store/sqlite/audit.hpp"
#include "store/sqlite/change_watch.hpp"
#include "store/sqlite/writable.hpp"

#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace tsms::store {

namespace {

/// AMB-008: true if the provider of l needs no certificate, or ?3 is the fingerprint of one of its own.
const std::string second_factor =
    "NOT EXISTS (SELECT 1 FROM client_certificate c WHERE c.provider = l.provider) "
    "OR EXISTS (SELECT 1 FROM client_certificate c WHERE c.provider = l.provider AND c.fingerprint = ?3)";

provider_record provider_of(SQLite::Statement& s) {
    return {s.getColumn(0).getString(), s.getColumn(1).getString(), iso_time(s.getColumn(2).getInt64())};
}

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

class access_file final : public access {
public:
    access_file(const std::filesystem::path& f, crypto::random_source& random)
        : random_(random), file_(f, access_kind()), db_(file_.session()),
          changes_(file_.look([&] { return change_watch(db_.database()); })) {}

    provider_record add_provider(const std::string& name, wall_time now) override;
    std::vector<provider_record> providers() const override;
    std::optional<provider_record> provider(const std::string& id) const override;
    std::optional<provider_record> provider_by_name(const std::string& name) const override;

    std::string issue_long_term(const std::string& provider, wall_time now, wall_time expires) override;
    std::vector<token_record> long_term_tokens(const std::string& provider) const override;
    int revoke(const std::string& provider, const std::string& token_id) override;
    std::optional<bearer> authenticate_long_term(const std::string& long_term, wall_time now,
                                                 const std::string& client_fingerprint) const override;
    std::optional<std::string> issue_access(const std::string& long_term, wall_time now,
                                            std::chrono::seconds lifetime) override;
    std::optional<bearer> authenticate(const std::string& access_token, wall_time now,
                                       const std::string& client_fingerprint) const override;

    void add_client_certificate(const std::string& provider, const std::string& fingerprint) override;
    int remove_client_certificates(const std::string& provider, const std::string& fingerprint) override;
    std::vector<std::string> client_certificates(const std::string& provider) const override;

    void note_refusal(const std::string& provider, refused_upload refusal, wall_time now) override {
        noted_.add(provider, std::move(refusal), now);
    }
    void write_refusals() override;
    std::vector<refused_upload> refusals(const std::string& provider) const override;

private:
    /// Runs f under the lock; errors of the database become store::error.
    template <class F> auto locked(F f) const {
        const std::lock_guard lock(mutex_);
        return file_.look(f);
    }

    /// As locked(), in one transaction.
    template <class F> auto changing(F f) {
        const std::lock_guard lock(mutex_);
        return file_.change(f);
    }

    void audit(const std::string& what, const std::string& subject) {
        append_audit(db_.database(), system_time().wall(), what, subject);
    }

    std::optional<provider_record> find(const std::string& sql, const std::string& value) const {
        return locked([&]() -> std::optional<provider_record> {
            auto s = db_.prepare(sql);
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
    std::optional<found_bearer> find_bearer(const std::string& sql, const std::string& hash, wall_time now,
                                            const std::string& client_fingerprint) const {
        return locked([&]() -> std::optional<found_bearer> {
            auto s = db_.prepare(sql);
            s->bind(1, hash);
            s->bind(2, milliseconds(now));
            s->bind(3, client_fingerprint);
            if (!s->executeStep())
                return std::nullopt;
            return found_bearer{{s->getColumn(0).getString(), s->getColumn(1).getInt() != 0},
                                s->getColumn(2).getInt64()};
        });
    }

    void write(const std::string& provider, const std::deque<noted_refusal>& list) {
        auto insert = db_.prepare(
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
        auto s = db_.prepare(
            "DELETE FROM refused_upload WHERE provider = ?1 AND sequence <= (SELECT sequence FROM refused_upload "
            "WHERE provider = ?1 ORDER BY sequence DESC LIMIT 1 OFFSET ?2)");
        s->bind(1, provider);
        s->bind(2, refusals_kept);
        s->exec();
    }

    crypto::random_source& random_;
    refusal_notes noted_;
    mutable std::mutex mutex_;
    mutable writable file_;
    connection& db_;
    change_watch changes_;
    mutable bearer_cache bearers_;
};

provider_record access_file::add_provider(const std::string& name, wall_time now) {
    check_provider_name(name);
    if (provider_by_name(name))
        throw provider_name_taken(name);
    return changing([&] {
        const auto id = random_.uuid();
        auto s = db_.prepare("INSERT INTO provider (id, name, created) VALUES (?, ?, ?)");
        s->bind(1, id);
        s->bind(2, name);
        s->bind(3, milliseconds(now));
        s->exec();
        audit("provider added", id);
        return provider_record{id, name, iso_time(milliseconds(now))};
    });
}

std::vector<provider_record> access_file::providers() const {
    return locked([&] {
        auto s = db_.prepare("SELECT id, name, created FROM provider ORDER BY name");
        std::vector<provider_record> out;
        while (s->executeStep())
            out.push_back(provider_of(*s));
        return out;
    });
}

std::optional<provider_record> access_file::provider(const std::string& id) const {
    return find("SELECT id, name, created FROM provider WHERE id = ?", id);
}

std::optional<provider_record> access_file::provider_by_name(const std::string& name) const {
    return find("SELECT id, name, created FROM provider WHERE name = ?", name);
}

std::string access_file::issue_long_term(const std::string& provider, wall_time now, wall_time expires) {
    return changing([&] {
        auto token = new_token(random_);
        auto s =
            db_.prepare("INSERT INTO long_term_token (hash, id, provider, created, expires) VALUES (?, ?, ?, ?, ?)");
        s->bind(1, token_hash(token));
        s->bind(2, random_.uuid());
        s->bind(3, provider);
        s->bind(4, milliseconds(now));
        s->bind(5, milliseconds(expires));
        s->exec();
        audit("long-term token issued", provider);
        return token;
    });
}

std::vector<token_record> access_file::long_term_tokens(const std::string& provider) const {
    return locked([&] {
        auto s = db_.prepare(
            "SELECT id, created, expires, revoked FROM long_term_token WHERE provider = ? ORDER BY created, id");
        s->bind(1, provider);
        std::vector<token_record> out;
        while (s->executeStep())
            out.push_back({s->getColumn(0).getString(), iso_time(s->getColumn(1).getInt64()),
                           iso_time(s->getColumn(2).getInt64()), s->getColumn(3).getInt() != 0});
        return out;
    });
}

int access_file::revoke(const std::string& provider, const std::string& token_id) {
    return changing([&] {
        auto sessions = db_.prepare("DELETE FROM access_token WHERE long_term IN "
                                    "(SELECT hash FROM long_term_token WHERE provider = ?1 AND (?2 = '' OR id = ?2))");
        sessions->bind(1, provider);
        sessions->bind(2, token_id);
        sessions->exec();
        auto s = db_.prepare(
            "UPDATE long_term_token SET revoked = 1 WHERE provider = ?1 AND revoked = 0 AND (?2 = '' OR id = ?2)");
        s->bind(1, provider);
        s->bind(2, token_id);
        const int revoked = s->exec();
        audit("long-term tokens revoked: " + std::to_string(revoked), provider);
        return revoked;
    });
}

std::optional<bearer> access_file::authenticate_long_term(const std::string& long_term, wall_time now,
                                                          const std::string& client_fingerprint) const {
    static const auto sql = "SELECT l.provider, " + second_factor +
                            ", l.expires FROM long_term_token l WHERE l.hash = ?1 AND l.revoked = 0 AND l.expires > ?2";
    const auto found = find_bearer(sql, token_hash(long_term), now, client_fingerprint);
    return found ? std::optional(found->whose) : std::nullopt;
}

std::optional<std::string> access_file::issue_access(const std::string& long_term, wall_time now,
                                                     std::chrono::seconds lifetime) {
    return changing([&]() -> std::optional<std::string> {
        const auto origin = token_hash(long_term);
        {
            auto s = db_.prepare("SELECT 1 FROM long_term_token WHERE hash = ? AND revoked = 0 AND expires > ?");
            s->bind(1, origin);
            s->bind(2, milliseconds(now));
            if (!s->executeStep())
                return std::nullopt;
        }
        {
            auto s = db_.prepare("DELETE FROM access_token WHERE expires <= ?");
            s->bind(1, milliseconds(now));
            s->exec();
        }
        auto token = new_token(random_);
        auto s = db_.prepare("INSERT INTO access_token (hash, long_term, expires) VALUES (?, ?, ?)");
        s->bind(1, token_hash(token));
        s->bind(2, origin);
        s->bind(3, milliseconds(now + lifetime));
        s->exec();
        return token;
    });
}

std::optional<bearer> access_file::authenticate(const std::string& access_token, wall_time now,
                                                const std::string& client_fingerprint) const {
    static const auto sql = "SELECT l.provider, " + second_factor +
                            ", min(a.expires, l.expires) FROM access_token a "
                            "JOIN long_term_token l ON l.hash = a.long_term "
                            "WHERE a.hash = ?1 AND a.expires > ?2 AND l.revoked = 0 AND l.expires > ?2";
    const auto hash = token_hash(access_token);
    const auto key = hash + client_fingerprint;
    const auto stamp = changes_.now();
    if (auto known = bearers_.find(stamp, key, milliseconds(now)))
        return known;
    const auto found = find_bearer(sql, hash, now, client_fingerprint);
    if (!found)
        return std::nullopt;
    bearers_.keep(stamp, key, found->whose, found->expires);
    return found->whose;
}

void access_file::add_client_certificate(const std::string& provider, const std::string& fingerprint) {
    changing([&] {
        auto s = db_.prepare("INSERT OR IGNORE INTO client_certificate (provider, fingerprint) VALUES (?, ?)");
        s->bind(1, provider);
        s->bind(2, fingerprint);
        s->exec();
        audit("client certificate added: " + fingerprint, provider);
        return true;
    });
}

void access_file::write_refusals() {
    const auto noted = noted_.take();
    if (noted.empty())
        return;
    changing([&] { // without audit entry: nothing changes but this list
        for (const auto& [provider, list] : noted)
            write(provider, list);
    });
}

std::vector<refused_upload> access_file::refusals(const std::string& provider) const {
    return locked([&] {
        auto s = db_.prepare(
            "SELECT at, kind, name, category, reason FROM refused_upload WHERE provider = ? ORDER BY sequence DESC");
        s->bind(1, provider);
        std::vector<refused_upload> out;
        while (s->executeStep())
            out.push_back({iso_time(s->getColumn(0).getInt64()), s->getColumn(1).getString(),
                           s->getColumn(2).getString(), s->getColumn(3).getInt(), s->getColumn(4).getString()});
        return out;
    });
}

int access_file::remove_client_certificates(const std::string& provider, const std::string& fingerprint) {
    return changing([&] {
        auto s = db_.prepare("DELETE FROM client_certificate WHERE provider = ?1 AND (?2 = '' OR fingerprint = ?2)");
        s->bind(1, provider);
        s->bind(2, fingerprint);
        const int removed = s->exec();
        audit("client certificates removed: " + std::to_string(removed), provider);
        return removed;
    });
}

std::vector<std::string> access_file::client_certificates(const std::string& provider) const {
    return locked([&] {
        auto s = db_.prepare("SELECT fingerprint FROM client_certificate WHERE provider = ? ORDER BY fingerprint");
        s->bind(1, provider);
        std::vector<std::string> out;
        while (s->executeStep())
            out.push_back(s->getColumn(0).getString());
        return out;
    });
}

} // namespace

std::unique_ptr<access> open_access(const std::filesystem::path& file, crypto::random_source& random) {
    return std::make_unique<access_file>(file, random);
}

} // namespace tsms::store
