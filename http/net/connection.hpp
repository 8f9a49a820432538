#pragma once
// One TCP connection, with TLS or without: blocking calls with deadlines, which another thread can end. Internal to
// http/net.

#include "crypto/pki.hpp"
#include "http/net/message.hpp"
#include "http/net/progress.hpp"
#include "http/net/server.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

using SSL = struct ssl_st;
using SSL_CTX = struct ssl_ctx_st;

namespace tsms::net {

using time_point = std::chrono::steady_clock::time_point;

struct free_context {
    void operator()(SSL_CTX* context) const;
};
struct free_ssl {
    void operator()(SSL* ssl) const;
};
using context_ptr = std::unique_ptr<SSL_CTX, free_context>;

/// TLS 1.2 and 1.3 with forward secrecy and AEAD only (TR-03116-4). Throw configuration_error.
context_ptr server_context(const tls_identity& identity, client_auth clients, const std::string& client_ca_pem);
context_ptr client_context(const std::string& ca_pem, const std::optional<tls_identity>& identity);

/// A file descriptor that another thread may shut down while its owner uses it, and that is closed once.
class descriptor {
public:
    explicit descriptor(int fd) : fd_(fd) {}
    ~descriptor() { close(); }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;

    int get() const { return fd_; }
    void shutdown_reading();
    void shutdown(); ///< gives the connection up
    bool given_up() const { return given_up_; }
    /// close() throws away what the peer has not acknowledged.
    void discard_unsent();
    void close();

private:
    void shut(int how);
    std::mutex mutex_; ///< shutdown of a number that was closed and given away again would hit a stranger
    std::atomic<bool> given_up_{false};
    int fd_;
};

class connection {
public:
    /// Takes the descriptor over and makes it non-blocking.
    explicit connection(std::shared_ptr<descriptor> fd);

    /// TLS handshakes. Throw network_error.
    void accept_tls(SSL_CTX* context, time_point deadline);
    void connect_tls(SSL_CTX* context, const std::string& host, time_point deadline);

    /// At least one octet, or 0 at the end of the stream. A connection that is broken off counts as its end: HTTP's own
    /// framing tells whether something is missing. Throws network_error{timeout}.
    std::size_t read(char* to, std::size_t capacity, progress& by);
    std::size_t read(char* to, std::size_t capacity, time_point deadline);
    /// All of it, into the system's buffer; what the peer acknowledges is progress. Throws network_error{timeout,
    /// broken}.
    void write(std::string_view data, progress& by);
    void write(std::string_view data, time_point deadline);
    /// Until the peer has acknowledged everything or sends something itself: what is still on its way to a peer with a
    /// slow link must not count as its silence. Throws network_error{timeout}.
    void wait_taken(progress& by);
    /// False if nothing came before the deadline.
    bool wait_readable(time_point deadline);
    /// True if the peer has closed, or sent what nobody asked for: the connection is of no use for another request.
    bool stale();
    /// True if the peer has ended its side of the connection, be it TLS or TCP, whatever it has sent before.
    bool gone();
    /// Tells the peer that nothing follows, and returns when it has acknowledged everything or the connection is given
    /// up: what is closed before is the system's, and out of every limit. `swallow`: reads for at most a second what it
    /// still sends, so that it can read our answer. Throws network_error{timeout}.
    void finish(bool swallow, pace rule);
    /// If there is anything that the peer has not acknowledged, it is reset by the close. Else the system would keep it
    /// for as long as the peer likes.
    void discard_untaken();

    std::optional<crypto::certificate> peer() const; ///< verified (see the context), or pinned by the caller

private:
    void handshake(int (*step)(SSL*), time_point deadline);
    bool wait(short events, time_point deadline);
    void await(short events, progress& by);
    std::uint64_t received() const;
    std::size_t in_flight() const;
    bool untaken() const;
    bool throw_away();
    enum class ahead { nothing, octets, end };
    ahead look_ahead();
    std::uint64_t newly_taken();

    std::shared_ptr<descriptor> fd_;
    std::uint64_t sent_plain_ = 0;
    std::uint64_t taken_ = 0; ///< of what was sent, when last looked
    std::unique_ptr<SSL, free_ssl> ssl_;
};

/// TCP to a host name or numeric address. `claim` gets the descriptor before the connect, to cancel it. Throws
/// network_error.
std::shared_ptr<descriptor> connect_tcp(const std::string& host, std::uint16_t port, time_point deadline,
                                        const std::function<void(std::shared_ptr<descriptor>)>& claim);
/// A bound and listening socket. Throws configuration_error.
std::shared_ptr<descriptor> listen_tcp(const std::string& address, std::uint16_t port);
std::uint16_t local_port(int fd);
bool is_loopback(const std::string& address);

} // namespace tsms::net
