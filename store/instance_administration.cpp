// What an operator registers and changes: issuers, apps, secure components.

#include "store/instance_state.hpp"

namespace tsms::store {

namespace {

bytes blob(const SQLite::Column& column) {
    const auto* p = static_cast<const std::uint8_t*>(column.getBlob());
    return bytes(p, p + column.getBytes());
}

} // namespace

// -- administration ------------------------------------------------------------------------------------------------------------------

instance_db::card_change instance_db::release_card(const std::string& id) {
    return state_->change_card(id, "card released", [](model::secure_component& card) {
        card.quarantined = false;
        card.strikes = 0;
    });
}

instance_db::card_change instance_db::doubt_card(const std::string& id) {
    return state_->change_card(id, "card to be reconciled", [&](model::secure_component& card) {
        card.doubt = true;
        for (auto& instance : instances_on_card(id)) {
            instance.on_card = true;
            state_->put(instance);
        }
    });
}

bool instance_db::add_issuer(const issuer_record& issuer) {
    return state_->write([&] {
        auto taken = state_->bound("SELECT 1 FROM issuers WHERE name = ?", issuer.name);
        if (taken.executeStep())
            return false;
        auto insert = state_->bound("INSERT INTO issuers (name, url, certificate, cards, transport_key) VALUES (?, ?, ?, ?, ?5)",
                                    issuer.name, issuer.url, issuer.certificate_pem, encode(issuer.cards));
        insert.bind(5, issuer.transport_key.data(), static_cast<int>(issuer.transport_key.size()));
        insert.exec();
        state_->audit("issuer added", issuer.name);
        return true;
    });
}

bool instance_db::remove_issuer(const std::string& name) {
    return state_->write([&] {
        state_->audit("issuer removed", name);
        return state_->run("DELETE FROM issuers WHERE name = ?", name) > 0;
    });
}

std::vector<issuer_record> instance_db::issuers() const {
    return state_->guarded([&] {
        std::vector<issuer_record> found;
        auto rows = state_->query("SELECT name, url, certificate, transport_key, cards FROM issuers ORDER BY name");
        while (rows.executeStep())
            found.push_back({rows.getColumn(0).getString(), rows.getColumn(1).getString(), rows.getColumn(2).getString(),
                             blob(rows.getColumn(3)), decode_identification(rows.getColumn(4).getString())});
        return found;
    });
}

bool instance_db::add_app(const app_record& app) {
    return state_->write([&] {
        auto taken = state_->bound("SELECT 1 FROM apps WHERE caller_id = ? AND (provider <> ? OR length(credential_hash) > 0)",
                                   app.caller_id, app.provider);
        if (taken.executeStep())
            return false;
        auto insert = state_->bound("INSERT OR REPLACE INTO apps (caller_id, provider, created, credential_hash) VALUES (?, ?, ?, ?4)",
                                    app.caller_id, app.provider, iso8601(clock::now()));
        insert.bind(4, app.credential_hash.data(), static_cast<int>(app.credential_hash.size()));
        insert.exec();
        state_->audit("app added", app.caller_id);
        return true;
    });
}

bool instance_db::revoke_app(const std::string& caller_id) {
    return state_->write([&] {
        state_->audit("app revoked", caller_id);
        return state_->run("UPDATE apps SET credential_hash = x'' WHERE caller_id = ? AND length(credential_hash) > 0", caller_id) > 0;
    });
}

std::vector<app_record> instance_db::apps() const {
    return state_->guarded([&] {
        std::vector<app_record> found;
        auto rows = state_->query("SELECT caller_id, provider, credential_hash, created FROM apps ORDER BY provider, caller_id");
        while (rows.executeStep())
            found.push_back({rows.getColumn(0).getString(), rows.getColumn(1).getString(), blob(rows.getColumn(2)),
                             rows.getColumn(3).getString()});
        return found;
    });
}

bool instance_db::has_had_apps(const std::string& provider) const {
    return state_->guarded([&] { return state_->bound("SELECT 1 FROM apps WHERE provider = ? LIMIT 1", provider).executeStep(); });
}

} // namespace tsms::store
