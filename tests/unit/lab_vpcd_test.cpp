// The card's end of the virtual PC/SC reader, against a reader of the test's own.

#include "lab/card/card.hpp"
#include "lab/card/personality.hpp"
#include "lab/vpcd.hpp"

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace tsms;

namespace {

/// What pcscd's vpcd driver does: listens, sends length and payload separately, reads an answer where one is due.
class reader {
public:
    reader() : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        BOOST_REQUIRE(::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) == 0);
        BOOST_REQUIRE(::listen(listening_, 1) == 0);
        BOOST_REQUIRE(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port = std::to_string(ntohs(address.sin_port));
    }
    ~reader() {
        ::close(connection_);
        ::close(listening_);
    }
    void accept() {
        if (connection_ >= 0)
            ::close(connection_);
        const timeval long_patience{20, 0};
        ::setsockopt(listening_, SOL_SOCKET, SO_RCVTIMEO, &long_patience, sizeof long_patience);
        connection_ = ::accept(listening_, nullptr, nullptr);
        BOOST_REQUIRE(connection_ >= 0);
        const timeval patience{5, 0};
        ::setsockopt(connection_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    void send(bytes_view payload) {
        const bytes head{static_cast<std::uint8_t>(payload.size() >> 8), static_cast<std::uint8_t>(payload.size())};
        BOOST_REQUIRE(::send(connection_, head.data(), head.size(), MSG_NOSIGNAL) == 2);
        BOOST_REQUIRE(::send(connection_, payload.data(), payload.size(), MSG_NOSIGNAL) == std::ssize(payload));
    }
    std::string answer() {
        std::uint8_t head[2];
        BOOST_REQUIRE(::recv(connection_, head, 2, MSG_WAITALL) == 2);
        bytes payload(static_cast<std::size_t>(head[0] << 8 | head[1]));
        BOOST_REQUIRE(::recv(connection_, payload.data(), payload.size(), MSG_WAITALL) == std::ssize(payload));
        return to_hex(payload);
    }
    /// True where the card has left the reader.
    bool is_empty() {
        std::uint8_t octet;
        return ::recv(connection_, &octet, 1, 0) == 0;
    }
    void hang_up() { ::shutdown(connection_, SHUT_RDWR); }

    std::string port;

private:
    int listening_;
    int connection_ = -1;
};

} // namespace

BOOST_AUTO_TEST_SUITE(lab_vpcd)

BOOST_AUTO_TEST_CASE(a_reader_powers_and_asks_the_card) {
    const auto file = std::filesystem::temp_directory_path() / ("tsms-lab-vpcd-" + crypto::system_random().uuid());
    const auto& personality = *lab::find_personality("jc305");
    lab::stored_card card(file, personality, crypto::system_random());
    reader r;
    std::thread serving([&] { lab::serve_vpcd(card, "127.0.0.1", r.port); });
    r.accept();
    r.send(hex("01")); // power on, not answered
    r.send(hex("04"));
    BOOST_TEST(r.answer() == to_hex(personality.atr()));
    r.send(hex("00A4040000"));
    BOOST_TEST(r.answer() == "6F108408A000000151000000A5049F6501FF9000");
    r.send(hex("0070000001"));
    BOOST_TEST(r.answer() == "019000");
    r.send(hex("02")); // reset closes the logical channel
    r.send(hex("81CA006600"));
    BOOST_TEST(r.answer() == "6881");
    r.hang_up();
    serving.join();
    std::filesystem::remove(file);
}

BOOST_AUTO_TEST_CASE(a_card_without_power_leaves_the_reader_and_comes_back) {
    const auto file = std::filesystem::temp_directory_path() / ("tsms-lab-vpcd-" + crypto::system_random().uuid());
    lab::stored_card card(file, *lab::find_personality("jc305"), crypto::system_random(),
                          "tear-after@get-data:1,mute@get-data:2");
    reader r;
    std::thread serving([&] { lab::serve_vpcd(card, "127.0.0.1", r.port); });
    for (int fault = 0; fault < 2; ++fault) {
        r.accept();
        r.send(hex("80CA006600"));
        BOOST_TEST(r.is_empty());
    }
    r.accept();
    r.send(hex("01"));
    r.send(hex("80CA004200"));
    BOOST_TEST(r.answer() == "420249509000");
    r.hang_up();
    serving.join();
    std::filesystem::remove(file);
}

BOOST_AUTO_TEST_CASE(no_reader_is_said_so) {
    const auto file = std::filesystem::temp_directory_path() / ("tsms-lab-vpcd-" + crypto::system_random().uuid());
    lab::stored_card card(file, *lab::find_personality("jc305"), crypto::system_random());
    BOOST_CHECK_THROW(lab::serve_vpcd(card, "127.0.0.1", "1"), lab::vpcd_error);
    std::filesystem::remove(file);
}

BOOST_AUTO_TEST_SUITE_END()
