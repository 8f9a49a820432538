// tsms init: a data directory with configuration, keys, development PKI and databases.

#include "app/tsms/attestation.hpp"
#include "app/tsms/commands.hpp"
#include "app/tsms/config.hpp"
#include "app/tsms/vault.hpp"
#include "crypto/object_identifier.hpp"
#include "crypto/pki.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <fstream>
#include <iostream>
#include <vector>

namespace tsms::app {

namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& file, std::string_view text) {
    std::ofstream out(file, std::ios::binary);
    out << text;
    if (!out.flush())
        throw config_error("cannot write " + file.string());
}

void write_credential(const config& c, const std::string& certificate, const std::string& key,
                      const crypto::credential& made) {
    write_file(c.file(certificate), made.certificate_pem);
    made.key.write(c.file(key));
}

/// For development: production puts certificates of its own CA into the same places.
void make_pki(const config& c) {
    const auto ca = crypto::make_ca("tsms development CA");
    write_credential(c, "ca.pem", "ca-key.pem", ca);
    const std::array<std::string, 3> names{"localhost", "127.0.0.1", "::1"};
    write_credential(c, c.rest_certificate, c.rest_key, crypto::make_server_certificate(ca, "tsms REST API", names));
    write_credential(c, c.device_certificate, c.device_key,
                     crypto::make_server_certificate(ca, "tsms device port", names));
    write_credential(c, c.client_certificate, c.client_key, crypto::make_client_certificate(ca, "tsms"));
}

/// Keys are never overwritten: without tsms.toml, they may be those of a directory that was in use.
void refuse_leftovers(const config& c) {
    std::vector<std::string> names{
        "ca.pem",     "ca-key.pem",         c.rest_certificate, c.rest_key, c.device_certificate,
        c.device_key, c.client_certificate, c.client_key,       c.vault_key};
    for (const auto& file : c.databases())
        names.push_back(file.path.filename().string());
    names.push_back(c.attestation_keys().filename().string());
    std::string found;
    for (const auto& name : names)
        if (fs::exists(fs::symlink_status(c.file(name))))
            found += (found.empty() ? "" : ", ") + name;
    if (!found.empty())
        throw config_error(
            c.data.string() + " has no tsms.toml, but " + found +
            ". If a tsms init was broken off here, remove these files (or the directory) and repeat it. If "
            "the directory was ever served, restore its tsms.toml instead: keys are never overwritten, "
            "and lost keys are lost cards");
}

void make_directory(const fs::path& data) {
    std::error_code problem;
    if (fs::exists(data, problem) && !fs::is_directory(data, problem))
        throw config_error(data.string() + " is no directory; give --data one, or a name that is free");
    if (fs::exists(data / "tsms.toml", problem))
        throw config_error(data.string() +
                           " is a data directory already; choose another one, keys are never overwritten");
    fs::create_directories(data, problem);
    if (!problem)
        fs::permissions(data, fs::perms::owner_all, problem);
    if (problem)
        throw config_error("cannot make the directory " + data.string() + " for this user alone: " + problem.message() +
                           "; give --data a place where this user may write");
}

constexpr const char* development_notice =
    "Made with --development: device.accept_unknown_apps is true, so any app of a service provider that has never had "
    "one registered may call without a credential. For production set it to false and give each app one (tsms app "
    "add).";

void init(const fs::path& data, bool development) {
    config c;
    c.data = data;
    c.accept_unknown_apps = development;
    make_directory(data);
    refuse_leftovers(c);
    make_pki(c);
    crypto::create_master_key(c.file(c.vault_key));
    const auto installation = crypto::system_random().uuid();
    for (const auto& file : c.databases())
        store::create_database(file, installation);
    store::device_store instances(c.instances_db());
    const auto vault = open_vault(c, instances); // seals it for the database
    c.tsm_identifier = crypto::object_identifier_of_uuid(crypto::system_random().take(16));
    make_attestation_key(c, *vault);
    const auto written = data / "tsms.toml.new";
    write_file(written, commented_config(c, development ? development_notice : ""));
    fs::rename(written, data / "tsms.toml"); // last and at once: a directory with it is complete
    std::cout << "Data directory " << data.string() << " is ready: configuration, keys, development PKI, databases.\n"
              << "  CA certificate  " << (data / "ca.pem").string() << "\n"
              << "  apps            "
              << (development
                      ? "any app of a service provider that has never had one registered (tsms app add) may call\n"
                        "                  without a credential: for development only"
                      : "each needs a credential (tsms app add)")
              << "\n  next            tsms serve --data " << data.string() << std::endl;
}

} // namespace

void add_init_command(CLI::App& app) {
    auto* command =
        app.add_subcommand("init", "Makes a data directory: configuration, keys, development PKI, databases");
    command->footer("Example:\n  tsms init --data ./data\n  tsms init --data ./data --development");
    struct init_options {
        std::string data;
        bool development = false;
    };
    auto o = std::make_shared<init_options>();
    command->add_option("--data", o->data, "the directory to make")->required();
    command->add_flag("--development", o->development,
                      "apps of a service provider that has never had one registered may call without a credential "
                      "(device.accept_unknown_apps); never in production");
    command->callback([o] { init(o->data, o->development); });
}

} // namespace tsms::app
