#include "app/tsms_lab/listener.hpp"

#include "json/json.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <pthread.h>

namespace tsms::lab_app {

namespace {

sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

} // namespace

void listener_options::add_to(CLI::App& command) {
    command.add_option("--port", port, "TCP port on 127.0.0.1; 0 takes any free one")->capture_default_str();
    command.add_option("--tls-dir", tls_dir, "folder of ca.pem and certificates; what is missing is made")->required();
    command
        .add_option("--client-ca", client_cas, "file with further trust anchors of client certificates (repeatable)")
        ->check(CLI::ExistingFile);
    command.add_flag("--json", json, "one JSON document a line on stdout");
}

listener::listener(const listener_options& options, const std::string& name)
    : files_(lab::prepare_tls(options.tls_dir, name)) {
    const auto signals = stop_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr); // inherited by the server's threads
    net::server_options server;
    server.port = options.port;
    server.identity = files_.server;
    server.clients = net::client_auth::required;
    server.client_ca_pem = files_.ca_pem;
    server.on_refusal = [](int status, std::string_view reason) {
        return net::json_response(status, json::dump(json::object{{"error", std::string(reason)}}));
    };
    for (const auto& file : options.client_cas)
        server.client_ca_pem += "\n" + lab::read_text(file);
    server_ = std::make_unique<net::tls_server>(std::move(server));
}

std::string listener::url() const {
    return "https://127.0.0.1:" + std::to_string(server_->port());
}

void listener::run(net::handler handle) {
    server_->start(std::move(handle));
    const auto signals = stop_signals();
    int received = 0;
    sigwait(&signals, &received);
    server_->stop();
}

} // namespace tsms::lab_app
