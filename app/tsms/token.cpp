// tsms token: the keys that sign Attestation Tokens (TR 3.4), and the check that a service provider makes of one.

#include "app/cli/program.hpp"
#include "app/tsms/attestation.hpp"
#include "app/tsms/commands.hpp"
#include "app/tsms/vault.hpp"
#include "base/ascii.hpp"
#include "crypto/object_identifier.hpp"
#include "gp/attestation_token.hpp"
#include "store/device_store.hpp"
#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <ranges>

namespace tsms::app {

namespace {

struct token_options {
    std::string data, file, certificates;
    std::string tsm, process, flavor; ///< what a token must say; empty: anything
    bool make = false, as_json = false;
};

// -- the keys

json::object shown_key(const store::attestation_key& key, bool signs) {
    return {{"keyId", to_hex(key.certificate.public_key_id)},
            {"curve", store::name_of(key.handle.curve)},
            {"created", key.created},
            {"notAfter", iso8601(key.certificate.not_after)},
            {"signs", signs},
            {"certificate", key.certificate.pem()}};
}

/// The newest one first: it signs.
void export_keys(const token_options& o) {
    const auto c = read_config(o.data);
    if (o.make) {
        store::device_store instances(c.instances_db());
        make_attestation_key(c, *open_vault(c, instances));
    }
    const auto keys = store::read_attestation_keys(c.attestation_keys());
    if (keys.empty())
        throw config_error("there is no key for attestation tokens yet; make one: tsms token key --new --data " +
                           o.data);
    json::array list;
    std::string bundle;
    for (const auto& key : keys | std::views::reverse) {
        list.push_back(shown_key(key, &key == &keys.back()));
        bundle += key.certificate.pem();
    }
    std::cout << (o.as_json ? json::dump(list) + "\n" : bundle) << std::flush;
}

// -- the check

/// Octets as they are, or in hexadecimal.
bytes octets_in(const std::string& file) {
    const auto text = read_text(file);
    const auto octets = from_hex(text::trimmed(text, " \t\r\n"));
    return octets ? *octets : to_bytes(as_bytes(text));
}

std::vector<crypto::certificate> certificates_in(const std::string& file) {
    try {
        return crypto::parse_only_certificates(as_bytes(read_text(file)));
    } catch (const crypto::error& e) {
        throw config_error("--cert ‘" + file + "’: " + e.what());
    }
}

/// What a token says, in words.
struct statement {
    std::string tsm, process, flavor;
    crypto::certificate signer;
    gp::attestation content;
};

void require_said(const std::string& what, const std::string& said, const std::string& wanted) {
    if (!wanted.empty() && said != wanted)
        throw gp::token_error("its " + what + " is " + said + ", and not " + wanted);
}

/// As the token says it: in lower case.
std::string wanted_uuid(const std::string& option, const std::string& text) {
    if (text.empty())
        return {};
    const auto octets = gp::octets_of_uuid(text);
    if (!octets)
        throw config_error(option + " is a UUID");
    return gp::uuid_text(*octets);
}

statement check(const token_options& o) {
    const auto certificates = certificates_in(o.certificates);
    const auto process = wanted_uuid("--process", o.process), flavor = wanted_uuid("--flavor", o.flavor);
    const auto octets = octets_in(o.file);
    try {
        const auto token = gp::parse_attestation_token(octets);
        statement s{crypto::text_of_object_identifier(token.content.tsm_identifier).value(),
                    gp::uuid_text(token.content.process_id), gp::uuid_text(token.content.flavor_id),
                    gp::signer_of(token, certificates), token.content};
        require_said("TSM identifier", s.tsm, o.tsm);
        require_said("Process ID", s.process, process);
        require_said("Flavor ID", s.flavor, flavor);
        return s;
    } catch (const gp::token_error& e) {
        throw config_error(o.file + " is no valid attestation token: " + e.what());
    }
}

json::object as_json(const statement& s) {
    json::object shown{{"valid", true},
                       {"tsmIdentifier", s.tsm},
                       {"processId", s.process},
                       {"flavorId", s.flavor},
                       {"signerReference", to_hex(s.content.signer_reference)}};
    if (s.content.master_key_index)
        shown.set("masterKeyIndex", to_hex(*s.content.master_key_index));
    if (s.content.key_diversification_data)
        shown.set("keyDiversificationData", to_hex(*s.content.key_diversification_data));
    shown.set("certificate", json::object{{"subject", s.signer.subject},
                                          {"fingerprint", s.signer.fingerprint},
                                          {"notAfter", iso8601(s.signer.not_after)}});
    return shown;
}

std::string as_text(const statement& s) {
    std::string text = "The attestation token is valid.\n"
                       "  TSM identifier    " +
                       s.tsm + "\n  Process ID        " + s.process + "\n  Flavor ID         " + s.flavor +
                       "\n  signer reference  " + to_hex(s.content.signer_reference);
    if (s.content.master_key_index)
        text += "\n  master key index  " + to_hex(*s.content.master_key_index);
    if (s.content.key_diversification_data)
        text += "\n  key div. data     " + to_hex(*s.content.key_diversification_data);
    return text + "\n  certificate       " + s.signer.subject + ", " + s.signer.key_algorithm + ", until " +
           iso8601(s.signer.not_after) + "\n";
}

void verify(const token_options& o) {
    const auto statement = check(o);
    std::cout << (o.as_json ? json::dump(as_json(statement)) + "\n" : as_text(statement)) << std::flush;
}

} // namespace

void add_token_command(CLI::App& app) {
    auto* token = app.add_subcommand("token", "Attestation Tokens (TR 3.4): key, verify");
    token->require_subcommand(1);
    auto o = std::make_shared<token_options>();
    auto* key = token->add_subcommand("key", "Prints the certificates that attestation tokens are checked with");
    cli::examples(*key, {"tsms token key --data ./data >token-keys.pem", "tsms token key --data ./data --new"},
                  "PEM; the first one is that of the key that signs, the others are of former keys: tokens that\n"
                  "these have signed are on cards for years. Service providers get them on a way that they trust.");
    key->add_option("--data", o->data, "data directory")->required();
    key->add_flag("--new", o->make, "a new key signs from now on, also in a server that runs (token.curve)");
    key->add_flag("--json", o->as_json, "output for programs");
    key->callback([o] { export_keys(*o); });
    auto* verify_ = token->add_subcommand("verify", "Checks an attestation token, offline, as a service provider does");
    cli::examples(*verify_,
                  {"tsms token verify token.hex --cert token-keys.pem",
                   "tsms token verify token.hex --cert token-keys.pem --process $PROCESS --json"},
                  "Whether this token belongs to this secure component its signature does not say: compare the\n"
                  "Process ID with that of the deployment (TR 3.4).");
    verify_->add_option("FILE", o->file, "the token: octets, or their hexadecimal text")->required();
    verify_->add_option("--cert", o->certificates, "PEM file with the TSM's certificates (tsms token key)")->required();
    verify_->add_option("--process", o->process, "Process ID that it must have");
    verify_->add_option("--flavor", o->flavor, "Flavor ID that it must have");
    verify_->add_option("--tsm", o->tsm, "TSM identifier that it must have");
    verify_->add_flag("--json", o->as_json, "output for programs");
    verify_->callback([o] { verify(*o); });
}

} // namespace tsms::app
