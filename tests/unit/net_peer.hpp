#pragma once
// A listener and a client with certificates of this run, and a peer that sends octets as they are.

#include "http/net/client.hpp"
#include "http/net/connection.hpp"
#include "http/net/http1.hpp"
#include "http/net/server.hpp"

#include <sys/socket.h>
#include <thread>

namespace tsms::net_peer {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

struct pki {
    crypto::credential ca = crypto::make_ca("Test CA");
    crypto::credential server;
    crypto::credential client;
    pki() {
        const std::vector<std::string> names{"127.0.0.1", "localhost"};
        server = crypto::make_server_certificate(ca, "server", names);
        client = crypto::make_client_certificate(ca, "phone");
    }
};

inline const pki& certificates() {
    static const pki made;
    return made;
}

inline net::server_options quick() {
    net::server_options options;
    options.identity = net::tls_identity{certificates().server.certificate_pem, certificates().server.key};
    options.body_limit = 1000;
    options.keep_alive = 300ms;
    options.transfer = {1000, 500ms, 500ms};
    return options;
}

inline std::string url(const net::tls_server& server) {
    return "https://127.0.0.1:" + std::to_string(server.port());
}

inline net::client_options trusting(const net::tls_server& server) {
    net::client_options options;
    options.base_url = url(server);
    options.ca_pem = certificates().ca.certificate_pem;
    return options;
}

/// Tells what arrived, so that a test sees what the server made of its octets.
inline net::response echo(const net::request& r) {
    if (r.path == "/throw")
        throw std::runtime_error("boom");
    net::response answer =
        net::json_response(200, r.method + " " + r.target + " " + r.body + (r.body_too_large ? "TOO LARGE" : ""));
    if (r.peer)
        answer.headers.add("X-Peer", r.peer->subject);
    return answer;
}

/// Sends octets as they are and returns everything until the server closes.
inline std::string raw(std::uint16_t port, std::string_view text, bool tls = true) {
    const auto deadline = clock_type::now() + 3s;
    net::connection c(net::connect_tcp("127.0.0.1", port, deadline, [](auto) {}));
    const auto context = net::client_context(certificates().ca.certificate_pem, std::nullopt);
    if (tls)
        c.connect_tls(context.get(), "127.0.0.1", deadline);
    c.write(text, deadline);
    std::string all;
    char block[4096];
    while (const auto count = c.read(block, sizeof block, deadline))
        all.append(block, count);
    return all;
}

inline std::size_t answers(std::string_view text) {
    std::size_t count = 0;
    for (auto at = text.find("HTTP/1.1 "); at != text.npos; at = text.find("HTTP/1.1 ", at + 1))
        ++count;
    return count;
}

/// A server that answers at once and slowly, by hand: as much of the answer as it is told, then pauses.
class slow_server {
public:
    slow_server(std::string answer, std::size_t octets, std::chrono::milliseconds pause)
        : listening_(net::listen_tcp("127.0.0.1", 0)), thread_([this, answer, octets, pause] {
              const int fd = ::accept(listening_->get(), nullptr, nullptr);
              net::connection c(std::make_shared<net::descriptor>(fd));
              const auto context = net::server_context(
                  {certificates().server.certificate_pem, certificates().server.key}, net::client_auth::none, {});
              const auto deadline = clock_type::now() + 20s;
              try {
                  c.accept_tls(context.get(), deadline);
                  char block[4096];
                  c.read(block, sizeof block, deadline);
                  for (std::size_t at = 0; at < answer.size(); at += octets) {
                      c.write(std::string_view(answer).substr(at, octets), deadline);
                      std::this_thread::sleep_for(pause);
                  }
              } catch (const net::network_error&) {
                  // The client has given up.
              }
          }) {}
    ~slow_server() { thread_.join(); }

    net::client_options client() const {
        net::client_options options;
        options.base_url = "https://127.0.0.1:" + std::to_string(net::local_port(listening_->get()));
        options.ca_pem = certificates().ca.certificate_pem;
        options.read_timeout = 500ms;
        options.transfer = {2000, 500ms, 500ms};
        return options;
    }

private:
    std::shared_ptr<net::descriptor> listening_;
    std::thread thread_;
};

} // namespace tsms::net_peer
