// tsms app: the SP apps that may call the TSM-API (AMB-236).

#include "app/cli/program.hpp"
#include "app/cli/table.hpp"
#include "app/tsms/commands.hpp"
#include "app/tsms/references.hpp"
#include "crypto/digest.hpp"
#include "crypto/random.hpp"
#include "store/access.hpp"
#include "store/device_store.hpp"
#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace tsms::app {

namespace {

constexpr std::size_t credential_octets = 32;

struct app_options {
    std::string data, caller, provider;
    bool as_json = false;
};

std::string caller_id(const std::string& text) {
    const auto octets = from_hex(text);
    if (!octets || (octets->size() != 20 && octets->size() != 32))
        throw config_error("--caller is the SHA-256 (or SHA-1) of the app's signing certificate in hexadecimal");
    return to_hex(*octets);
}

void add_app(const app_options& o) {
    const auto c = read_config(o.data);
    const auto credential = to_hex(crypto::system_random().take(credential_octets));
    store::app_record record;
    record.caller_id = caller_id(o.caller);
    record.provider = known_provider(*store::open_access(c.access_db()), o.provider).id;
    record.credential_hash = crypto::sha256(as_bytes(credential));
    if (!store::device_store(c.instances_db()).apps.add(record))
        throw config_error("the app " + record.caller_id +
                           " has a credential already; revoke it first (tsms app revoke)");
    if (o.as_json)
        std::cout << json::dump(json::object{{"callerId", record.caller_id}, {"credential", credential}}) << std::endl;
    else
        std::cout << "Credential of the app, shown once: " << credential << std::endl;
}

void list_apps(const app_options& o) {
    const auto c = read_config(o.data);
    const auto access = store::open_access(c.access_db());
    json::array list;
    cli::table shown({"CALLER", "PROVIDER", "CREATED", "STATE"});
    for (const auto& app : store::device_store(c.instances_db()).apps.all()) {
        const bool revoked = app.credential_hash.empty();
        const auto provider = access->provider(app.provider);
        shown.add(
            {app.caller_id, provider ? provider->name : app.provider, app.created, revoked ? "revoked" : "valid"});
        list.push_back(json::object{
            {"callerId", app.caller_id}, {"provider", app.provider}, {"created", app.created}, {"revoked", revoked}});
    }
    if (o.as_json)
        std::cout << json::dump(list) << std::endl;
    else
        shown.print(std::cout, "No app has a credential yet (tsms app add).");
}

void revoke_app(const app_options& o) {
    const auto c = read_config(o.data);
    const auto caller = caller_id(o.caller);
    if (!store::device_store(c.instances_db()).apps.revoke(caller))
        throw config_error("there is no such app (tsms app list)");
    if (o.as_json)
        std::cout << json::dump(json::object{{"revoked", caller}}) << std::endl;
    else
        std::cout << "The credential of the app " << caller << " is revoked." << std::endl;
}

} // namespace

void add_app_command(CLI::App& tsms) {
    auto* app = tsms.add_subcommand("app", "SP apps and their credentials: add, list, revoke");
    app->require_subcommand(1);
    auto o = std::make_shared<app_options>();
    const auto common = [o](CLI::App* command) {
        command->add_option("--data", o->data, "data directory")->required();
        command->add_flag("--json", o->as_json, "output for programs");
        return command;
    };
    auto* add = common(app->add_subcommand("add", "Binds a callerId to a service provider and prints its credential"));
    cli::examples(*add, {"tsms app add --data ./data --provider demo --caller $(sha256sum cert.der | cut -c1-64)"},
                  "The credential is shown once; the app gives it to the SDK (tsms-handset --credential-file).");
    add->add_option("--caller", o->caller, "hash of the app's signing certificate, hex")->required();
    add->add_option("--provider", o->provider, "name or id of the service provider")->required();
    add->callback([o] { add_app(*o); });
    auto* list = common(app->add_subcommand("list", "Lists apps"));
    cli::examples(*list, {"tsms app list --data ./data"});
    list->callback([o] { list_apps(*o); });
    auto* revoke = common(app->add_subcommand("revoke", "Takes an app's credential back"));
    cli::examples(*revoke, {"tsms app revoke --data ./data --caller $(sha256sum cert.der | cut -c1-64)"});
    revoke->add_option("--caller", o->caller, "hash of the app's signing certificate, hex")->required();
    revoke->callback([o] { revoke_app(*o); });
}

} // namespace tsms::app
