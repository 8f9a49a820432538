// tsms provider token-key, demand-credentials: how the apps of a service provider prove who they are (AMB-146,
// AMB-236). The device role reads it, so that it is kept in its database, as the apps are (TR 4.2.2).

#include "app/tsms/provider_apps.hpp"

#include "app/cli/program.hpp"
#include "app/cli/table.hpp"
#include "app/tsms/references.hpp"
#include "base/utf8.hpp"
#include "crypto/error.hpp"
#include "crypto/verification_key.hpp"
#include "store/access.hpp"
#include "store/device_store.hpp"
#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

namespace tsms::app {

namespace {

constexpr std::size_t longest_name = 256; // of what a token says (http/wire/access_token)
constexpr std::size_t digits_of_key_id = 16;

struct options {
    std::filesystem::path data;
    std::string name;
    std::filesystem::path file;
    std::string key_id, issuer, audience = "tsm-api";
    bool remove = false;
    bool json = false;
};

std::string told(const std::string& option, const std::string& text) {
    if (text.empty() || text.size() > longest_name || text::quotable(text) != text)
        throw config_error(option + " has 1 to " + std::to_string(longest_name) +
                           " octets of readable text, as the tokens have it");
    return text;
}

crypto::verification_key key_in(const std::filesystem::path& file) {
    try {
        return crypto::verification_key::read(read_text(file));
    } catch (const crypto::error& e) {
        throw config_error("--file " + file.string() + ": " + e.what());
    }
}

void add_key(store::device_store& db, const options& o, const std::string& provider) {
    const auto key = key_in(o.file);
    store::token_key_record record;
    record.provider = provider;
    record.issuer = o.issuer.empty() ? provider : told("--issuer", o.issuer);
    record.key_id = o.key_id.empty() ? key.fingerprint().substr(0, digits_of_key_id) : told("--key-id", o.key_id);
    record.audience = told("--audience", o.audience);
    record.public_key = key.pem();
    switch (db.token_keys.add(record)) {
    case store::token_keys::addition::added:
        return;
    case store::token_keys::addition::issuer_of_another:
        throw config_error("another service provider has keys of the issuer ‘" + record.issuer +
                           "’: what it signs speaks for one provider; give this one's own (--issuer)");
    case store::token_keys::addition::key_id_taken:
        throw config_error("the issuer ‘" + record.issuer + "’ has a key ‘" + record.key_id +
                           "’ already; remove it first (--remove), or give another --key-id");
    case store::token_keys::addition::too_many:
        break;
    }
    throw config_error("the issuer ‘" + record.issuer + "’ has " + std::to_string(store::token_keys::most_of_issuer) +
                       " keys already; remove one that signs no more (--remove --key-id)");
}

void list_keys(const store::device_store& db, const options& o, const std::string& provider) {
    json::array list;
    cli::table shown({"KEY", "ALGORITHM", "ISSUER", "AUDIENCE", "CREATED"}, 40);
    for (const auto& k : db.token_keys.all()) {
        if (k.provider != provider)
            continue;
        const auto key = crypto::verification_key::read(k.public_key);
        shown.add({k.key_id, std::string(key.algorithm()), k.issuer, k.audience, k.created});
        list.push_back(json::object{{"keyId", k.key_id},
                                    {"algorithm", key.algorithm()},
                                    {"issuer", k.issuer},
                                    {"audience", k.audience},
                                    {"fingerprint", key.fingerprint()},
                                    {"created", k.created}});
    }
    if (o.json)
        std::cout << json::dump(json::object{{"tokenKeys", list}}) << '\n';
    else
        shown.print(std::cout, "No access token of ‘" + o.name + "’ is verified.");
}

void token_key(const options& o) {
    const auto c = read_config(o.data);
    const auto provider = known_provider(*store::open_access(c.access_db()), o.name).id;
    store::device_store db(c.instances_db());
    if (o.remove) {
        if (!o.file.empty())
            throw config_error("--remove takes a key away by its --key-id, or all; without --file");
        if (db.token_keys.remove(provider, o.key_id) == 0 && !o.key_id.empty())
            throw config_error("‘" + o.name + "’ has no key ‘" + o.key_id + "’ (tsms provider token-key)");
    } else if (!o.file.empty()) {
        add_key(db, o, provider);
    }
    list_keys(db, o, provider);
}

void demand(const options& o) {
    const auto c = read_config(o.data);
    const auto provider = known_provider(*store::open_access(c.access_db()), o.name).id;
    store::device_store db(c.instances_db());
    db.apps.demand_proof(provider, !o.remove);
    const bool demanded = db.apps.must_prove(provider);
    if (o.json)
        std::cout << json::dump(json::object{{"credentialsDemanded", demanded}}) << '\n';
    else if (demanded)
        std::cout << "The apps of " << o.name << " need a credential"
                  << (o.remove ? ", because one of them has been registered." : ".") << '\n';
    else
        std::cout << "The apps of " << o.name << " need no credential where device.accept_unknown_apps is true.\n";
}

void add_common(CLI::App& command, options& o) {
    command.add_option("--data", o.data, "data directory")->required();
    command.add_option("--name", o.name, "name or id of the service provider")->required();
    command.add_flag("--json", o.json, "one JSON document on stdout");
}

} // namespace

void demand_credentials(const config& c, const std::string& provider) {
    store::device_store(c.instances_db()).apps.demand_proof(provider, true);
}

void add_provider_apps_commands(CLI::App& provider) {
    const auto o = std::make_shared<options>();
    auto* key = provider.add_subcommand(
        "token-key",
        "Public keys that verify the provider's own access tokens (setAccessToken); without --file: lists");
    add_common(*key, *o);
    key->add_option("--file", o->file, "public key, PEM: P-256 (ES256), RSA from 2048 bits (RS256) or Ed25519 (EdDSA)");
    key->add_option("--key-id", o->key_id, "kid of the tokens; without it the beginning of the key's fingerprint");
    key->add_option("--issuer", o->issuer, "iss of the tokens; without it the provider's id");
    key->add_option("--audience", o->audience, "that aud of the tokens must name")->capture_default_str();
    key->add_flag("--remove", o->remove, "takes the key with this --key-id away, or all");
    cli::examples(
        *key,
        {"tsms provider token-key --data ./data --name demo --file token-key.pem",
         "tsms provider token-key --data ./data --name demo --remove"},
        "A token is a JWT (docs/tsm-api-wire.md). From the first key on the provider's apps need a credential "
        "or a token, also when the key has gone.");
    key->callback([o] { token_key(*o); });

    auto* demands = provider.add_subcommand(
        "demand-credentials", "The provider's apps must prove who they are before the first one is registered");
    add_common(*demands, *o);
    demands->add_flag("--remove", o->remove, "takes that back");
    cli::examples(*demands, {"tsms provider demand-credentials --data ./data --name demo"},
                  "Where device.accept_unknown_apps is false, every app must anyway.");
    demands->callback([o] { demand(*o); });
}

} // namespace tsms::app
