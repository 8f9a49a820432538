#include "http/net/connection.hpp"

#include "base/freed_by.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace tsms::net {

namespace {

/// Octets of a record that we send. A record shows nothing to its reader before it is complete. One of 16384 octets
/// takes minutes on a slow link, and the head of a request or answer would wait for it together with what stands behind
/// it.
constexpr std::size_t octets_of_record = 4096;

/// For the last words of a connection: an alert, the end of TLS and of TCP, octets of a request that nobody reads.
constexpr std::chrono::seconds time_for_last_words(1);

/// How often is looked what the peer has acknowledged: some times in each window.
std::chrono::milliseconds pause_between_looks(const progress& by) {
    return std::clamp(by.window() / 20, std::chrono::milliseconds(5), std::chrono::milliseconds(500));
}

int milliseconds_until(time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3600 * 1000));
}

/// The reason OpenSSL gives for the last failure; its queue is empty afterwards.
std::string tls_reason() {
    const auto code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code ? ERR_reason_error_string(code) : nullptr;
    return reason ? reason : "connection closed";
}

/// Whether the peer went away without a word of TLS; else there is a reason in OpenSSL's queue.
bool closed_by_peer(int error) {
    if (error == SSL_ERROR_ZERO_RETURN || (error == SSL_ERROR_SYSCALL && ERR_peek_error() == 0))
        return true;
    return error == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

[[noreturn]] void timed_out() {
    throw network_error(network_cause::timeout, "no progress before the deadline");
}

} // namespace

void free_ssl::operator()(SSL* ssl) const {
    SSL_free(ssl);
}

void descriptor::shutdown_reading() {
    shut(SHUT_RD);
}
void descriptor::shutdown() {
    given_up_ = true;
    shut(SHUT_RDWR);
}
void descriptor::discard_unsent() {
    const std::lock_guard lock(mutex_);
    const linger none{1, 0};
    if (fd_ >= 0)
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

void descriptor::shut(int how) {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0)
        ::shutdown(fd_, how);
}

void descriptor::close() {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0)
        ::close(fd_);
    fd_ = -1;
}

connection::connection(std::shared_ptr<descriptor> fd) : fd_(std::move(fd)) {
    const int on = 1;
    ::setsockopt(fd_->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(fd_->get(), F_SETFL, ::fcntl(fd_->get(), F_GETFL) | O_NONBLOCK);
}

bool connection::wait(short events, time_point deadline) {
    for (;;) {
        pollfd entry{fd_->get(), events, 0};
        const int ready = ::poll(&entry, 1, milliseconds_until(deadline));
        if (ready > 0)
            return true;
        if (ready == 0)
            return false;
        if (errno != EINTR)
            return true; // the next read or write reports it
    }
}

void connection::handshake(int (*step)(SSL*), time_point deadline) {
    for (;;) {
        ERR_clear_error();
        const int result = step(ssl_.get());
        if (result == 1)
            return;
        const int error = SSL_get_error(ssl_.get(), result);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
            if (closed_by_peer(error))
                throw network_error(network_cause::turned_away,
                                    "the connection was closed before the TLS handshake had ended");
            const auto verified = SSL_get_verify_result(ssl_.get());
            const auto reason = tls_reason();
            throw network_error(network_cause::tls,
                                "TLS handshake failed: " +
                                    (verified == X509_V_OK ? reason : X509_verify_cert_error_string(verified)));
        }
        if (!wait(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline))
            timed_out();
    }
}

void connection::accept_tls(SSL_CTX* context, time_point deadline) {
    ssl_.reset(SSL_new(context));
    if (!ssl_ || SSL_set_fd(ssl_.get(), fd_->get()) != 1)
        throw network_error(network_cause::tls, "no memory for TLS");
    handshake(SSL_accept, deadline);
}

void connection::connect_tls(SSL_CTX* context, const std::string& host, time_point deadline) {
    ssl_.reset(SSL_new(context));
    if (!ssl_ || SSL_set_fd(ssl_.get(), fd_->get()) != 1)
        throw network_error(network_cause::tls, "no memory for TLS");
    auto* parameters = SSL_get0_param(ssl_.get());
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // A numeric address is compared with the address entries of the certificate and is not sent as server name (RFC
    // 6066 3).
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) != 1) {
        ERR_clear_error();
        if (X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size()) != 1 ||
            SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) != 1)
            throw network_error(network_cause::tls, "host name not usable for TLS");
    }
    handshake(SSL_connect, deadline);
}

/// Octets that have come through TLS's socket; without TLS each read tells its own.
std::uint64_t connection::received() const {
    return ssl_ ? BIO_number_read(SSL_get_rbio(ssl_.get())) : 0;
}

/// Octets that were sent and are not acknowledged.
std::size_t connection::in_flight() const {
    int octets = 0;
    return ::ioctl(fd_->get(), SIOCOUTQ, &octets) == 0 && octets > 0 ? static_cast<std::size_t>(octets) : 0;
}

/// Octets that the peer has acknowledged since the last time.
std::uint64_t connection::newly_taken() {
    const auto sent = ssl_ ? BIO_number_written(SSL_get_wbio(ssl_.get())) : sent_plain_;
    const auto taken = std::max(taken_, sent - std::min<std::uint64_t>(sent, in_flight()));
    return taken - std::exchange(taken_, taken);
}

/// The system says that it has room again only when a third of its buffer is free, which can be minutes of a slow link.
/// So what the peer acknowledges is looked at in between.
void connection::await(short events, progress& by) {
    const auto look = pause_between_looks(by);
    for (;;) {
        const auto now = std::chrono::steady_clock::now();
        if (events & POLLOUT)
            by.moved(newly_taken(), now);
        if (now >= by.deadline())
            timed_out();
        if (wait(events, events & POLLOUT ? std::min(by.deadline(), now + look) : by.deadline()))
            return;
    }
}

void connection::wait_taken(progress& by) {
    const auto longest_look = pause_between_looks(by);
    auto look = std::chrono::milliseconds(5); // most are taken at once
    by.content(in_flight());
    for (;;) {
        const auto now = std::chrono::steady_clock::now();
        by.moved(newly_taken(), now);
        if (in_flight() == 0)
            return;
        if (now >= by.deadline())
            timed_out();
        if (wait_readable(std::min(by.deadline(), now + look)))
            return;
        look = std::min(2 * look, longest_look);
    }
}

std::size_t connection::read(char* to, std::size_t capacity, time_point deadline) {
    auto fixed = progress::until(deadline);
    return read(to, capacity, fixed);
}

void connection::write(std::string_view data, time_point deadline) {
    auto fixed = progress::until(deadline);
    write(data, fixed);
}

std::size_t connection::read(char* to, std::size_t capacity, progress& by) {
    auto before = received();
    auto complete = before; // where the last record has ended
    for (;;) {
        short events = POLLIN;
        if (ssl_) {
            ERR_clear_error();
            std::size_t count = 0;
            const int result = SSL_read_ex(ssl_.get(), to, capacity, &count);
            const auto after = received(); // a record may have come in part
            by.moved(after - std::exchange(before, after), std::chrono::steady_clock::now());
            if (result == 1 || !SSL_has_pending(ssl_.get()))
                complete = after; // of TLS itself, like a session ticket, or the end of what was asked for
            by.coming(after - complete);
            if (result == 1)
                return count;
            const int error = SSL_get_error(ssl_.get(), result);
            if (error == SSL_ERROR_WANT_WRITE)
                events = POLLOUT;
            else if (error != SSL_ERROR_WANT_READ) {
                ERR_clear_error();
                return 0;
            }
        } else {
            const auto count = ::recv(fd_->get(), to, capacity, 0);
            if (count >= 0) {
                by.moved(static_cast<std::uint64_t>(count), std::chrono::steady_clock::now());
                return static_cast<std::size_t>(count);
            }
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                return 0;
        }
        await(events, by);
    }
}

void connection::write(std::string_view data, progress& by) {
    newly_taken(); // of what was sent before, nothing is progress of this
    while (!data.empty()) {
        short events = POLLOUT;
        if (ssl_) {
            ERR_clear_error();
            std::size_t count = 0;
            const int result = SSL_write_ex(ssl_.get(), data.data(), std::min(data.size(), octets_of_record), &count);
            if (result == 1) {
                data.remove_prefix(count);
                continue;
            }
            const int error = SSL_get_error(ssl_.get(), result);
            if (error == SSL_ERROR_WANT_READ)
                events = POLLIN;
            else if (error != SSL_ERROR_WANT_WRITE)
                throw network_error(network_cause::broken, "connection broken while sending: " + tls_reason());
        } else {
            const auto count = ::send(fd_->get(), data.data(), data.size(), MSG_NOSIGNAL);
            if (count >= 0) {
                sent_plain_ += static_cast<std::uint64_t>(count);
                data.remove_prefix(static_cast<std::size_t>(count));
                continue;
            }
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                throw network_error(network_cause::broken,
                                    std::string("connection broken while sending: ") + std::strerror(errno));
        }
        await(events, by);
    }
}

bool connection::wait_readable(time_point deadline) {
    // What was read ahead may be less than a record: then read() waits for the rest.
    return (ssl_ && SSL_has_pending(ssl_.get())) || wait(POLLIN, deadline);
}

/// What TLS has for whoever reads next, without waiting and without taking it.
connection::ahead connection::look_ahead() {
    // TLS 1.3 sends session tickets after the handshake: they are read here and are no answer.
    ERR_clear_error();
    char octet = 0;
    std::size_t count = 0;
    const int result = SSL_peek_ex(ssl_.get(), &octet, 1, &count);
    const bool waits = result != 1 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    return result == 1 ? ahead::octets : waits ? ahead::nothing : ahead::end;
}

bool connection::stale() {
    if (ssl_)
        return look_ahead() != ahead::nothing;
    pollfd entry{fd_->get(), POLLIN, 0};
    return ::poll(&entry, 1, 0) != 0;
}

bool connection::gone() {
    pollfd entry{fd_->get(), POLLRDHUP, 0};
    return ::poll(&entry, 1, 0) != 0 || (ssl_ && look_ahead() == ahead::end);
}

void connection::finish(bool swallow, pace rule) {
    const auto begin = std::chrono::steady_clock::now();
    auto by = in_flight() == 0 ? progress::until(begin + time_for_last_words) : progress(rule, begin);
    by.content(in_flight());
    if (ssl_ && SSL_is_init_finished(ssl_.get())) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
    ::shutdown(fd_->get(), SHUT_WR);
    bool ended = false;                                    // what the peer sends
    constexpr std::chrono::milliseconds longest_look(100); // whoever gives the connection up does not wait for longer
    for (auto look = std::chrono::milliseconds(5); untaken() && !fd_->given_up();
         look = std::min(2 * look, longest_look)) {
        const auto now = std::chrono::steady_clock::now();
        by.moved(newly_taken(), now);
        if (now >= by.deadline())
            timed_out();
        const auto until = std::min(by.deadline(), now + look);
        if (ended) // poll() would return at once
            std::this_thread::sleep_until(until);
        else if (wait(POLLIN, until))
            ended = !throw_away();
    }
    const auto deadline = std::chrono::steady_clock::now() + time_for_last_words;
    while (swallow && !ended && wait(POLLIN, deadline) && milliseconds_until(deadline) > 0)
        ended = !throw_away();
}

/// Octets below TLS: what they say does not matter any more. False at the end of the stream.
bool connection::throw_away() {
    char sink[16384];
    return ::recv(fd_->get(), sink, sizeof sink, 0) > 0;
}

bool connection::untaken() const {
    tcp_info info{};
    socklen_t size = sizeof info;
    // After a reset the system counts octets that it has thrown away.
    const bool over =
        ::getsockopt(fd_->get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_state == TCP_CLOSE;
    return !over && in_flight() > 0;
}

void connection::discard_untaken() {
    if (untaken())
        fd_->discard_unsent();
}

std::optional<crypto::certificate> connection::peer() const {
    std::unique_ptr<X509, freed_by<X509_free>> x509(ssl_ ? SSL_get1_peer_certificate(ssl_.get()) : nullptr);
    if (!x509 || SSL_get_verify_result(ssl_.get()) != X509_V_OK)
        return std::nullopt;
    unsigned char* der = nullptr;
    const int size = i2d_X509(x509.get(), &der);
    if (size <= 0)
        return std::nullopt;
    const bytes octets(der, der + size);
    OPENSSL_free(der);
    return crypto::parse_certificate(octets);
}

namespace {

using addresses = std::unique_ptr<addrinfo, freed_by<::freeaddrinfo>>;

addresses resolve(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list) != 0)
        return nullptr;
    return addresses(list);
}

/// Null on success, else why not.
const char* connect_within(int fd, const addrinfo& to, time_point deadline) {
    if (::connect(fd, to.ai_addr, to.ai_addrlen) == 0)
        return nullptr;
    if (errno != EINPROGRESS)
        return std::strerror(errno);
    pollfd entry{fd, POLLOUT, 0};
    if (::poll(&entry, 1, milliseconds_until(deadline)) <= 0)
        return "no answer before the deadline";
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? nullptr : std::strerror(error);
}

} // namespace

std::shared_ptr<descriptor> connect_tcp(const std::string& host, std::uint16_t port, time_point deadline,
                                        const std::function<void(std::shared_ptr<descriptor>)>& claim) {
    const auto list = resolve(host, port, 0);
    if (!list)
        throw network_error(network_cause::resolve, "host ‘" + host + "’ not found");
    const char* reason = "no address";
    for (const auto* entry = list.get(); entry; entry = entry->ai_next) {
        auto fd =
            std::make_shared<descriptor>(::socket(entry->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        claim(fd);
        reason = connect_within(fd->get(), *entry, deadline);
        if (!reason)
            return fd;
    }
    throw network_error(network_cause::connect,
                        "no connection to ‘" + host + ":" + std::to_string(port) + "’: " + reason);
}

std::shared_ptr<descriptor> listen_tcp(const std::string& address, std::uint16_t port) {
    const auto list = resolve(address, port, AI_NUMERICHOST | AI_PASSIVE);
    if (!list)
        throw configuration_error("listen address '" + address + "' is no numeric address");
    auto fd = std::make_shared<descriptor>(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd->get(), list->ai_addr, list->ai_addrlen) != 0 || ::listen(fd->get(), 1024) != 0)
        throw configuration_error("cannot listen on " + address + " port " + std::to_string(port) + ": " +
                                  std::strerror(errno) + "; choose another port or end the program that uses it");
    return fd;
}

std::uint16_t local_port(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                               : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

bool is_loopback(const std::string& address) {
    return address.starts_with("127.") || address == "::1";
}

} // namespace tsms::net
