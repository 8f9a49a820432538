#pragma once
// HTTP/1.1 messages on a connection. The grammar is Boost.Beast's; what Beast tolerates although two readers could
// understand it differently is refused here. Internal to http/net.

#include "http/net/connection.hpp"

#include <functional>
#include <openssl/crypto.h>

namespace tsms::net {

/// A request that is answered before any handler sees it. The connection closes after the answer.
class refused_request : public std::runtime_error {
public:
    refused_request(int status, const std::string& reason, std::string method = {})
        : std::runtime_error(reason), status_(status), method_(std::move(method)) {}
    int status() const { return status_; }
    /// Of the request, empty where its line was not read: the answer to HEAD has no body.
    const std::string& method() const { return method_; }

private:
    int status_;
    std::string method_;
};

struct message_limits {
    std::size_t head_limit = 16384;
    std::size_t header_limit = 64;
    bool secured = true; ///< over TLS: which scheme a target in absolute form may name
};

/// A connection with what was read ahead of it.
struct buffered_connection {
    connection& peer;
    std::string ahead;
    std::uint64_t received = 0;

    /// Reads more behind `ahead`; false at the end of the stream.
    bool more(progress& by) {
        char block[16384];
        const auto count = peer.read(block, sizeof block, by);
        received += count;
        ahead.append(block, count);
        OPENSSL_cleanse(block, count); // a token, it may be
        return count > 0;
    }
};

struct incoming_request {
    request message;
    bool keep_alive = false; ///< the sender allows another request on this connection
};

struct request_paces {
    progress head; ///< of its request line and header fields; it has begun already
    pace body;
};

/// The next request; nothing if the peer closed before its first octet. `complete_head` fills in what is not in the
/// octets; `plan_body` is asked when the head is known and announces a body. A body is read with every method, so that
/// it can never be taken for the next request: what is over its limit ends the connection unless it is small enough to
/// be read and forgotten. A request that has begun and comes too slowly is refused with 408, one of which there is
/// nothing is a network_error. Throws both.
std::optional<incoming_request> read_request(buffered_connection& from, const message_limits& limits,
                                             const std::function<void(request&)>& complete_head,
                                             const std::function<body_plan(const request&)>& plan_body,
                                             request_paces paces);

struct incoming_response {
    response message;
    bool keep_alive = false;
};

/// The answer to a request with this method, which has to begin before a deadline and then to come on. Throws
/// network_error{broken, protocol, timeout}.
incoming_response read_response(buffered_connection& from, std::string_view method, std::size_t body_limit,
                                time_point begins, pace rule);

/// Status line and header fields of an answer, with room behind them for a body of at most `beside` octets. Throws
/// std::invalid_argument if a field cannot be written (line breaks).
std::string response_head(const response& message, bool keep_alive, std::size_t beside);
/// Whether the body follows the head, or is only announced (RFC 9110 9.3.2) or not even that.
bool has_body(const response& message, std::string_view method);
/// Throws std::invalid_argument if method, target or a header field cannot be written (line breaks).
std::string request_text(std::string_view method, std::string_view target, std::string_view host,
                         const header_fields& headers, std::string_view body);

} // namespace tsms::net
