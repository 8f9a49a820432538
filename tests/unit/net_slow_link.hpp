#pragma once
// A slow link in front of a port, and peers that put whole messages into one TLS record of up to 16384 octets, as many
// do that are not ours.

#include "tests/unit/net_peer.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <thread>

namespace tsms::net_peer {

/// Carries one connection: as many octets at once as it is told, then a pause, in each direction. Of what goes to the
/// port, only so many octets go like that; all others go one by one, each after a tenth of a second.
class slow_link {
public:
    slow_link(std::uint16_t to, std::size_t octets, std::chrono::milliseconds pause, std::size_t before_drip = 1 << 20)
        : listening_(net::listen_tcp("127.0.0.1", 0)), thread_([this, to, octets, pause, before_drip] {
              const net::descriptor client(::accept(listening_->get(), nullptr, nullptr));
              const auto server = net::connect_tcp("127.0.0.1", to, clock_type::now() + 5s,
                                                   [](const auto& claimed) { narrow(*claimed); });
              ::fcntl(server->get(), F_SETFL, 0);
              std::thread back([&] { carry(server->get(), client.get(), octets, pause, 1 << 20); });
              carry(client.get(), server->get(), octets, pause, before_drip);
              back.join();
          }) {}
    ~slow_link() { thread_.join(); }

    std::uint16_t port() const { return net::local_port(listening_->get()); }

private:
    /// What has not been carried is the sender's to hold.
    static void narrow(const net::descriptor& fd) {
        const int octets = 2048;
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
    }
    static void carry(int from, int to, std::size_t octets, std::chrono::milliseconds pause, std::size_t before_drip) {
        std::string block(octets, '\0');
        for (std::size_t carried = 0;;) {
            const bool drips = carried >= before_drip;
            const auto count = ::recv(from, block.data(), drips ? 1 : block.size(), 0);
            if (count <= 0)
                break;
            std::this_thread::sleep_for(drips ? 100ms : pause);
            if (::send(to, block.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) != count)
                break;
            carried += static_cast<std::size_t>(count);
        }
        ::shutdown(from, SHUT_RD);
        ::shutdown(to, SHUT_WR);
    }

    std::shared_ptr<net::descriptor> listening_;
    std::thread thread_;
};

/// TLS by OpenSSL alone: what is written at once is one record.
class one_record_tls {
public:
    one_record_tls(std::shared_ptr<net::descriptor> fd, net::context_ptr context, int (*handshake)(SSL*))
        : fd_(std::move(fd)), context_(std::move(context)), ssl_(SSL_new(context_.get())) {
        ::fcntl(fd_->get(), F_SETFL, 0);
        SSL_set_fd(ssl_.get(), fd_->get());
        if (handshake(ssl_.get()) != 1)
            throw std::runtime_error("no TLS");
    }
    void write(const std::string& text) {
        BOOST_REQUIRE(text.size() <= 16384);
        SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    }
    std::string read() {
        std::string block(16384, '\0');
        const int count = SSL_read(ssl_.get(), block.data(), static_cast<int>(block.size()));
        return block.substr(0, static_cast<std::size_t>(std::max(count, 0)));
    }

private:
    std::shared_ptr<net::descriptor> fd_;
    net::context_ptr context_;
    std::unique_ptr<SSL, net::free_ssl> ssl_;
};

/// Sends a request in one record and returns everything until the server closes.
inline std::string in_one_record(std::uint16_t port, const std::string& request) {
    one_record_tls peer(net::connect_tcp("127.0.0.1", port, clock_type::now() + 5s, [](auto) {}),
                        net::client_context(certificates().ca.certificate_pem, std::nullopt), SSL_connect);
    peer.write(request);
    std::string answer;
    for (auto part = peer.read(); !part.empty(); part = peer.read())
        answer += part;
    return answer;
}

/// Answers one request with one record.
class one_record_server {
public:
    explicit one_record_server(std::string answer)
        : listening_(net::listen_tcp("127.0.0.1", 0)), thread_([this, answer] {
              one_record_tls peer(
                  std::make_shared<net::descriptor>(::accept(listening_->get(), nullptr, nullptr)),
                  net::server_context({certificates().server.certificate_pem, certificates().server.key},
                                      net::client_auth::none, {}),
                  SSL_accept);
              peer.read();
              peer.write(answer);
              peer.read(); // until the client has it
          }) {}
    ~one_record_server() { thread_.join(); }

    std::uint16_t port() const { return net::local_port(listening_->get()); }

private:
    std::shared_ptr<net::descriptor> listening_;
    std::thread thread_;
};

} // namespace tsms::net_peer
