#pragma once
// A TLS client for one server: HTTP/1.1 with a connection that is kept, explicit trust anchors, cancellable from
// another thread.

#include "crypto/secret.hpp"
#include "http/net/error.hpp"
#include "http/net/message.hpp"
#include "http/net/progress.hpp"
#include "http/net/server.hpp"

#include <chrono>
#include <memory>

namespace tsms::net {

struct client_options {
    std::string base_url;                 ///< "https://host[:port][/prefix]"
    std::string ca_pem;                   ///< the only trust anchors; empty: the system's
    std::string pin_fingerprint;          ///< SHA-256 of the server's certificate (upper-case hex); empty: not pinned
    std::optional<tls_identity> identity; ///< client certificate
    std::chrono::milliseconds connect_timeout{5000}; ///< TCP and TLS handshake together
    /// From when the server has the request to the first octet of its answer (SERAM: 40 s).
    std::chrono::milliseconds read_timeout{40000};
    pace transfer; ///< of the request and of the answer
    std::size_t body_limit = 8 << 20;
};

/// Octets of HTTP messages (heads and bodies, before TLS), since the client was made.
struct traffic {
    std::uint64_t requests = 0;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
};

/// For one thread at a time, except cancel() and renew().
class tls_client {
public:
    /// Throws configuration_error for a malformed URL or unreadable certificates. Does not connect.
    explicit tls_client(client_options options);
    ~tls_client();
    tls_client(tls_client&&) noexcept;
    tls_client& operator=(tls_client&&) noexcept;

    /// Sends `method target` (target: path and query appended to the base URL's prefix, already encoded). Any status is
    /// an answer. A kept connection that the server has closed in the meantime is replaced before the request is
    /// written; a request is never sent twice. Throws network_error.
    response exchange(std::string_view method, std::string_view target, header_fields headers = {},
                      std::string_view body = {});

    response get(std::string_view target, header_fields headers = {}) {
        return exchange("GET", target, std::move(headers));
    }
    /// POST with a JSON body.
    response post_json(std::string_view target, std::string_view body, header_fields headers = {});

    /// Ends a running exchange with network_error{cancelled}, and every later one until renew(). From any thread.
    void cancel();
    void renew();

    traffic counted() const;
    const std::string& host() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace tsms::net
