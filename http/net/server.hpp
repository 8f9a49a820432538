#pragma once
// The TLS listener of every role: blocking, one capped thread per connection (platform notes). It refuses what could be
// read in two ways (request smuggling) before a handler sees it.

#include "crypto/private_key.hpp"
#include "http/net/error.hpp"
#include "http/net/message.hpp"
#include "http/net/progress.hpp"
#include "http/net/turned_away.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <memory>

namespace tsms::net {

/// Called on a connection's own thread, several at a time. It may block (long polling), but not longer than the stop
/// deadline allows.
using handler = std::function<response(const request&)>;

/// What a listener or client proves to be: certificate chain (leaf first) and private key.
struct tls_identity {
    std::string certificate_pem;
    crypto::private_key key;
};

enum class client_auth { none, optional, required };

/// What shall become of a body that a request's head announces.
struct body_plan {
    std::size_t limit = 0;                ///< octets
    std::shared_ptr<body_sink> sink = {}; ///< null: collected in request::body
    bool known = false;                   ///< the head says who the caller is: the connection is no stranger's any more
};

/// Since the start of a listener, but for the last three.
struct connection_counts {
    std::uint64_t accepted = 0;
    std::array<std::uint64_t, refusals> refused{}; ///< by refusal; those that were displaced are in `accepted` too
    std::uint64_t handshakes_failed = 0;
    std::uint64_t handshakes_timed_out = 0;
    std::uint64_t requests_timed_out = 0; ///< not one, or not a whole one, before the deadline
    std::uint64_t answers_timed_out = 0;  ///< not taken by the peer before the deadline
    std::size_t open = 0;
    std::size_t unproven = 0; ///< of them, without a completed request
    bool full = false;        ///< there is no place, or somebody was turned away for lack of one a few seconds ago
};

struct server_options {
    std::string address = "127.0.0.1";    ///< numeric address to bind
    std::uint16_t port = 0;               ///< 0: any free port, see tls_server::port()
    std::optional<tls_identity> identity; ///< none: plain HTTP, accepted on loopback addresses only (operations port)
    client_auth clients = client_auth::none;
    std::string client_ca_pem; ///< trust anchors of client certificates

    std::size_t max_connections = 512; ///< at once; half of them may be connections that have not completed a request
    std::size_t max_of_address = 512;  ///< of one IPv4 address or IPv6 /64
    std::size_t head_limit = 16384;    ///< octets of request line and headers
    std::size_t header_limit = 64;     ///< header fields
    std::size_t body_limit = 1 << 20;
    /// Judges a request that has a body by its head, before the body is read, instead of body_limit: a limit of 0 for
    /// callers not known, a sink for what shall not be collected. Must not throw.
    std::function<body_plan(const request& head)> plan_body;

    std::chrono::milliseconds handshake_deadline{5000}; ///< from accept to the end of the TLS handshake
    /// From the first octet of a request to the end of its head, beside the time that its octets may take at the pace
    /// of a transfer; for the first request from the end of the handshake.
    std::chrono::milliseconds head_deadline{5000};
    pace transfer;                              ///< of a request's body and of an answer
    std::chrono::milliseconds keep_alive{1500}; ///< wait for the next request, from when the last answer is taken

    /// For the operator's log: at once, then at most once a minute. Called by the thread that accepts; must not throw.
    std::function<void(const refusal_report&)> on_turned_away;
    /// Answer to an exception of the handler; without it 500 with an empty body. Must not throw.
    std::function<response(const request&, const std::exception&)> on_exception;
    /// Answer to a request that is refused before any handler (400, 408, 417, 431, 501, 505); without it an empty body.
    std::function<response(int status, std::string_view reason)> on_refusal;
};

class tls_server {
public:
    /// Binds the port. Throws configuration_error.
    explicit tls_server(server_options options);
    /// Stops with a deadline of 2 s.
    ~tls_server();
    tls_server(const tls_server&) = delete;
    tls_server& operator=(const tls_server&) = delete;

    /// Accepts connections from now on. Once.
    void start(handler handle);
    /// Stops accepting, lets running handlers answer, ends idle connections at once and the others after the deadline.
    /// True if all connection threads have ended; false if a handler still runs (its thread is left to end by itself).
    bool stop(std::chrono::milliseconds deadline = std::chrono::milliseconds(2000));

    std::uint16_t port() const;
    std::size_t connections() const { return counted().open; }
    connection_counts counted() const;

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace tsms::net
