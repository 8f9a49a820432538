// What an operator registers and changes: issuers, apps, secure components.

#include "store/instance_db_state.hpp"

namespace tsms::store {

namespace {

bytes blob(const SQLite::Column& column) {
    const auto* p = static_cast<const std::uint8_t*>(column.getBlob());
    return bytes(p, p + column.getBytes());
}

} // namespace

// -- administration
// ------------------------------------------------------------------------------------------------------------------

instance_db::card_change instance_db::release_card(const std::string& id) {
    return state_->change_card(id, "card released", [](model::secure_component& card) {
        card.quarantined = false;
        card.strikes = 0;
        return card_change::done;
    });
}

instance_db::card_change instance_db::doubt_card(const std::string& id, bool all) {
    return state_->change_card(id, "card to be reconciled", [&](model::secure_component& card) {
        card.doubt = true;
        for (auto& instance : instances_on_card(id)) {
            if (!all && !model::may_be_on_card(instance))
                continue;
            instance.on_card = true;
            state_->update(instance);
        }
        return card_change::done;
    });
}

instance_db::card_change instance_db::assign_card(const std::string& id, const std::string& issuer, bool force) {
    return state_->change_card(id, "card assigned", [&](model::secure_component& card) {
        if (!state_->has_issuer(issuer))
            return card_change::unknown_issuer;
        if (card.tsm_domain && card.issuer != issuer && !force)
            return card_change::would_strand;
        card.issuer = issuer;
        card.assigned = true;
        return card_change::done;
    });
}

instance_db::card_change instance_db::lose_card(const std::string& id) {
    return state_->change_card(id, "card lost", [&](model::secure_component&) {
        for (const auto& instance : instances_on_card(id))
            state_->lose(instance);
        return card_change::done;
    });
}

instance_db::card_change instance_db::find_card(const std::string& id) {
    return state_->change_card(id, "card found", [&](model::secure_component&) {
        for (const auto& tombstone : tombstones_on(id)) {
            if (!instances_of(tombstone.target.service_id, {id}).empty())
                continue;
            state_->run("DELETE FROM tombstones WHERE id = ?", tombstone.id);
            state_->insert(tombstone);
        }
        return card_change::done;
    });
}

instance_db::card_change instance_db::drop_tombstones(const std::string& id) {
    return state_->change_card(id, "tombstones dropped", [&](model::secure_component&) {
        state_->run("DELETE FROM tombstones WHERE card = ?", id);
        return card_change::done;
    });
}

std::vector<model::secure_component> instance_db::state::claims_before(clock::time_point limit,
                                                                       bool proven_once) const {
    // What an issuer is asked to write for an instance is noted as `onCard` before it has looked at the card. Without a
    // domain of ours it has never accepted one.
    auto rows =
        bound("SELECT c.document FROM secure_components c "
              "WHERE json_extract(c.document, '$.tsmDomain') IS NULL AND json_extract(c.document, '$.claimed') < ?1 "
              "AND coalesce(json_extract(c.document, '$.wasProven'), 0) = ?3 "
              "AND NOT EXISTS (SELECT 1 FROM service_instances i WHERE i.card = c.id AND (i.state <> ?2 "
              "OR (?3 AND json_extract(i.document, '$.onCard')) OR json_extract(i.document, '$.created') >= ?1)) "
              "AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.card = c.id) "
              "AND NOT EXISTS (SELECT 1 FROM processes p WHERE p.card = c.id AND p.ended IS NULL)",
              iso8601(limit), static_cast<int>(model::instance_state::not_deployed), proven_once ? 1 : 0);
    std::vector<model::secure_component> found;
    while (rows.executeStep()) {
        auto card = decode_card(rows.getColumn(0).getString());
        if (model::rests_on_claims(card) && !card.doubt && !card.quarantined)
            found.push_back(std::move(card));
    }
    return found;
}

void instance_db::state::forget(const model::secure_component& card) {
    if (model::is_unproven(card)) { // what nobody's card did is worth no room either
        for (const char* sql : {"DELETE FROM card_log WHERE process IN (SELECT id FROM processes WHERE card = ?)",
                                "DELETE FROM journal WHERE process IN (SELECT id FROM processes WHERE card = ?)",
                                "DELETE FROM processes WHERE card = ?"})
            run(sql, card.id);
    }
    run("DELETE FROM service_instances WHERE card = ?", card.id);
    run("DELETE FROM secure_components WHERE id = ?", card.id);
    audit("card forgotten", card.id);
}

std::size_t instance_db::forget_claims_before(clock::time_point limit, clock::time_point unproven_limit) {
    return state_->write([&] {
        auto forgotten = state_->claims_before(limit, true);
        for (auto& card : state_->claims_before(unproven_limit, false))
            forgotten.push_back(std::move(card));
        for (const auto& card : forgotten)
            state_->forget(card);
        return forgotten.size();
    });
}

bool instance_db::add_issuer(const issuer_record& issuer) {
    return state_->write([&] {
        if (state_->has_issuer(issuer.name))
            return false;
        auto insert =
            state_->bound("INSERT INTO issuers (name, url, certificate, cards, transport_key) VALUES (?, ?, ?, ?, ?5)",
                          issuer.name, issuer.url, issuer.certificate_pem, encode(issuer.cards));
        insert.bind(5, issuer.transport_key.data(), static_cast<int>(issuer.transport_key.size()));
        insert.exec();
        state_->audit("issuer added", issuer.name);
        return true;
    });
}

instance_db::issuer_removal instance_db::remove_issuer(const std::string& name) {
    return state_->write([&] {
        issuer_removal removal;
        removal.known = state_->has_issuer(name);
        std::vector<model::secure_component> claimed;
        auto rows =
            state_->bound("SELECT document FROM secure_components WHERE json_extract(document, '$.issuer') = ?", name);
        while (rows.executeStep()) {
            auto card = decode_card(rows.getColumn(0).getString());
            if (card.tsm_domain || card.assigned || state_->is_at_work(card.id))
                ++removal.cards;
            else
                claimed.push_back(std::move(card));
        }
        if (!removal.known || removal.cards > 0)
            return removal;
        for (auto& card : claimed) {
            card.issuer.clear();
            state_->update(card);
        }
        state_->run("DELETE FROM issuers WHERE name = ?", name);
        state_->audit("issuer removed", name);
        return removal;
    });
}

std::vector<issuer_record> instance_db::issuers() const {
    return state_->guarded([&] {
        std::vector<issuer_record> found;
        auto rows = state_->query("SELECT name, url, certificate, transport_key, cards FROM issuers ORDER BY name");
        while (rows.executeStep())
            found.push_back({rows.getColumn(0).getString(), rows.getColumn(1).getString(),
                             rows.getColumn(2).getString(), blob(rows.getColumn(3)),
                             decode_identification(rows.getColumn(4).getString())});
        return found;
    });
}

bool instance_db::add_app(const app_record& app) {
    return state_->write([&] {
        auto taken =
            state_->bound("SELECT 1 FROM apps WHERE caller_id = ? AND (provider <> ? OR length(credential_hash) > 0)",
                          app.caller_id, app.provider);
        if (taken.executeStep())
            return false;
        auto insert = state_->bound(
            "INSERT OR REPLACE INTO apps (caller_id, provider, created, credential_hash) VALUES (?, ?, ?, ?4)",
            app.caller_id, app.provider, iso8601(state_->time.wall()));
        insert.bind(4, app.credential_hash.data(), static_cast<int>(app.credential_hash.size()));
        insert.exec();
        state_->audit("app added", app.caller_id);
        return true;
    });
}

bool instance_db::revoke_app(const std::string& caller_id) {
    return state_->write([&] {
        state_->audit("app revoked", caller_id);
        return state_->run("UPDATE apps SET credential_hash = x'' WHERE caller_id = ? AND length(credential_hash) > 0",
                           caller_id) > 0;
    });
}

std::vector<app_record> instance_db::apps() const {
    return state_->guarded([&] {
        std::vector<app_record> found;
        auto rows = state_->query(
            "SELECT caller_id, provider, credential_hash, created FROM apps ORDER BY provider, caller_id");
        while (rows.executeStep())
            found.push_back({rows.getColumn(0).getString(), rows.getColumn(1).getString(), blob(rows.getColumn(2)),
                             rows.getColumn(3).getString()});
        return found;
    });
}

bool instance_db::has_had_apps(const std::string& provider) const {
    return state_->guarded(
        [&] { return state_->bound("SELECT 1 FROM apps WHERE provider = ? LIMIT 1", provider).executeStep(); });
}

} // namespace tsms::store
