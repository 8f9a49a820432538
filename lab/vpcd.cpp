#include "lab/vpcd.hpp"

#include "lab/card/card.hpp"

#include <chrono>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace tsms::lab {

namespace {

class connection {
public:
    connection(const std::string& host, const std::string& port) {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0)
            throw vpcd_error("vpcd: " + host + ":" + port + " is no address");
        const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
        for (auto* a = found; a != nullptr && socket_ < 0; a = a->ai_next) {
            socket_ = ::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
            if (socket_ >= 0 && ::connect(socket_, a->ai_addr, a->ai_addrlen) != 0) {
                ::close(socket_);
                socket_ = -1;
            }
        }
        if (socket_ < 0)
            throw vpcd_error("vpcd does not listen on " + host + ":" + port +
                             "; is pcscd running with the vpcd driver?");
        const int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() { ::close(socket_); }

    /// One message: two octets of length, payload. Nothing when the reader is gone.
    std::optional<bytes> receive() {
        std::uint8_t head[2];
        if (!fill(head))
            return std::nullopt;
        bytes payload(static_cast<std::size_t>(head[0] << 8 | head[1]));
        if (!fill(payload))
            return std::nullopt;
        return payload;
    }

    bool send(bytes_view payload) {
        bytes message{static_cast<std::uint8_t>(payload.size() >> 8), static_cast<std::uint8_t>(payload.size())};
        append(message, payload);
        for (auto rest = bytes_view(message); !rest.empty();) {
            const auto sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent <= 0)
                return false;
            rest = rest.subspan(static_cast<std::size_t>(sent));
        }
        return true;
    }

private:
    bool fill(std::span<std::uint8_t> out) {
        while (!out.empty()) {
            // vpcd writes length and payload separately: without this each APDU waits 40 ms for a delayed
            // acknowledgement. The kernel forgets the option, so it is set before every read.
            const int on = 1;
            ::setsockopt(socket_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
            const auto count = ::recv(socket_, out.data(), out.size(), 0);
            if (count <= 0)
                return false;
            out = out.subspan(static_cast<std::size_t>(count));
        }
        return true;
    }

    int socket_ = -1;
};

/// Control messages are one octet long, which no APDU is.
enum control : std::uint8_t { power_off = 0x00, power_on = 0x01, reset = 0x02, get_atr = 0x04 };

/// Out of the field: long enough for pcscd, which looks four times a second, to see that the card is gone.
constexpr std::chrono::milliseconds away{1500};

/// Answers until the reader is gone (false) or the card has lost its power or fallen silent (true): vpcd waits for an
/// answer for ever, where a real reader gives a mute card up.
bool serve(connection& reader, stored_card& card) {
    while (const auto message = reader.receive()) {
        if (message->size() == 1) {
            if (message->front() != get_atr)
                card.card().reset(); // power off, power on, reset: not answered
            else if (!reader.send(card.card().atr()))
                return false;
            continue;
        }
        try {
            if (!reader.send(card.transmit(*message)))
                return false;
        } catch (const no_answer&) {
            return true;
        }
    }
    return false;
}

} // namespace

void serve_vpcd(stored_card& card, const std::string& host, const std::string& port) {
    while (true) {
        {
            connection reader(host, port);
            if (!serve(reader, card))
                return;
        } // to pcscd, a card that was taken out
        std::this_thread::sleep_for(away);
        card.card().reset();
    }
}

} // namespace tsms::lab
