#include "app/cli/program.hpp"
#include "app/cli/table.hpp"
#include "app/tsms/commands.hpp"
#include "app/tsms/provider_apps.hpp"
#include "app/tsms/references.hpp"

#include "base/time.hpp"
#include "base/utf8.hpp"
#include "crypto/pki.hpp"
#include "store/access.hpp"
#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

namespace tsms::app {

namespace {

struct options {
    std::filesystem::path data;
    std::string name;
    std::string token_id;
    std::filesystem::path certificate;
    bool remove = false;
    bool demand_credentials = false;
    int days = 365; ///< AMB-007
    bool json = false;
};

void print_new_token(const options& o, const store::provider_record& provider, const std::string& token) {
    if (o.json) {
        std::cout << json::dump(json::object{{"id", provider.id}, {"name", provider.name}, {"longTermToken", token}})
                  << '\n';
        return;
    }
    std::cout << "id              " << provider.id << "\nname            " << provider.name << "\nlong-term token "
              << token << "\n\nThe token is shown only now. It is valid for " << o.days << " days.\n";
}

std::string issue(store::access& access, const options& o, const store::provider_record& provider) {
    const auto now = system_time().wall();
    return access.issue_long_term(provider.id, now, now + std::chrono::hours(24) * o.days);
}

void add(const options& o) {
    check_new_name("service provider", o.name);
    const auto c = read_config(o.data);
    const auto access = store::open_access(c.access_db());
    const auto provider = access->add_provider(o.name, system_time().wall());
    if (o.demand_credentials)
        demand_credentials(c, provider.id);
    print_new_token(o, provider, issue(*access, o, provider));
}

void token(const options& o) {
    const auto access = store::open_access(read_config(o.data).access_db());
    const auto provider = known_provider(*access, o.name);
    print_new_token(o, provider, issue(*access, o, provider));
}

void list(const options& o) {
    const auto access = store::open_access(read_config(o.data).access_db());
    json::array out;
    cli::table shown({"PROVIDER", "NAME", "TOKEN", "EXPIRES", "STATE"}, 40);
    const auto now = iso8601(system_time().wall());
    for (const auto& provider : access->providers()) {
        json::array tokens;
        const auto listed = access->long_term_tokens(provider.id);
        for (const auto& t : listed) {
            tokens.push_back(
                json::object{{"id", t.id}, {"created", t.created}, {"expires", t.expires}, {"revoked", t.revoked}});
            shown.add({provider.id, provider.name, t.id, t.expires,
                       t.revoked          ? "revoked"
                       : t.expires <= now ? "expired"
                                          : "valid"});
        }
        if (listed.empty())
            shown.add({provider.id, provider.name, "none"});
        out.push_back(json::object{
            {"id", provider.id}, {"name", provider.name}, {"created", provider.created}, {"tokens", tokens}});
    }
    if (o.json)
        std::cout << json::dump(out) << '\n';
    else
        shown.print(std::cout, "There is no service provider yet (tsms provider add).");
}

void revoke(const options& o) {
    const auto access = store::open_access(read_config(o.data).access_db());
    const int revoked = access->revoke(known_provider(*access, o.name).id, o.token_id);
    if (revoked == 0 && !o.token_id.empty())
        throw config_error("‘" + o.name + "’ has no valid token ‘" + o.token_id + "’ (tsms provider list)");
    if (o.json)
        std::cout << json::dump(json::object{{"revoked", revoked}}) << '\n';
    else
        std::cout << revoked << " token(s) of " << o.name << " revoked\n";
}

/// The fingerprint of the first certificate of the file. One that the REST role would not take locks the provider out:
/// such a one is refused here (`rest.client_ca`), and taken only to be removed.
std::string fingerprint_of(const config& c, const options& o) {
    const auto chain = crypto::parse_certificates(read_text(o.certificate));
    if (chain.empty())
        throw config_error(o.certificate.string() + " holds no certificate; give a PEM file");
    if (o.remove)
        return chain.front().fingerprint;
    if (chain.front().is_ca) // its key signs certificates, and no client has it
        throw config_error(
            o.certificate.string() + ": the first certificate, " + text::quotable(chain.front().subject) +
            ", belongs to a CA. The client's own certificate (basicConstraints CA:FALSE) must be the first in "
            "the file, and what vouches for it may follow");
    if (c.rest_client_ca.empty())
        throw config_error("rest.client_ca in " + c.file("tsms.toml").string() +
                           " names no CA of client certificates, so the server asks nobody for one, and ‘" + o.name +
                           "’ would be locked out. Set it, restart the server, and repeat this command");
    const auto anchors = crypto::parse_certificates(read_text(c.file(c.rest_client_ca)));
    if (const auto why = crypto::why_no_client(anchors, chain))
        throw config_error("the CA of rest.client_ca (" + c.file(c.rest_client_ca).string() +
                           ") does not vouch for this certificate as a TLS client's: " + *why + ". ‘" + o.name +
                           "’ would be locked out; give a certificate of that CA, or set rest.client_ca to its own");
    return chain.front().fingerprint;
}

/// Second factor: from now on only with the certificate (AMB-008).
void certificate(const options& o) {
    const auto c = read_config(o.data);
    const auto access = store::open_access(c.access_db());
    const auto provider = known_provider(*access, o.name);
    std::string fingerprint;
    if (!o.certificate.empty())
        fingerprint = fingerprint_of(c, o);
    else if (!o.remove)
        throw config_error("--file is missing: the client certificate of the service provider, PEM");
    if (o.remove && access->remove_client_certificates(provider.id, fingerprint) == 0 && !fingerprint.empty())
        throw config_error("‘" + provider.name + "’ has no client certificate with the fingerprint " + fingerprint +
                           "; without --file every one is taken away");
    if (!o.remove)
        access->add_client_certificate(provider.id, fingerprint);
    json::array now;
    for (const auto& f : access->client_certificates(provider.id)) {
        now.push_back(f);
        if (!o.json)
            std::cout << f << '\n';
    }
    if (o.json)
        std::cout << json::dump(json::object{{"clientCertificates", now}}) << '\n';
    else if (now.empty())
        std::cout << o.name << " needs no client certificate\n";
}

/// What the provider sent and was refused for (DIV-067), newest first.
void uploads(const options& o) {
    const auto access = store::open_access(read_config(o.data).access_db());
    const auto refusals = access->refusals(known_provider(*access, o.name).id);
    json::array out;
    cli::table shown({"TIME", "KIND", "NAME", "ERROR", "REASON"}, 40);
    for (const auto& r : refusals) {
        out.push_back(json::object{
            {"time", r.at}, {"kind", r.kind}, {"name", r.name}, {"category", r.category}, {"reason", r.reason}});
        shown.add({r.at, r.kind, r.name, std::to_string(r.category), r.reason});
    }
    if (o.json)
        std::cout << json::dump(out) << '\n';
    else
        shown.print(std::cout, "No upload of ‘" + o.name + "’ has been refused.");
}

void add_common(CLI::App& command, options& o, bool needs_name) {
    command.add_option("--data", o.data, "data directory")->required();
    command.add_flag("--json", o.json, "one JSON document on stdout");
    if (needs_name)
        command.add_option("--name", o.name, "name of the service provider; of one that is there, its id too")
            ->required();
}

} // namespace

void add_provider_command(CLI::App& app) {
    const auto o = std::make_shared<options>();
    auto* provider = app.add_subcommand("provider", "Service providers and their long-term tokens");
    provider->require_subcommand(1);

    auto* add_command = provider->add_subcommand("add", "Adds a service provider and prints its long-term token, once");
    add_common(*add_command, *o, true);
    add_command->add_option("--days", o->days, "validity of the token")->check(CLI::Range(1, 3650));
    add_command->add_flag("--demand-credentials", o->demand_credentials,
                          "its apps must prove who they are before the first one is registered");
    cli::examples(*add_command, {"tsms provider add --data ./data --name demo",
                                 "(umask 077; tsms provider add --data ./data --name 'Example Corp' --json | jq -r "
                                 ".longTermToken >example.token)"});
    add_command->callback([o] { add(*o); });

    add_provider_apps_commands(*provider);

    auto* list_command = provider->add_subcommand("list", "Service providers and their tokens (without their values)");
    add_common(*list_command, *o, false);
    cli::examples(*list_command, {"tsms provider list --data ./data"});
    list_command->callback([o] { list(*o); });

    auto* token_command = provider->add_subcommand("token", "Prints another long-term token; the old ones stay valid");
    add_common(*token_command, *o, true);
    token_command->add_option("--days", o->days, "validity of the token")->check(CLI::Range(1, 3650));
    cli::examples(*token_command, {"tsms provider token --data ./data --name demo --days 30"});
    token_command->callback([o] { token(*o); });

    auto* certificate_command = provider->add_subcommand(
        "certificate", "Second factor: serves the provider only with a client certificate, see rest.client_ca");
    add_common(*certificate_command, *o, true);
    certificate_command->add_option("--file", o->certificate, "client certificate, PEM");
    certificate_command->add_flag("--remove", o->remove, "takes it away again, or all without --file");
    cli::examples(*certificate_command,
                  {"tsms provider certificate --data ./data --name demo --file client.pem",
                   "tsms provider certificate --data ./data --name demo --remove"},
                  "Needs rest.client_ca in tsms.toml: the CA that made the certificate.");
    certificate_command->callback([o] { certificate(*o); });

    auto* uploads_command =
        provider->add_subcommand("uploads", "The last refused uploads of a provider: time, kind, name, error, reason");
    add_common(*uploads_command, *o, true);
    cli::examples(*uploads_command, {"tsms provider uploads --data ./data --name demo"});
    uploads_command->callback([o] { uploads(*o); });

    auto* revoke_command =
        provider->add_subcommand("revoke", "Revokes one long-term token or all, with every token made from them");
    add_common(*revoke_command, *o, true);
    revoke_command->add_option("--id", o->token_id, "id of one token (default: all)");
    cli::examples(*revoke_command, {"tsms provider revoke --data ./data --name demo --id 5f2d…",
                                    "tsms provider revoke --data ./data --name demo"});
    revoke_command->callback([o] { revoke(*o); });
}

} // namespace tsms::app
