#include "store/sqlite/registrations.hpp"

#include "store/app_lookup.hpp"
#include "store/sqlite/reader_pool.hpp"

namespace tsms::store {

namespace {

const std::string issuer_columns = "SELECT name, url, certificate, transport_key, cards FROM issuers ";
const std::string app_columns = "SELECT caller_id, provider, credential_hash, created FROM apps ";
const std::string key_columns = "SELECT issuer, key_id, provider, audience, public_key, created FROM token_keys ";

model::issuer_record issuer_in(SQLite::Statement& row) {
    const auto name = text_of(row, 0);
    const auto cards = of_row("issuers", name, [&] { return decode_identification(text_of(row, 4)); });
    return {name, text_of(row, 1), text_of(row, 2), octets_of(row, 3), cards};
}

app_record app_in(SQLite::Statement& row) {
    return {text_of(row, 0), text_of(row, 1), octets_of(row, 2), text_of(row, 3)};
}

std::optional<app_record> app_of(connection& rows, const std::string& caller_id) {
    return first(rows, app_in, app_columns + "WHERE caller_id = ?", caller_id);
}

token_key_record key_in(SQLite::Statement& row) {
    return {text_of(row, 0), text_of(row, 1), text_of(row, 2), text_of(row, 3), text_of(row, 4), text_of(row, 5)};
}

std::vector<token_key_record> keys_of(connection& rows, const std::string& issuer) {
    return all(rows, key_in, key_columns + "WHERE issuer = ? ORDER BY key_id", issuer);
}

class sqlite_app_lookup final : public app_lookup {
public:
    explicit sqlite_app_lookup(const std::filesystem::path& file)
        : readers_(file, instances_kind(), keep_snapshots::no) {}

    std::optional<app_record> find(const std::string& caller_id) const override {
        std::optional<app_record> found;
        readers_.read([&](connection& rows) { found = app_of(rows, caller_id); });
        return found;
    }

    std::vector<token_key_record> token_keys(const std::string& issuer) const override {
        std::vector<token_key_record> found;
        readers_.read([&](connection& rows) { found = keys_of(rows, issuer); });
        return found;
    }

private:
    mutable reader_pool readers_;
};

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
    return session_.look([&] { return app_of(session_.rows(), caller_id); });
}

std::unique_ptr<app_lookup> open_app_lookup(const std::filesystem::path& file) {
    return std::make_unique<sqlite_app_lookup>(file);
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

std::vector<token_key_record> sqlite_token_keys::all() const {
    return session_.look(
        [&] { return store::all(session_.rows(), key_in, key_columns + "ORDER BY provider, issuer, key_id"); });
}

std::vector<token_key_record> sqlite_token_keys::of_issuer(const std::string& issuer) const {
    return session_.look([&] { return keys_of(session_.rows(), issuer); });
}

void sqlite_token_keys::insert(const token_key_record& k) {
    session_.write([&] {
        run(session_.rows(),
            "INSERT INTO token_keys (issuer, key_id, provider, audience, public_key, created) VALUES (?, ?, ?, ?, ?, "
            "?)",
            k.issuer, k.key_id, k.provider, k.audience, k.public_key, k.created);
    });
}

void sqlite_token_keys::remove(const std::string& issuer, const std::string& key_id) {
    session_.write(
        [&] { run(session_.rows(), "DELETE FROM token_keys WHERE issuer = ? AND key_id = ?", issuer, key_id); });
}

bool sqlite_token_keys::demands_proof(const std::string& provider) const {
    return session_.look(
        [&] { return finds(session_.rows(), "SELECT 1 FROM demanding_providers WHERE provider = ?", provider); });
}

void sqlite_token_keys::set_demands_proof(const std::string& provider, bool demands) {
    session_.write([&] {
        run(session_.rows(),
            demands ? "INSERT OR IGNORE INTO demanding_providers (provider) VALUES (?)"
                    : "DELETE FROM demanding_providers WHERE provider = ?",
            provider);
    });
}

} // namespace tsms::store
