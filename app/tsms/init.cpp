// tsms init: a data directory with configuration, keys, development PKI and databases.

#include "app/tsms/commands.hpp"
#include "app/tsms/config.hpp"
#include "app/tsms/vault.hpp"
#include "crypto/pki.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <fstream>
#include <iostream>

namespace tsms::app {

namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& file, std::string_view text, bool secret) {
    std::ofstream out(file, std::ios::binary);
    if (secret) // before the content: nobody else shall ever read it
        fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    out << text;
    if (!out.flush())
        throw config_error("cannot write " + file.string());
}

void write_credential(const config& c, const std::string& certificate, const std::string& key,
                      const crypto::credential& made) {
    const auto octets = made.key_pem.view();
    write_file(c.file(certificate), made.certificate_pem, false);
    write_file(c.file(key), {reinterpret_cast<const char*>(octets.data()), octets.size()}, true);
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

void init(const fs::path& data) {
    config c;
    c.data = data;
    if (fs::exists(data / "tsms.toml"))
        throw config_error(data.string() +
                           " is a data directory already; choose another one, keys are never overwritten");
    fs::create_directories(data);
    fs::permissions(data, fs::perms::owner_all);
    make_pki(c);
    crypto::create_master_key(c.file(c.vault_key));
    const auto installation = crypto::system_random().uuid();
    for (const auto& file : c.databases())
        store::create_database(file, installation);
    store::instance_db instances(c.instances_db());
    open_vault(c, instances);                                   // seals it for the database
    write_file(data / "tsms.toml", commented_config(c), false); // last: a directory with it is complete
    std::cout << "Data directory " << data.string() << " is ready: configuration, keys, development PKI, databases.\n"
              << "  CA certificate  " << (data / "ca.pem").string() << "\n"
              << "  next            tsms serve --data " << data.string() << std::endl;
}

} // namespace

void add_init_command(CLI::App& app) {
    auto* command =
        app.add_subcommand("init", "Makes a data directory: configuration, keys, development PKI, databases");
    command->footer("Example:\n  tsms init --data ./data");
    auto data = std::make_shared<std::string>();
    command->add_option("--data", *data, "the directory to make")->required();
    command->callback([data] { init(*data); });
}

} // namespace tsms::app
