// tsms-lab issuer: a secure component issuer (SCI) that owns the ISD of every lab card.

#include "app/cli/secret_file.hpp"
#include "app/tsms_lab/commands.hpp"
#include "app/tsms_lab/listener.hpp"
#include "lab/card/issuer_keys.hpp"
#include "lab/issuer/issuer_service.hpp"
#include "lab/json_file.hpp"
#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace tsms::lab_app {

namespace {

struct options {
    listener_options listen{9543};
    std::string state;
    std::string key_file;
    int key_bits = 128;
    std::vector<std::string> lies;
    int sessions = 64;
    int retry_after = 1;
    int idle = 60;
};

/// What the operator of a TSM has to enter. The key stands in a file of its own beside the certificates: a secret on a
/// command line is one that everybody on the machine can read.
void announce(const listener& server, const lab::order_book& book, const std::filesystem::path& folder, bool as_json) {
    const auto key = to_hex(book.transport_key().view());
    const auto key_file = folder / "transport-key";
    lab::save_text(key_file, key + "\n");
    if (as_json) {
        std::cout << json::dump(json::object{{"url", server.url()},
                                             {"ca", server.files().ca.string()},
                                             {"clientCertificate", server.files().client_certificate.string()},
                                             {"clientKey", server.files().client_key.string()},
                                             {"transportKey", key},
                                             {"transportKeyFile", key_file.string()}})
                  << std::endl;
        return;
    }
    std::cout << "Issuer of the lab cards: " << server.url() << "\n"
              << "It accepts clients of " << server.files().ca.string() << ", for example "
              << server.files().client_certificate.string() << ". Tell a TSM about it:\n"
              << "  tsms issuer add --data DIR --name lab --url " << server.url() << " --ca "
              << server.files().ca.string() << " --transport-key-file " << key_file.string() << std::endl;
}

void run(const options& o) {
    lab::order_book::options keeping;
    keeping.key_octets = static_cast<std::size_t>(o.key_bits / 8);
    if (!o.key_file.empty())
        keeping.transport_key = cli::read_aes_key("--transport-key-file", o.key_file);
    auto& random = crypto::system_random();
    lab::order_book book(o.state, keeping, random);

    lab::issuer_service::options serving;
    serving.master_key = lab::lab_issuer_master();
    serving.lies = lab::issuer_lies::parse(o.lies);
    serving.max_sessions = static_cast<std::size_t>(o.sessions);
    serving.retry_after = std::chrono::seconds(o.retry_after);
    serving.idle = std::chrono::seconds(o.idle);
    serving.log = [](const std::string& line) { std::cerr << line << std::endl; };
    lab::issuer_service service(book, std::move(serving), random);

    listener server(o.listen, "issuer");
    announce(server, book, o.listen.tls_dir, o.listen.json);
    server.run([&](const net::request& request) { return service.handle(request); });
}

} // namespace

void add_issuer(CLI::App& lab) {
    auto o = std::make_shared<options>();
    auto* command = lab.add_subcommand("issuer", "Simulated secure component issuer of the lab's cards");
    command->footer("Example:\n  tsms-lab issuer --state issuer.json --tls-dir lab-tls --client-ca data/ca.pem");
    o->listen.add_to(*command);
    command->add_option("--state", o->state, "file that keeps orders and keys")->required();
    command->add_option("--transport-key-file", o->key_file,
                        "file with the AES key under which keys are handed over (hex), -: standard input; default: "
                        "made once, kept in the state file");
    command->add_option("--key-bits", o->key_bits, "length of new keys")
        ->check(CLI::IsMember({128, 192, 256}))
        ->capture_default_str();
    command->add_option("--lie", o->lies, "what it says although it is not so (docs/lab.md); may be repeated");
    command
        ->add_option("--sessions", o->sessions,
                     "sessions at once; at this limit orders are answered 429, to see a TSM wait")
        ->check(CLI::Range(0, 100000))
        ->capture_default_str();
    command->add_option("--retry-after", o->retry_after, "seconds after which it wants to be asked again then")
        ->check(CLI::Range(0, 86400))
        ->capture_default_str();
    command->add_option("--idle-seconds", o->idle, "a session that was silent so long is forgotten")
        ->check(CLI::Range(1, 86400))
        ->capture_default_str();
    command->callback([o] { run(*o); });
}

} // namespace tsms::lab_app
