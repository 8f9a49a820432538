#include "store/memory/access.hpp"

#include "store/access_rules.hpp"

#include <algorithm>
#include <set>

namespace tsms::store {

namespace {

struct long_term_row {
    std::string hash;
    std::string id;
    std::string provider;
    std::int64_t created;
    std::int64_t expires;
    bool revoked = false;

    bool valid(std::int64_t now) const { return !revoked && expires > now; }
};

struct access_row {
    std::string origin; ///< hash of the long-term token
    std::int64_t expires;
};

/// One consistent state. A change works on a copy.
struct access_rows {
    std::map<std::string, provider_record> providers; ///< by id
    std::vector<long_term_row> long_term;             ///< in the order in which they were issued
    std::map<std::string, access_row> tokens;         ///< by hash
    std::map<std::string, std::set<std::string>> certificates;
    std::map<std::string, std::deque<refused_upload>> refusals; ///< newest first

    void refuse_missing(const std::string& provider) const {
        if (!providers.contains(provider))
            throw error("there is no service provider " + provider);
    }
    const long_term_row* find_long_term(const std::string& hash) const {
        const auto found = std::ranges::find(long_term, hash, &long_term_row::hash);
        return found == long_term.end() ? nullptr : &*found;
    }
    bearer bearer_of(const long_term_row& row, const std::string& client_fingerprint) const {
        const auto own = certificates.find(row.provider);
        const bool needs_none = own == certificates.end() || own->second.empty();
        return {row.provider, needs_none || own->second.contains(client_fingerprint)};
    }
};

class memory_access final : public access {
    /// What f does is done when it returns, and undone when it throws.
    template <class F> auto change(F f) {
        const std::lock_guard lock(mutex_);
        auto next = rows_;
        auto result = f(next);
        rows_ = std::move(next);
        return result;
    }

public:
    explicit memory_access(crypto::random_source& random) : random_(random) {}

    provider_record add_provider(const std::string& name, wall_time now) override {
        check_provider_name(name);
        return change([&](access_rows& rows) {
            for (const auto& [id, one] : rows.providers)
                if (one.name == name)
                    throw provider_name_taken(name);
            const auto id = random_.uuid();
            return rows.providers[id] = {id, name, iso_time(milliseconds(now))};
        });
    }
    std::vector<provider_record> providers() const override {
        const std::lock_guard lock(mutex_);
        std::vector<provider_record> out;
        for (const auto& [id, one] : rows_.providers)
            out.push_back(one);
        std::ranges::sort(out, {}, &provider_record::name);
        return out;
    }
    std::optional<provider_record> provider(const std::string& id) const override {
        return first_provider(&provider_record::id, id);
    }
    std::optional<provider_record> provider_by_name(const std::string& name) const override {
        return first_provider(&provider_record::name, name);
    }

    std::string issue_long_term(const std::string& provider, wall_time now, wall_time expires) override {
        return change([&](access_rows& rows) {
            rows.refuse_missing(provider);
            const auto token = new_token(random_);
            rows.long_term.push_back(
                {token_hash(token), random_.uuid(), provider, milliseconds(now), milliseconds(expires)});
            return token;
        });
    }
    std::vector<token_record> long_term_tokens(const std::string& provider) const override;
    int revoke(const std::string& provider, const std::string& token_id) override;
    std::optional<bearer> authenticate_long_term(const std::string& long_term, wall_time now,
                                                 const std::string& client_fingerprint) const override;
    std::optional<std::string> issue_access(const std::string& long_term, wall_time now,
                                            std::chrono::seconds lifetime) override;
    std::optional<bearer> authenticate(const std::string& access_token, wall_time now,
                                       const std::string& client_fingerprint) const override;

    void add_client_certificate(const std::string& provider, const std::string& fingerprint) override {
        change([&](access_rows& rows) {
            rows.refuse_missing(provider);
            return rows.certificates[provider].insert(fingerprint).second;
        });
    }
    int remove_client_certificates(const std::string& provider, const std::string& fingerprint) override {
        return change([&](access_rows& rows) {
            auto& own = rows.certificates[provider];
            return static_cast<int>(
                std::erase_if(own, [&](const auto& one) { return fingerprint.empty() || one == fingerprint; }));
        });
    }
    std::vector<std::string> client_certificates(const std::string& provider) const override {
        const std::lock_guard lock(mutex_);
        const auto own = rows_.certificates.find(provider);
        return own == rows_.certificates.end() ? std::vector<std::string>()
                                               : std::vector(own->second.begin(), own->second.end());
    }

    void note_refusal(const std::string& provider, refused_upload refusal, wall_time now) override {
        noted_.add(provider, std::move(refusal), now);
    }
    void write_refusals() override;
    std::vector<refused_upload> refusals(const std::string& provider) const override {
        const std::lock_guard lock(mutex_);
        const auto own = rows_.refusals.find(provider);
        return own == rows_.refusals.end() ? std::vector<refused_upload>()
                                           : std::vector(own->second.begin(), own->second.end());
    }

private:
    std::optional<provider_record> first_provider(std::string provider_record::*member,
                                                  const std::string& value) const {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, one] : rows_.providers)
            if (one.*member == value)
                return one;
        return std::nullopt;
    }

    crypto::random_source& random_;
    refusal_notes noted_;
    mutable std::mutex mutex_;
    access_rows rows_;
};

std::vector<token_record> memory_access::long_term_tokens(const std::string& provider) const {
    const std::lock_guard lock(mutex_);
    std::vector<token_record> out;
    for (const auto& row : rows_.long_term)
        if (row.provider == provider)
            out.push_back({row.id, iso_time(row.created), iso_time(row.expires), row.revoked});
    std::ranges::sort(out, {}, [](const token_record& t) { return std::pair(t.created, t.id); });
    return out;
}

int memory_access::revoke(const std::string& provider, const std::string& token_id) {
    return change([&](access_rows& rows) {
        int revoked = 0;
        for (auto& row : rows.long_term) {
            if (row.provider != provider || (!token_id.empty() && row.id != token_id))
                continue;
            std::erase_if(rows.tokens, [&](const auto& token) { return token.second.origin == row.hash; });
            revoked += !row.revoked;
            row.revoked = true;
        }
        return revoked;
    });
}

std::optional<bearer> memory_access::authenticate_long_term(const std::string& long_term, wall_time now,
                                                            const std::string& client_fingerprint) const {
    const std::lock_guard lock(mutex_);
    const auto* row = rows_.find_long_term(token_hash(long_term));
    if (!row || !row->valid(milliseconds(now)))
        return std::nullopt;
    return rows_.bearer_of(*row, client_fingerprint);
}

std::optional<std::string> memory_access::issue_access(const std::string& long_term, wall_time now,
                                                       std::chrono::seconds lifetime) {
    return change([&](access_rows& rows) -> std::optional<std::string> {
        const auto* origin = rows.find_long_term(token_hash(long_term));
        if (!origin || !origin->valid(milliseconds(now)))
            return std::nullopt;
        std::erase_if(rows.tokens, [&](const auto& token) { return token.second.expires <= milliseconds(now); });
        auto token = new_token(random_);
        rows.tokens[token_hash(token)] = {origin->hash, milliseconds(now + lifetime)};
        return token;
    });
}

std::optional<bearer> memory_access::authenticate(const std::string& access_token, wall_time now,
                                                  const std::string& client_fingerprint) const {
    const std::lock_guard lock(mutex_);
    const auto token = rows_.tokens.find(token_hash(access_token));
    if (token == rows_.tokens.end() || token->second.expires <= milliseconds(now))
        return std::nullopt;
    const auto* origin = rows_.find_long_term(token->second.origin);
    if (!origin || !origin->valid(milliseconds(now)))
        return std::nullopt;
    return rows_.bearer_of(*origin, client_fingerprint);
}

void memory_access::write_refusals() {
    const auto noted = noted_.take();
    change([&](access_rows& rows) {
        for (const auto& [provider, list] : noted) {
            rows.refuse_missing(provider);
            auto& own = rows.refusals[provider];
            for (auto [at, what] : list) {
                what.at = iso_time(at);
                own.push_front(std::move(what));
            }
            own.resize(std::min<std::size_t>(own.size(), refusals_kept));
        }
        return true;
    });
}

} // namespace

std::unique_ptr<access> access_in_memory(crypto::random_source& random) {
    return std::make_unique<memory_access>(random);
}

} // namespace tsms::store
