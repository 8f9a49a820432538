// A request's head and body at their limits (RFC 9110 15.5.14, RFC 6585 5), over a listener without TLS.

#include "http/net/connection.hpp"
#include "http/net/server.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace std::chrono_literals;

namespace {

struct listener {
    listener() : server(options()) {
        server.start([](const net::request& r) {
            return net::json_response(200, std::to_string(r.headers.size()) + " fields, " +
                                               std::to_string(r.body.size()) + " octets" +
                                               (r.body_too_large ? ", too large" : ""));
        });
    }
    static net::server_options options() {
        net::server_options o;
        o.body_limit = 1000;
        return o;
    }
    /// Status and body of the first answer, and whether the connection stays.
    std::string answer(const std::string& request) const {
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        net::connection c(net::connect_tcp("127.0.0.1", server.port(), deadline, [](auto) {}));
        c.write(request, deadline);
        std::string all;
        char block[4096];
        while (const auto count = c.read(block, sizeof block, deadline))
            all.append(block, count);
        const auto status = all.substr(std::min<std::size_t>(9, all.size()), 3);
        const auto body = all.find("\r\n\r\n");
        return status + (status == "200" ? " " + all.substr(body + 4) : "");
    }
    net::tls_server server;
};

const std::string start = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";

} // namespace

BOOST_AUTO_TEST_SUITE(http_bounds)

BOOST_AUTO_TEST_CASE(sixty_four_fields_and_no_more) {
    const listener l;
    const auto with_fields = [&](int count) {
        auto request = start;
        for (int k = 2; k < count; ++k)
            request += "A: b\r\n";
        return l.answer(request + "\r\n");
    };
    BOOST_TEST(with_fields(64) == "200 64 fields, 0 octets");
    BOOST_TEST(with_fields(65) == "431");
}

// The parser counts the request line and the fields behind it each for itself, and of the fields those that are not
// parsed yet: what comes in the first read may be beyond the limit by as much.
BOOST_AUTO_TEST_CASE(request_line_and_fields_of_16384_octets) {
    const listener l;
    const std::string line = "POST / HTTP/1.1\r\n";
    const auto with_fields = [&](std::size_t octets) {
        const auto fixed = start.size() - line.size() + std::string("A: \r\n\r\n").size();
        return l.answer(start + "A: " + std::string(octets - fixed, 'a') + "\r\n\r\n");
    };
    BOOST_TEST(with_fields(16384) == "200 3 fields, 0 octets");
    BOOST_TEST(with_fields(2 * 16384) == "431");
    const auto with_line = [&](std::size_t octets) {
        return l.answer("POST /" + std::string(octets - line.size(), 'x') + start.substr(std::string("POST /").size()) +
                        "\r\n");
    };
    BOOST_TEST(with_line(16384) == "200 2 fields, 0 octets");
    BOOST_TEST(with_line(16385) == "431");
}

// Fields that come one by one are parsed one by one: the head as a whole has a limit all the same, before it ends.
BOOST_AUTO_TEST_CASE(a_head_that_never_ends_is_refused) {
    const listener l;
    for (const std::string field :
         {"A: b\r\n", "A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n"}) {
        std::string endless = start;
        while (endless.size() < 200000)
            endless += field;
        const auto begun = std::chrono::steady_clock::now();
        BOOST_TEST(l.answer(endless) == "431");
        BOOST_TEST((std::chrono::steady_clock::now() - begun < 3s)); // not by the deadline of the head
    }
}

BOOST_AUTO_TEST_CASE(a_body_has_at_most_its_limit) {
    const listener l;
    const auto with_body = [&](std::size_t octets) {
        return l.answer(start + "Content-Length: " + std::to_string(octets) + "\r\n\r\n" + std::string(octets, 'x'));
    };
    BOOST_TEST(with_body(0) == "200 3 fields, 0 octets");
    BOOST_TEST(with_body(999) == "200 3 fields, 999 octets");
    BOOST_TEST(with_body(1000) == "200 3 fields, 1000 octets");
    BOOST_TEST(with_body(1001).ends_with(", too large"));
    const auto in_chunks = [&](std::size_t octets) {
        char size[20];
        std::snprintf(size, sizeof size, "%zx", octets);
        return l.answer(start + "Transfer-Encoding: chunked\r\n\r\n" + size + "\r\n" + std::string(octets, 'x') +
                        "\r\n0\r\n\r\n");
    };
    BOOST_TEST(in_chunks(1000) == "200 3 fields, 1000 octets");
    BOOST_TEST(in_chunks(1001).ends_with(", too large"));
}

BOOST_AUTO_TEST_SUITE_END()
