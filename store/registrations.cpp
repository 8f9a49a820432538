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

} // namespace tsms::store
