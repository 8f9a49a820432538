// tsms issuer: the secure component issuers (SCI) this TSM works with.

#include "actors/ports.hpp"
#include "app/cli/program.hpp"
#include "app/cli/secret_file.hpp"
#include "app/cli/table.hpp"
#include "app/tsms/commands.hpp"
#include "app/tsms/issuer_access.hpp"
#include "app/tsms/references.hpp"
#include "app/tsms/vault.hpp"
#include "crypto/error.hpp"
#include "crypto/pki.hpp"
#include "http/net/message.hpp"
#include "store/profile_internals.hpp"
#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace tsms::app {

namespace {

struct issuer_options {
    std::string data, name, url, ca, key_file, cards;
    bool as_json = false;
};

/// Trust anchors as they are stored: certificates and nothing else of the file.
std::string anchors_in(const std::string& file) {
    try {
        return crypto::pem_of(crypto::parse_only_certificates(as_bytes(read_text(file))));
    } catch (const crypto::error& e) {
        throw config_error(file + ": " + e.what() + "; --ca is the trust anchor of the issuer's server, in PEM");
    }
}

bool owns_every_card(const model::identification& cards) {
    return cards.cplc.empty() && cards.atr.empty() && cards.isd.empty() && cards.card_data.empty();
}

model::identification read_cards(const std::string& file) {
    model::identification cards;
    try {
        cards = store::read_identification(json::root_object(json::parse(read_text(file))));
    } catch (const json::parse_error& e) {
        throw config_error("--cards ‘" + file + "’: " + e.what() + R"(; an example: {"cplc": ["4790"]})");
    }
    if (owns_every_card(cards)) // an issuer is asked for whatever it is said to own
        throw config_error("--cards ‘" + file + "’ names no card; leave --cards away for an issuer of every card");
    return cards;
}

void add_issuer(const issuer_options& o) {
    const auto c = read_config(o.data);
    check_new_name("issuer", o.name);
    model::issuer_record issuer;
    issuer.name = o.name;
    issuer.url = o.url;
    issuer.certificate_pem = anchors_in(o.ca);
    connect(c, issuer); // reads the address and the certificates; nothing is sent
    store::device_store db(c.instances_db());
    issuer.transport_key =
        open_vault(c, db)->import_transport_key(cli::read_aes_key("--transport-key-file", o.key_file)).wrapped;
    if (!o.cards.empty())
        issuer.cards = read_cards(o.cards);
    if (!db.issuers.add(issuer))
        throw config_error("there is an issuer ‘" + o.name + "’ already; remove it first (tsms issuer remove)");
    if (o.as_json)
        std::cout << json::dump(json::object{{"name", o.name}, {"url", o.url}}) << std::endl;
    else
        std::cout << "Issuer ‘" << o.name << "’ added. Try it: tsms issuer ping --data " << o.data << " --name "
                  << o.name << std::endl;
}

void list_issuers(const issuer_options& o) {
    const auto c = read_config(o.data);
    json::array list;
    cli::table shown({"NAME", "URL", "CARDS"});
    for (const auto& issuer : store::device_store(c.instances_db()).issuers.all()) {
        list.push_back(json::object{{"name", issuer.name}, {"url", issuer.url}});
        shown.add({issuer.name, issuer.url, owns_every_card(issuer.cards) ? "every" : "some"});
    }
    if (o.as_json)
        std::cout << json::dump(list) << std::endl;
    else
        shown.print(std::cout, "There is no issuer yet (tsms issuer add).");
}

void remove_issuer(const issuer_options& o) {
    const auto c = read_config(o.data);
    const auto removal = store::device_store(c.instances_db()).issuers.remove(o.name);
    if (!removal.known)
        throw config_error("there is no issuer ‘" + o.name + "’ (tsms issuer list)");
    if (removal.cards > 0)
        throw config_error(
            std::to_string(removal.cards) + " secure components need issuer ‘" + o.name +
            "’: it has created or may have created a security domain of ours on them, a process runs, or they were "
            "assigned to it. "
            "Have their services terminated, or give them to the issuer that owns them now: tsms card assign --data " +
            o.data + " --of " + o.name + " --issuer OTHER --force");
    if (o.as_json)
        std::cout << json::dump(json::object{{"removed", o.name}}) << std::endl;
    else
        std::cout << "Issuer ‘" << o.name << "’ removed." << std::endl;
}

void ping_issuer(const issuer_options& o) {
    const auto c = read_config(o.data);
    const auto issuer = store::device_store(c.instances_db()).issuers.find(o.name);
    if (!issuer)
        throw config_error("there is no issuer ‘" + o.name + "’ (tsms issuer list)");
    connect(c, *issuer)->ping();
    std::cout << (o.as_json ? R"({"reachable":true})" : "Issuer ‘" + o.name + "’ answers.") << std::endl;
}

} // namespace

void add_issuer_command(CLI::App& app) {
    auto* issuer = app.add_subcommand("issuer", "Secure component issuers (SCI): add, list, remove, ping");
    issuer->require_subcommand(1);
    auto o = std::make_shared<issuer_options>();
    const auto common = [o](CLI::App* command) {
        command->add_option("--data", o->data, "data directory")->required();
        command->add_flag("--json", o->as_json, "output for programs");
        return command;
    };
    const auto named = [o, common](CLI::App* command) {
        common(command)->add_option("--name", o->name, "name of the issuer")->required();
        return command;
    };
    auto* add = named(issuer->add_subcommand("add", "Adds an issuer"));
    cli::examples(*add,
                  {"tsms issuer add --data ./data --name lab --url https://127.0.0.1:9543 --ca lab-tls/ca.pem "
                   "--transport-key-file lab-tls/transport-key"},
                  "The transport key is read from a file or from standard input (-), where nobody else sees it.");
    add->add_option("--url", o->url, "its address")->required();
    add->add_option("--ca", o->ca, "PEM file that its server certificate is verified with")->required();
    add->add_option("--transport-key-file", o->key_file,
                    "file with the AES key under which it hands over keys (hex); -: standard input")
        ->required();
    add->add_option("--cards", o->cards, "JSON file with the \"identification\" of its cards; default: every card");
    add->callback([o] { add_issuer(*o); });
    auto* list = common(issuer->add_subcommand("list", "Lists issuers"));
    cli::examples(*list, {"tsms issuer list --data ./data"});
    list->callback([o] { list_issuers(*o); });
    auto* ping = named(issuer->add_subcommand("ping", "Asks whether an issuer answers"));
    cli::examples(*ping, {"tsms issuer ping --data ./data --name lab"});
    ping->callback([o] { ping_issuer(*o); });
    auto* remove = named(issuer->add_subcommand("remove", "Removes an issuer"));
    cli::examples(*remove, {"tsms issuer remove --data ./data --name old"});
    remove->callback([o] { remove_issuer(*o); });
}

} // namespace tsms::app
