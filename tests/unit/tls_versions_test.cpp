// What a server of ours takes of TLS (TR 2.1.4, TR-03116-4): 1.2 with forward secrecy and authenticated encryption, and
// 1.3.

#include "tests/unit/net_peer.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <openssl/ssl.h>

using namespace tsms;
using namespace tsms::net_peer;

namespace {

/// The handshake of a client that can do this version and these suites alone, and minds no weakness.
bool is_taken(std::uint16_t port, int version, const char* suites) {
    const auto socket =
        net::connect_tcp("127.0.0.1", port, clock_type::now() + 3s, [](std::shared_ptr<net::descriptor>) {});
    BOOST_REQUIRE(::fcntl(socket->get(), F_SETFL, ::fcntl(socket->get(), F_GETFL) & ~O_NONBLOCK) == 0);
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_set_security_level(context.get(), 0);
    BOOST_REQUIRE(SSL_CTX_set_min_proto_version(context.get(), version) == 1);
    BOOST_REQUIRE(SSL_CTX_set_max_proto_version(context.get(), version) == 1);
    BOOST_REQUIRE(SSL_CTX_set_cipher_list(context.get(), suites) == 1);
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
    SSL_set_fd(ssl.get(), socket->get());
    return SSL_connect(ssl.get()) == 1;
}

} // namespace

BOOST_AUTO_TEST_SUITE(tls_versions)

BOOST_AUTO_TEST_CASE(older_ones_and_weak_suites_are_refused) {
    net::tls_server server(quick());
    server.start(echo);
    const struct {
        int version;
        const char* suites;
        bool taken;
    } rows[] = {
        {TLS1_VERSION, "ALL", false},
        {TLS1_1_VERSION, "ALL", false},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", true},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", true},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256", false}, // no authenticated encryption
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA", false},
        {TLS1_2_VERSION, "ECDHE-ECDSA-NULL-SHA", false},
        {TLS1_2_VERSION, "AECDH-AES128-SHA", false}, // nobody is authenticated
        {TLS1_3_VERSION, "ALL", true},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(std::hex << row.version << " " << row.suites)
    BOOST_TEST(is_taken(server.port(), row.version, row.suites) == row.taken);
}

BOOST_AUTO_TEST_SUITE_END()
