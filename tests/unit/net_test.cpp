// Listener and client against each other over real TLS on loopback, and against peers that do not behave.

#include "tests/unit/net_peer.hpp"

#include "http/net/budget.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <future>
#include <mutex>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

using namespace tsms;
using namespace std::chrono_literals;
using namespace tsms::net_peer;

namespace {

net::network_cause cause_of(net::tls_client& client, const char* target = "/") {
    try {
        client.get(target);
    } catch (const net::network_error& e) {
        return e.cause();
    }
    throw std::runtime_error("an answer came");
}

} // namespace

BOOST_AUTO_TEST_SUITE(net_)

BOOST_AUTO_TEST_CASE(header_names_and_queries) {
    net::header_fields h{{"Content-Type", "a"}, {"X", "1"}, {"x", "2"}};
    BOOST_TEST(h.get("content-type") == "a");
    BOOST_TEST(h.count("X") == 2u);
    h.set("X", "3");
    BOOST_TEST(h.count("x") == 1u);
    BOOST_TEST(*net::percent_decode("a%2Fb+%00").operator->() == std::string("a/b+\0", 5));
    BOOST_TEST(!net::percent_decode("%2").has_value());
    BOOST_TEST(!net::percent_decode("%zz").has_value());
    BOOST_TEST(net::percent_encode("a/b ü") == "a%2Fb%20%C3%BC");
    const auto query = net::parse_query("a=1&b=x+y%26&c&a=2");
    BOOST_REQUIRE(query.has_value());
    BOOST_TEST(query->count("a") == 2u);
    BOOST_TEST(query->find("b")->second == "x y&");
    BOOST_TEST(query->find("c")->second == "");
    BOOST_TEST(!net::parse_query("a=%1").has_value());
}

BOOST_AUTO_TEST_CASE(exchanges_on_one_connection) {
    net::tls_server server(quick());
    server.start(echo);
    net::tls_client client(trusting(server));
    for (int i = 0; i < 5; ++i) {
        const auto answer = client.post_json("/a%2Fb?x=1", "body");
        BOOST_TEST(answer.status == 200);
        BOOST_TEST(answer.body == "POST /a%2Fb?x=1 body");
        BOOST_TEST(server.connections() == 1u);
    }
    BOOST_TEST(client.counted().requests == 5u);
    BOOST_TEST(client.counted().received > 5u * 20);
    BOOST_TEST(client.exchange("GET", "/get", {}, "with body").body == "GET /get with body");
    BOOST_TEST(client.exchange("HEAD", "/head").body == "");
    BOOST_TEST(client.get("/throw").status == 500);
    BOOST_TEST(client.get("/%").status == 200);
    BOOST_TEST(client.get("/x?a=%").status == 400);
    BOOST_TEST(client.post_json("/", std::string(1001, 'x')).body == "POST / TOO LARGE");
    // The server closes an idle connection; the client notices before it writes.
    std::this_thread::sleep_for(500ms);
    BOOST_TEST(client.get("/again").status == 200);
}

// RFC 9110 9.3.2: also what is refused before any handler sees it has no body behind HEAD.
BOOST_AUTO_TEST_CASE(a_handler_that_waits_learns_that_its_peer_has_gone) {
    enum class way { stays, sends_more, ends_sending, closes, resets };
    for (const bool tls : {true, false})
        for (const auto how : {way::stays, way::sends_more, way::ends_sending, way::closes, way::resets}) {
            auto options = quick();
            if (!tls)
                options.identity.reset();
            net::tls_server server(options);
            std::promise<bool> first, later;
            std::promise<void> done;
            server.start([&](const net::request& r) {
                first.set_value(r.peer_gone());
                const auto until = clock_type::now() + 300ms;
                bool gone = false;
                while (!gone && clock_type::now() < until) {
                    std::this_thread::sleep_for(5ms);
                    gone = r.peer_gone();
                }
                later.set_value(gone);
                return net::response{};
            });
            const auto deadline = clock_type::now() + 3s;
            auto fd = net::connect_tcp("127.0.0.1", server.port(), deadline, [](auto) {});
            net::connection c(fd);
            const auto context = net::client_context(certificates().ca.certificate_pem, std::nullopt);
            if (tls)
                c.connect_tls(context.get(), "127.0.0.1", deadline);
            c.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n", deadline);
            BOOST_TEST(!first.get_future().get());
            if (how == way::sends_more)
                c.write("GET / HTTP/1.1\r\n", deadline); // and has not gone
            else if (how == way::ends_sending)
                ::shutdown(fd->get(), SHUT_WR);
            else if (how == way::closes)
                fd->close();
            else if (how == way::resets) {
                fd->discard_unsent();
                fd->close();
            }
            BOOST_TEST(later.get_future().get() == (how != way::stays && how != way::sends_more),
                       "tls " << tls << ", way " << static_cast<int>(how));
        }
}

BOOST_AUTO_TEST_CASE(a_refused_head_request_gets_no_body) {
    auto options = quick();
    options.on_refusal = [](int status, std::string_view reason) {
        return net::json_response(status, std::string(reason));
    };
    net::tls_server server(options);
    server.start(echo);
    const auto expect_refusal = [&](const char* status, const std::string& rest) {
        const auto head = raw(server.port(), "HEAD / HTTP/1.1\r\n" + rest);
        BOOST_TEST(head.starts_with("HTTP/1.1 " + std::string(status)), head);
        BOOST_TEST(head.find("\r\n\r\n") == head.size() - 4, head);
        const auto get = raw(server.port(), "GET / HTTP/1.1\r\n" + rest); // says why
        BOOST_TEST(get.find("\r\n\r\n") < get.size() - 4, get);
    };
    expect_refusal("417", "Host: x\r\nExpect: x\r\n\r\n");
    expect_refusal("400", "\r\n");
    expect_refusal("400", "Host: x\r\nnonsense\r\n\r\n"); // its line is whole, its fields are not
    expect_refusal("501", "Host: x\r\nTransfer-Encoding: gzip\r\n\r\n");
    expect_refusal("408", "Host: x\r\nContent-Length: 10\r\n\r\n"); // and nothing follows
}

BOOST_AUTO_TEST_CASE(nothing_can_be_read_in_two_ways) {
    net::tls_server server(quick());
    server.start(echo);
    const std::string host = "Host: x\r\n";
    const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";
    // A body on a GET is its body and never the next request.
    const auto with_body =
        raw(server.port(), "GET / HTTP/1.1\r\n" + host + "Content-Length: " + std::to_string(hidden.size()) +
                               "\r\nConnection: close\r\n\r\n" + hidden);
    BOOST_TEST(answers(with_body) == 1u);
    BOOST_TEST(with_body.find("GET / GET /hidden") != with_body.npos);
    const std::string_view broken[] = {
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: 3, 3\r\n",
        "Content-Length: +3\r\n",
        "Content-Length: 0x3\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length:\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length : 3\r\n",
        "Host: y\r\n",
        "X\r\n",
        "X: \x01\r\n",
    };
    for (const auto fields : broken) {
        const auto text = raw(server.port(), "POST / HTTP/1.1\r\n" + host + std::string(fields) +
                                                 "\r\n3\r\nabc\r\n0\r\n\r\n" + hidden);
        BOOST_TEST_CONTEXT(fields) {
            BOOST_TEST(answers(text) == 1u);
            BOOST_TEST(text.find(" 200 ") == text.npos);
            BOOST_TEST(text.find("hidden") == text.npos);
        }
    }
    for (const std::string head :
         {"GET / HTTP/1.1\r\n", "GET / HTTP/2.0\r\nHost: x\r\n", "GET http://x/ HTTP/1.1\r\nHost: x\r\n",
          "GET  / HTTP/1.1\r\nHost: x\r\n", "GET / HTTP/1.1\nHost: x\n", "\x16\x03\x01\r\n"}) {
        const auto text = raw(server.port(), head + "\r\n" + hidden);
        BOOST_TEST(answers(text) == 1u);
        BOOST_TEST(text.find(" 200 ") == text.npos);
    }
}

BOOST_AUTO_TEST_CASE(chunks_and_limits) {
    net::tls_server server(quick());
    server.start(echo);
    const std::string post = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    BOOST_TEST(raw(server.port(), post + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: x\r\n\r\n").ends_with("POST / abcde"));
    std::string many = post;
    for (int i = 0; i < 300; ++i)
        many += "4\r\nabcd\r\n";
    BOOST_TEST(raw(server.port(), many + "0\r\n\r\n").ends_with("TOO LARGE"));
    BOOST_TEST(raw(server.port(), post + "zz\r\n").find(" 400 ") != std::string::npos);
    BOOST_TEST(raw(server.port(), post + "1;" + std::string(40000, 'x')).find(" 400 ") != std::string::npos);
    std::string fields = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (int i = 0; i < 70; ++i)
        fields += "A: b\r\n";
    BOOST_TEST(raw(server.port(), fields + "\r\n").find(" 431 ") != std::string::npos);
    BOOST_TEST(raw(server.port(), "GET / HTTP/1.1\r\nA: " + std::string(20000, 'a')).find(" 431 ") !=
               std::string::npos);
    const auto expecting =
        raw(server.port(), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n");
    BOOST_TEST(expecting.find(" 100 ") == std::string::npos);
    BOOST_TEST(expecting.ends_with("TOO LARGE"));
    // Whoever sends nothing more is cut off, and told so.
    const auto start = clock_type::now();
    BOOST_TEST(
        raw(server.port(), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na").starts_with("HTTP/1.1 408 "));
    BOOST_CHECK(clock_type::now() - start < 1500ms);
}

BOOST_AUTO_TEST_CASE(mutual_tls) {
    auto options = quick();
    options.clients = net::client_auth::optional;
    options.client_ca_pem = certificates().ca.certificate_pem;
    net::tls_server optional(options);
    optional.start(echo);
    net::tls_client anonymous(trusting(optional));
    BOOST_TEST(anonymous.get("/").headers.find("X-Peer") == nullptr);
    auto known = trusting(optional);
    known.identity = net::tls_identity{certificates().client.certificate_pem, certificates().client.key};
    net::tls_client phone(known);
    BOOST_TEST(phone.get("/").headers.get("x-peer") == "CN=phone");

    const auto stranger_ca = crypto::make_ca("Stranger CA");
    const auto stranger = crypto::make_client_certificate(stranger_ca, "stranger");
    known.identity = net::tls_identity{stranger.certificate_pem, stranger.key};
    net::tls_client refused(known);
    BOOST_CHECK_THROW(refused.get("/"), net::network_error);

    options.clients = net::client_auth::required;
    net::tls_server required(options);
    required.start(echo);
    net::tls_client nobody(trusting(required));
    BOOST_CHECK_THROW(nobody.get("/"), net::network_error);
}

BOOST_AUTO_TEST_CASE(the_client_tells_why_no_answer_came) {
    net::tls_server server(quick());
    server.start([](const net::request& r) {
        if (r.path == "/slow")
            std::this_thread::sleep_for(700ms);
        return net::json_response(200, std::string(5000, 'x'));
    });
    auto options = trusting(server);
    options.ca_pem = crypto::make_ca("Other CA").certificate_pem;
    net::tls_client distrusting(options);
    BOOST_CHECK(cause_of(distrusting) == net::network_cause::tls);

    options = trusting(server);
    options.pin_fingerprint = std::string(64, '0');
    net::tls_client pinned(options);
    BOOST_CHECK(cause_of(pinned) == net::network_cause::tls);
    options.pin_fingerprint = crypto::parse_certificate(as_bytes(certificates().server.certificate_pem))->fingerprint;
    net::tls_client rightly_pinned(options);
    BOOST_TEST(rightly_pinned.get("/").status == 200);

    options = trusting(server);
    options.read_timeout = 200ms;
    net::tls_client hasty(options);
    BOOST_CHECK(cause_of(hasty, "/slow") == net::network_cause::timeout);
    options.read_timeout = 5s;
    options.body_limit = 100;
    net::tls_client small(options);
    BOOST_CHECK(cause_of(small) == net::network_cause::protocol);

    net::tls_client cancelled(trusting(server));
    auto waiting = std::async(std::launch::async, [&] { return cause_of(cancelled, "/slow"); });
    std::this_thread::sleep_for(200ms);
    const auto start = clock_type::now();
    cancelled.cancel();
    BOOST_CHECK(waiting.get() == net::network_cause::cancelled);
    BOOST_CHECK(clock_type::now() - start < 300ms);
    BOOST_CHECK(cause_of(cancelled) == net::network_cause::cancelled);

    BOOST_REQUIRE(server.stop());
    net::tls_client late(trusting(server));
    BOOST_CHECK(cause_of(late) == net::network_cause::connect);
    options.base_url = "https://localhost.invalid";
    net::tls_client lost(options);
    BOOST_CHECK(cause_of(lost) == net::network_cause::resolve);
    for (const auto* bad : {"http://x", "https://", "https://x:0", "https://x:y", "https://a b", "https://x:99999"}) {
        options.base_url = bad;
        BOOST_CHECK_THROW(net::tls_client{options}, net::configuration_error);
    }
    BOOST_CHECK_THROW(hasty.get("/a\r\nX: y"), std::invalid_argument);
    BOOST_CHECK_THROW(hasty.get("/", {{"X", "a\r\nY: z"}}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(stopping_ends_idle_connections_at_once) {
    auto options = quick();
    options.keep_alive = 30s;
    net::tls_server server(options);
    std::atomic<bool> inside = false;
    server.start([&](const net::request& r) {
        if (r.path == "/work") {
            inside = true;
            std::this_thread::sleep_for(300ms);
        }
        return net::response{};
    });
    std::vector<net::tls_client> idle;
    for (int i = 0; i < 8; ++i)
        idle.emplace_back(trusting(server)).get("/");
    auto working =
        std::async(std::launch::async, [&] { return net::tls_client(trusting(server)).get("/work").status; });
    while (!inside)
        std::this_thread::sleep_for(1ms);
    const auto start = clock_type::now();
    BOOST_TEST(server.stop(2s));
    BOOST_CHECK(clock_type::now() - start < 1500ms);
    BOOST_TEST(working.get() == 200); // what runs is still answered
}

/// A TCP connection from one of the loopback addresses that says nothing.
class silent_peer {
public:
    silent_peer(const net::tls_server& server, const char* from)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        ::inet_pton(AF_INET, from, &address.sin_addr);
        BOOST_REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
        address.sin_port = htons(server.port());
        BOOST_REQUIRE(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }
    /// Whether the server has closed it, or does so in time.
    bool closed_within(std::chrono::milliseconds time) const {
        pollfd entry{fd_.get(), POLLIN, 0};
        return ::poll(&entry, 1, static_cast<int>(time.count())) == 1;
    }

private:
    net::descriptor fd_;
};

std::uint64_t refused(const net::tls_server& server, net::refusal why) {
    return server.counted().refused[static_cast<std::size_t>(why)];
}

BOOST_AUTO_TEST_CASE(an_address_cannot_keep_the_others_out) {
    auto options = quick();
    options.max_connections = 8;
    options.max_of_address = 3;
    std::vector<net::refusal_report> told;
    std::mutex mutex;
    options.on_turned_away = [&](const net::refusal_report& report) {
        const std::lock_guard lock(mutex);
        told.push_back(report);
    };
    net::tls_server server(options);
    server.start(echo);
    std::deque<silent_peer> held;
    for (int i = 0; i < 3; ++i)
        held.emplace_back(server, "127.0.0.2");
    BOOST_TEST(!held.back().closed_within(100ms));
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(silent_peer(server, "127.0.0.2").closed_within(2s));
    BOOST_TEST(refused(server, net::refusal::address) == 5u);
    BOOST_TEST(server.counted().unproven == 3u);
    net::tls_client other(trusting(server)); // of 127.0.0.1
    BOOST_TEST(other.get("/").status == 200);
    BOOST_TEST(server.counted().unproven == 3u);
    BOOST_TEST(!server.counted().full);
    const std::lock_guard lock(mutex);
    BOOST_REQUIRE(told.size() == 1u); // one line, not one for each
    BOOST_CHECK(told[0].why == net::refusal::address);
    BOOST_TEST(told[0].address == "127.0.0.2");
}

BOOST_AUTO_TEST_CASE(several_addresses_cannot_keep_the_others_out) {
    auto options = quick();
    options.max_connections = 8;
    options.max_of_address = 3;
    net::tls_server server(options);
    server.start(echo);
    std::deque<silent_peer> held;
    for (const auto* from : {"127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.3"})
        held.emplace_back(server, from);
    BOOST_TEST(silent_peer(server, "127.0.0.3").closed_within(2s)); // the share of the unproven: 4
    BOOST_TEST(refused(server, net::refusal::unproven) == 1u);
    BOOST_TEST(server.counted().full);
    net::tls_client other(trusting(server));
    BOOST_TEST(other.get("/").status == 200);
    BOOST_TEST(refused(server, net::refusal::displaced) == 1u);
    BOOST_TEST(held.front().closed_within(2s));
    BOOST_TEST(server.counted().handshakes_failed == 0u); // it was our doing
}

BOOST_AUTO_TEST_CASE(who_says_nothing_has_a_short_time) {
    auto options = quick();
    options.handshake_deadline = 200ms;
    options.head_deadline = 200ms;
    options.transfer = {};
    net::tls_server server(options);
    server.start(echo);
    const auto start = clock_type::now();
    silent_peer silent(server, "127.0.0.1");
    BOOST_TEST(silent.closed_within(2s));
    BOOST_TEST(raw(server.port(), "").empty()); // a handshake and no request
    // A head that never ends.
    BOOST_TEST(raw(server.port(), "GET / HTTP/1.1\r\nHost: x\r\nX: ").starts_with("HTTP/1.1 408 "));
    BOOST_TEST(raw(server.port(), "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n").find(" 200 ") !=
               std::string::npos);
    BOOST_CHECK(clock_type::now() - start < 3s);
    BOOST_TEST(server.counted().handshakes_timed_out == 1u);
    BOOST_TEST(server.counted().requests_timed_out == 3u);
    raw(server.port(), "no TLS", false);
    BOOST_TEST(server.counted().handshakes_failed == 1u);
    BOOST_TEST(server.counted().accepted == 5u);
}

BOOST_AUTO_TEST_CASE(a_client_that_is_turned_away_is_told_so) {
    auto options = quick();
    options.max_connections = 1;
    net::tls_server server(options);
    std::atomic<bool> inside = false;
    server.start([&](const net::request&) {
        inside = true;
        std::this_thread::sleep_for(500ms);
        return net::response{};
    });
    auto first = std::async(std::launch::async, [&] { return net::tls_client(trusting(server)).get("/").status; });
    while (!inside)
        std::this_thread::sleep_for(1ms);
    net::tls_client second(trusting(server));
    BOOST_CHECK(cause_of(second) == net::network_cause::turned_away);
    BOOST_TEST(refused(server, net::refusal::address) == 1u);
    BOOST_TEST(first.get() == 200);
}

BOOST_AUTO_TEST_CASE(bodies_share_what_they_may_hold) {
    const auto memory = std::make_shared<net::budget>(10);
    net::counted_body first(memory, 4);
    BOOST_TEST(first.take(std::string(6, 'x')));
    BOOST_TEST(first.take(std::string(8, 'x')));
    BOOST_TEST(memory->left() == 0u);
    {
        net::counted_body second(memory, 4);
        BOOST_TEST(second.take("1234")); // always
        BOOST_TEST(!second.take("5"));
        BOOST_TEST(second.no_room());
        BOOST_TEST(second.text() == "1234");
    }
    BOOST_TEST(!first.take("x"));
    BOOST_TEST(first.text().size() == 14u);
}

BOOST_AUTO_TEST_CASE(one_peer_does_not_hold_all_memory_of_bodies) {
    const auto memory = std::make_shared<net::budget>(10);
    net::peer_budgets peers(4);
    {
        net::counted_body first(memory, 1, {peers.of("192.0.2.1")});
        net::counted_body second(memory, 1, {peers.of("192.0.2.1")});
        BOOST_TEST(first.take("12345"));
        BOOST_TEST(second.take("1")); // always
        BOOST_TEST(!second.take("2"));
        BOOST_TEST(second.no_room());
        net::counted_body other(memory, 1, {peers.of("192.0.2.2")});
        BOOST_TEST(other.take("12345"));
        BOOST_TEST(!other.take("6"));
        BOOST_TEST(memory->left() == 2u);
    }
    BOOST_TEST(memory->left() == 10u);
    net::counted_body again(memory, 0, {peers.of("192.0.2.1")});
    BOOST_TEST(again.take("1234"));
    BOOST_TEST(peers.peers() == 1u); // the others are forgotten
}

BOOST_AUTO_TEST_CASE(plain_http_only_on_loopback) {
    net::server_options options;
    net::tls_server server(options);
    server.start(echo);
    BOOST_TEST(raw(server.port(), "GET / HTTP/1.0\r\n\r\n", false).find(" 200 OK") != std::string::npos);
    options.address = "0.0.0.0";
    BOOST_CHECK_THROW(net::tls_server{options}, net::configuration_error);
    options.address = "127.0.0.1";
    options.port = server.port();
    BOOST_CHECK_THROW(net::tls_server{options}, net::configuration_error);
    options.port = 0;
    options.identity = net::tls_identity{certificates().server.certificate_pem, certificates().client.key};
    BOOST_CHECK_THROW(net::tls_server{options}, net::configuration_error);
}

BOOST_AUTO_TEST_SUITE_END()
