#include "app/tsms/commands.hpp"
#include "app/tsms/config.hpp"

#include "crypto/pki.hpp"
#include "store/access.hpp"
#include "store/catalog.hpp"
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
    int days = 365; ///< AMB-007
    bool json = false;
};

store::provider_record known_provider(const store::access& access, const options& o) {
    const auto provider = access.provider_by_name(o.name);
    if (!provider)
        throw std::runtime_error("there is no service provider named '" + o.name +
                                 "'; `tsms provider list` shows them");
    return *provider;
}

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
    const auto now = std::chrono::system_clock::now();
    return access.issue_long_term(provider.id, now, now + std::chrono::hours(24) * o.days);
}

void add(const options& o) {
    store::access access(read_config(o.data).access_db());
    const auto provider = access.add_provider(o.name, std::chrono::system_clock::now());
    print_new_token(o, provider, issue(access, o, provider));
}

void token(const options& o) {
    store::access access(read_config(o.data).access_db());
    const auto provider = known_provider(access, o);
    print_new_token(o, provider, issue(access, o, provider));
}

void list(const options& o) {
    const store::access access(read_config(o.data).access_db());
    json::array out;
    for (const auto& provider : access.providers()) {
        json::array tokens;
        if (!o.json)
            std::cout << provider.id << "  " << provider.name << '\n';
        for (const auto& t : access.long_term_tokens(provider.id)) {
            tokens.push_back(
                json::object{{"id", t.id}, {"created", t.created}, {"expires", t.expires}, {"revoked", t.revoked}});
            if (!o.json)
                std::cout << "    token " << t.id << "  expires " << t.expires << (t.revoked ? "  revoked" : "")
                          << '\n';
        }
        out.push_back(json::object{
            {"id", provider.id}, {"name", provider.name}, {"created", provider.created}, {"tokens", tokens}});
    }
    if (o.json)
        std::cout << json::dump(out) << '\n';
}

void revoke(const options& o) {
    store::access access(read_config(o.data).access_db());
    const int revoked = access.revoke(known_provider(access, o).id, o.token_id);
    if (revoked == 0 && !o.token_id.empty())
        throw std::runtime_error("'" + o.name + "' has no valid token " + o.token_id +
                                 "; `tsms provider list` shows them");
    if (o.json)
        std::cout << json::dump(json::object{{"revoked", revoked}}) << '\n';
    else
        std::cout << revoked << " token(s) of " << o.name << " revoked\n";
}

/// Second factor: from now on only with the certificate (AMB-008).
void certificate(const options& o) {
    store::access access(read_config(o.data).access_db());
    const auto provider = known_provider(access, o);
    std::string fingerprint;
    if (!o.certificate.empty()) {
        const auto chain = crypto::parse_certificates(read_text(o.certificate));
        if (chain.empty())
            throw std::runtime_error(o.certificate.string() + " holds no certificate; give a PEM file");
        fingerprint = chain.front().fingerprint;
    } else if (!o.remove) {
        throw std::runtime_error("--file is missing: the client certificate of the service provider, PEM");
    }
    if (o.remove)
        access.remove_client_certificates(provider.id, fingerprint);
    else
        access.add_client_certificate(provider.id, fingerprint);
    json::array now;
    for (const auto& f : access.client_certificates(provider.id)) {
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
    const store::access access(read_config(o.data).access_db());
    const auto refusals = access.refusals(known_provider(access, o).id);
    json::array out;
    if (!o.json)
        std::cout << "TIME\tKIND\tNAME\tERROR\tREASON\n";
    for (const auto& r : refusals) {
        if (o.json)
            out.push_back(json::object{
                {"time", r.at}, {"kind", r.kind}, {"name", r.name}, {"category", r.category}, {"reason", r.reason}});
        else
            std::cout << r.at << '\t' << r.kind << '\t' << r.name << '\t' << r.category << '\t' << r.reason << '\n';
    }
    if (o.json)
        std::cout << json::dump(out) << '\n';
}

void add_common(CLI::App& command, options& o, bool needs_name) {
    command.add_option("--data", o.data, "data directory")->required();
    command.add_flag("--json", o.json, "one JSON document on stdout");
    if (needs_name)
        command.add_option("--name", o.name, "name of the service provider")->required();
}

} // namespace

void add_provider_command(CLI::App& app) {
    const auto o = std::make_shared<options>();
    auto* provider = app.add_subcommand("provider", "Service providers and their long-term tokens");
    provider->require_subcommand(1);
    provider->footer("Example:\n  tsms provider add --data /var/lib/tsms --name \"Example Corp\" --json");

    auto* add_command = provider->add_subcommand("add", "Adds a service provider and prints its long-term token, once");
    add_common(*add_command, *o, true);
    add_command->add_option("--days", o->days, "validity of the token")->check(CLI::Range(1, 3650));
    add_command->callback([o] { add(*o); });

    auto* list_command = provider->add_subcommand("list", "Service providers and their tokens (without their values)");
    add_common(*list_command, *o, false);
    list_command->callback([o] { list(*o); });

    auto* token_command = provider->add_subcommand("token", "Prints another long-term token; the old ones stay valid");
    add_common(*token_command, *o, true);
    token_command->add_option("--days", o->days, "validity of the token")->check(CLI::Range(1, 3650));
    token_command->callback([o] { token(*o); });

    auto* certificate_command = provider->add_subcommand(
        "certificate", "Second factor: serves the provider only with a client certificate, see rest.client_ca");
    add_common(*certificate_command, *o, true);
    certificate_command->add_option("--file", o->certificate, "client certificate, PEM");
    certificate_command->add_flag("--remove", o->remove, "takes it away again, or all without --file");
    certificate_command->callback([o] { certificate(*o); });

    auto* uploads_command =
        provider->add_subcommand("uploads", "The last refused uploads of a provider: time, kind, name, error, reason");
    add_common(*uploads_command, *o, true);
    uploads_command->footer("Example:\n  tsms provider uploads --data /var/lib/tsms --name \"Example Corp\" --json");
    uploads_command->callback([o] { uploads(*o); });

    auto* revoke_command =
        provider->add_subcommand("revoke", "Revokes one long-term token or all, with every token made from them");
    add_common(*revoke_command, *o, true);
    revoke_command->add_option("--id", o->token_id, "id of one token (default: all)");
    revoke_command->callback([o] { revoke(*o); });
}

} // namespace tsms::app
