#pragma once
// A listener and a client with certificates of this run, and a peer that sends octets as they are.

#include "http/net/client.hpp"
#include "http/net/connection.hpp"
#include "http/net/http1.hpp"
#include "http/net/server.hpp"

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
    options.identity = net::tls_identity{certificates().server.certificate_pem, certificates().server.key_pem};
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

} // namespace tsms::net_peer
