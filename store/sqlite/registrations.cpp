#include "store/sqlite/registrations.hpp"

namespace tsms::store {

namespace {

const std::string issuer_columns = "SELECT name, url, certificate, transport_key, cards FROM issuers ";
const std::string app_columns = "SELECT caller_id, provider, credential_hash, created FROM apps ";

model::issuer_record issuer_in(SQLite::Statement& row) {
    const auto name = text_of(row, 0);
    const auto cards = of_row("issuers", name, [&] { return decode_identification(text_of(row, 4)); });
    return {name, text_of(row, 1), text_of(row, 2), octets_of(row, 3), cards};
}

app_record app_in(SQLite::Statement& row) {
    return {text_of(row, 0), text_of(row, 1), octets_of(row, 2), text_of(row, 3)};
}

} // namespace

bool sqlite_issuers::has(const std::string& name) const {
    return session_.look([&] { return finds(session_.rows(), "SELECT 1 FROM issuers WHERE name = ?", name); });
}

std::optional<model::issuer_record> sqlite_issuers::find(const std::string& name) const {
    return session_.look([&] { return first(session_.rows(), issuer_in, issuer_columns + "WHERE name = ?", name); });
}

std::vector<model::issuer_record> sqlite_issuers::all() const {
    return session_.readable(issuer_in, issuer_columns + "ORDER BY name");
}

void sqlite_issuers::insert(const model::issuer_record& i) {
    session_.write([&] {
        run(session_.rows(),
            "INSERT INTO issuers (name, url, certificate, transport_key, cards) VALUES (?, ?, ?, ?, ?)", i.name, i.url,
            i.certificate_pem, i.transport_key, encode(i.cards));
    });
}

void sqlite_issuers::remove(const std::string& name) {
    session_.write([&] { run(session_.rows(), "DELETE FROM issuers WHERE name = ?", name); });
}

std::optional<app_record> sqlite_apps::find(const std::string& caller_id) const {
    return session_.look(
        [&] { return first(session_.rows(), app_in, app_columns + "WHERE caller_id = ?", caller_id); });
}

std::vector<app_record> sqlite_apps::all() const {
    return session_.look(
        [&] { return store::all(session_.rows(), app_in, app_columns + "ORDER BY provider, caller_id"); });
}

bool sqlite_apps::has_any_of(const std::string& provider) const {
    return session_.look(
        [&] { return finds(session_.rows(), "SELECT 1 FROM apps WHERE provider = ? LIMIT 1", provider); });
}

void sqlite_apps::put(const app_record& a) {
    session_.write([&] {
        run(session_.rows(),
            "INSERT OR REPLACE INTO apps (caller_id, provider, credential_hash, created) VALUES (?, ?, ?, ?)",
            a.caller_id, a.provider, a.credential_hash, a.created);
    });
}

} // namespace tsms::store
