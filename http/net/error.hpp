#pragma once

#include <stdexcept>
#include <string>

namespace tsms::net {

/// Wrong configuration of a listener or client: unreadable certificate, port in use, malformed URL. The text says cause
/// and remedy.
class configuration_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

enum class network_cause {
    resolve,     ///< the host name is unknown
    connect,     ///< nobody listens, or unreachable
    turned_away, ///< the server took the connection and closed it before the TLS handshake had ended
    tls,         ///< handshake failed, certificate not accepted
    timeout,     ///< connect, write or read took too long
    broken,      ///< the connection ended inside an exchange: the request may have been executed
    protocol,    ///< the answer is not HTTP/1.1 as we accept it, or over a limit
    cancelled,   ///< another thread called cancel()
};

/// An exchange that got no answer. The text names host and cause, never contents of messages.
class network_error : public std::runtime_error {
public:
    network_error(network_cause cause, const std::string& text) : std::runtime_error(text), cause_(cause) {}
    network_cause cause() const { return cause_; }
    /// True where the request has certainly not reached the server's application.
    bool not_sent() const {
        return cause_ == network_cause::resolve || cause_ == network_cause::connect ||
               cause_ == network_cause::turned_away || cause_ == network_cause::tls;
    }

private:
    network_cause cause_;
};

} // namespace tsms::net
