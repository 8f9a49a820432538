#include "store/registrations.hpp"

#include "store/row_changes.hpp"

namespace tsms::store {

bool issuers::add(const model::issuer_record& issuer) const {
    return rows_.change([&] {
        if (rows_.issuers().has(issuer.name))
            return false;
        rows_.issuers().insert(issuer);
        rows_.audit().append("issuer added", issuer.name);
        return true;
    });
}

issuers::removal issuers::remove(const std::string& name) const {
    return rows_.change([&] {
        removal done;
        done.known = rows_.issuers().has(name);
        std::vector<model::secure_component> claimed;
        for (auto& card : rows_.cards().of_issuer(name)) {
            if (card.tsm_domain || card.assigned || rows_.processes().works_on(card.id))
                ++done.cards;
            else
                claimed.push_back(std::move(card));
        }
        if (!done.known || done.cards > 0)
            return done;
        for (auto& card : claimed) {
            card.issuer.clear();
            update(rows_, card);
        }
        rows_.issuers().remove(name);
        rows_.audit().append("issuer removed", name);
        return done;
    });
}

bool apps::add(const app_record& app) const {
    return rows_.change([&] {
        const auto known = rows_.apps().find(app.caller_id);
        if (known && (known->provider != app.provider || !known->credential_hash.empty()))
            return false;
        auto row = app;
        row.created = iso8601(rows_.time().wall());
        rows_.apps().put(row);
        rows_.audit().append("app added", app.caller_id);
        return true;
    });
}

bool apps::revoke(const std::string& caller_id) const {
    return rows_.change([&] {
        auto app = rows_.apps().find(caller_id);
        rows_.audit().append("app revoked", caller_id);
        if (!app || app->credential_hash.empty())
            return false;
        app->credential_hash.clear();
        rows_.apps().put(*app);
        return true;
    });
}

bool apps::demand_proof(const std::string& provider, bool demands) const {
    return rows_.change([&] {
        if (rows_.token_keys().demands_proof(provider) == demands)
            return false;
        rows_.token_keys().set_demands_proof(provider, demands);
        rows_.audit().append(demands ? "credentials demanded" : "credentials not demanded", provider);
        return true;
    });
}

token_keys::addition token_keys::add(const token_key_record& key) const {
    return rows_.change([&] {
        const auto known = rows_.token_keys().of_issuer(key.issuer);
        for (const auto& other : known) {
            if (other.provider != key.provider)
                return addition::issuer_of_another;
            if (other.key_id == key.key_id)
                return addition::key_id_taken;
        }
        if (known.size() >= most_of_issuer)
            return addition::too_many;
        auto row = key;
        row.created = iso8601(rows_.time().wall());
        rows_.token_keys().insert(row);
        rows_.token_keys().set_demands_proof(key.provider, true);
        rows_.audit().append("token key added", key.provider + " " + key.key_id);
        return addition::added;
    });
}

std::size_t token_keys::remove(const std::string& provider, const std::string& key_id) const {
    return rows_.change([&] {
        std::size_t removed = 0;
        for (const auto& key : rows_.token_keys().all()) {
            if (key.provider != provider || (!key_id.empty() && key.key_id != key_id))
                continue;
            rows_.token_keys().remove(key.issuer, key.key_id);
            rows_.audit().append("token key removed", provider + " " + key.key_id);
            ++removed;
        }
        return removed;
    });
}

} // namespace tsms::store
