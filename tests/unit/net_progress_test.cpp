// Which transfers are too slow: the rule alone, and both ends of a connection that keep it.

#include "tests/unit/net_slow_link.hpp"

#include "http/net/progress.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <sys/socket.h>
#include <thread>

using namespace tsms;
using namespace tsms::net_peer;

namespace {

const clock_type::time_point t0{};

/// 1000 octets in each window of ten seconds.
constexpr net::pace rule{100, 10s, 30s};

/// Sends a head and then pieces, each after a pause, and returns the answer.
std::string in_pieces(std::uint16_t port, const std::string& head, std::size_t pieces, std::size_t octets,
                      std::chrono::milliseconds pause) {
    const auto deadline = clock_type::now() + 20s;
    net::connection c(net::connect_tcp("127.0.0.1", port, deadline, [](auto) {}));
    const auto context = net::client_context(certificates().ca.certificate_pem, std::nullopt);
    c.connect_tls(context.get(), "127.0.0.1", deadline);
    std::string answer;
    try {
        c.write(head, deadline);
        for (std::size_t i = 0; i < pieces && !c.stale(); ++i) {
            c.write(std::string(octets, 'x'), deadline);
            std::this_thread::sleep_for(pause);
        }
    } catch (const net::network_error&) {
        // The server has closed: its answer is there.
    }
    char block[4096];
    while (const auto count = c.read(block, sizeof block, deadline))
        answer.append(block, count);
    return answer;
}

std::string post(std::size_t octets) {
    return "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + std::to_string(octets) + "\r\n\r\n";
}

net::server_options scaled() {
    auto options = quick();
    options.body_limit = 1 << 20;
    options.transfer = {2000, 500ms, 500ms}; // 1000 octets in half a second
    return options;
}

} // namespace

BOOST_AUTO_TEST_SUITE(net_progress)

BOOST_AUTO_TEST_CASE(a_window_needs_its_octets_and_no_more) {
    net::progress enough(rule, t0);
    enough.content(10000);
    BOOST_CHECK(enough.deadline() == t0 + 10s);
    enough.moved(999, t0 + 9s);
    BOOST_CHECK(enough.deadline() == t0 + 10s);
    enough.moved(1, t0 + 10s);
    BOOST_CHECK(enough.deadline() == t0 + 20s); // the next window begins
    enough.moved(1001, t0 + 11s);
    BOOST_CHECK(enough.deadline() == t0 + 21s); // what was fast has no credit
    enough.moved(999, t0 + 12s);
    BOOST_CHECK(enough.deadline() == t0 + 21s);
}

BOOST_AUTO_TEST_CASE(the_whole_grows_with_the_content_alone) {
    net::progress by(rule, t0);
    by.content(100);
    for (int i = 0; i < 100; ++i)
        by.moved(1000, t0 + std::chrono::seconds(i / 4)); // framing, most of it
    BOOST_CHECK(by.deadline() == t0 + 31s);
    by.content(200);
    BOOST_CHECK(by.deadline() == t0 + 32s);
    by.content(100); // never less
    BOOST_CHECK(by.deadline() == t0 + 32s);
    BOOST_CHECK(rule.time_for(0) == 30s);
    BOOST_CHECK(rule.time_for(99) == 30990ms);
    BOOST_CHECK(rule.time_for(100) == 31s);
}

BOOST_AUTO_TEST_CASE(a_fixed_deadline_is_not_moved) {
    auto by = net::progress::until(t0 + 5s);
    by.content(1 << 20);
    by.moved(1 << 20, t0 + 1s);
    BOOST_CHECK(by.deadline() == t0 + 5s);
}

/// The octets of a record that is not complete are content for as long as nobody sees what they are.
BOOST_AUTO_TEST_CASE(a_record_on_its_way_gives_the_time_of_one_record) {
    net::progress by(rule, t0);
    by.moved(5000, t0 + 29s); // the window is not what ends it
    by.content(100);
    by.coming(300);
    BOOST_CHECK(by.deadline() == t0 + 34s);
    by.coming(0); // it was complete, and brought nothing
    BOOST_CHECK(by.deadline() == t0 + 31s);
    net::progress most({100, 1000s, 30s}, t0);
    most.coming(16384);
    BOOST_CHECK(most.deadline() == t0 + 30s + 163840ms);
    most.coming(16385);
    BOOST_CHECK(most.deadline() == t0 + 30s + 163840ms);
}

BOOST_AUTO_TEST_CASE(a_beginning_is_moved_by_its_record_alone) {
    auto by = net::progress::begins_until(t0 + 5s, rule);
    by.content(1 << 20);
    by.moved(1 << 20, t0 + 1s);
    BOOST_CHECK(by.deadline() == t0 + 5s);
    by.coming(200);
    BOOST_CHECK(by.deadline() == t0 + 7s);
}

/// It takes three times as long as any fixed deadline of its size would give it, and is fast enough all the time.
BOOST_AUTO_TEST_CASE(an_honest_slow_body_arrives) {
    net::tls_server server(scaled());
    server.start([](const net::request& r) { return net::json_response(200, std::to_string(r.body.size())); });
    const auto answer = in_pieces(server.port(), post(6000), 20, 300, 75ms); // 4000 octets a second
    BOOST_TEST(answer.starts_with("HTTP/1.1 200 "));
    BOOST_TEST(answer.ends_with("6000"));
    BOOST_TEST(server.counted().requests_timed_out == 0u);
}

BOOST_AUTO_TEST_CASE(a_dripping_body_is_cut_and_told) {
    auto options = scaled();
    options.on_refusal = [](int status, std::string_view reason) {
        return net::json_response(status, "refused: " + std::string(reason));
    };
    net::tls_server server(options);
    server.start(echo);
    const auto start = clock_type::now();
    const auto answer = in_pieces(server.port(), post(6000), 100, 1, 100ms);
    BOOST_CHECK(clock_type::now() - start < 2s);
    BOOST_TEST(answer.starts_with("HTTP/1.1 408 "));
    BOOST_TEST(answer.ends_with("refused: the request did not come in time"));
    BOOST_TEST(server.counted().requests_timed_out == 1u);
}

/// Extensions of chunks move a lot and bring nothing.
BOOST_AUTO_TEST_CASE(framing_is_no_content) {
    net::tls_server server(scaled());
    server.start(echo);
    const auto start = clock_type::now();
    const auto deadline = start + 20s;
    net::connection c(net::connect_tcp("127.0.0.1", server.port(), deadline, [](auto) {}));
    const auto context = net::client_context(certificates().ca.certificate_pem, std::nullopt);
    c.connect_tls(context.get(), "127.0.0.1", deadline);
    std::string answer;
    try {
        c.write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", deadline);
        for (int i = 0; i < 100 && !c.stale(); ++i) {
            c.write("1;" + std::string(2000, 'e') + "\r\nx\r\n", deadline);
            std::this_thread::sleep_for(100ms);
        }
    } catch (const net::network_error&) {
    }
    char block[4096];
    while (const auto count = c.read(block, sizeof block, deadline))
        answer.append(block, count);
    BOOST_CHECK(clock_type::now() - start < 3s);
    BOOST_TEST(answer.starts_with("HTTP/1.1 408 "));
}

namespace {

/// A peer that reads slowly: its system takes next to nothing in advance.
class slow_reader {
public:
    explicit slow_reader(std::uint16_t port, const std::string& fields = "Connection: close\r\n")
        : deadline_(clock_type::now() + 30s) {
        auto fd = net::connect_tcp("127.0.0.1", port, deadline_, [](const auto& claimed) {
            const int octets = 2048;
            ::setsockopt(claimed->get(), SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
        });
        connection_.emplace(std::move(fd));
        context_ = net::client_context(certificates().ca.certificate_pem, std::nullopt);
        connection_->connect_tls(context_.get(), "127.0.0.1", deadline_);
        ask(fields);
    }
    void ask(const std::string& fields) {
        connection_->write("GET / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n", deadline_);
    }
    /// At most so many octets and a pause for as many; less is a part of it. Throws at the end of the stream.
    std::size_t read_once(std::size_t octets, std::chrono::milliseconds pause) {
        std::string block(octets, '\0');
        const auto count = connection_->read(block.data(), block.size(), deadline_);
        if (count == 0)
            throw std::runtime_error("the server has closed");
        rest(pause, count, octets);
        return count;
    }
    std::size_t read(std::size_t octets, std::chrono::milliseconds pause) {
        std::size_t all = 0;
        std::string block(octets, '\0');
        while (const auto count = connection_->read(block.data(), block.size(), deadline_)) {
            all += count;
            rest(pause, count, octets);
        }
        return all;
    }

private:
    static void rest(std::chrono::microseconds pause, std::size_t count, std::size_t octets) {
        std::this_thread::sleep_for(pause * count / octets);
    }

    clock_type::time_point deadline_;
    net::context_ptr context_;
    std::optional<net::connection> connection_;
};

} // namespace

/// More than the system's buffer takes, which says only now and then that it has room.
BOOST_AUTO_TEST_CASE(an_honest_slow_reader_gets_its_answer) {
    auto options = scaled();
    options.transfer = {100000, 200ms, 200ms};
    net::tls_server server(options);
    constexpr std::size_t size = 6 << 20;
    server.start([](const net::request&) { return net::json_response(200, std::string(size, 'x')); });
    slow_reader reader(server.port());
    BOOST_TEST(reader.read(16384, 4ms) > size); // some megabytes a second
    BOOST_TEST(server.counted().answers_timed_out == 0u);
}

/// The system has taken the whole answer long before the peer has it: that time is not the peer's idle time.
BOOST_AUTO_TEST_CASE(an_answer_on_its_way_keeps_the_connection) {
    auto options = scaled();
    options.transfer = {500000, 200ms, 200ms};
    options.keep_alive = 300ms;
    net::tls_server server(options);
    constexpr std::size_t size = 1 << 20;
    server.start([](const net::request&) { return net::json_response(200, std::string(size, 'x')); });
    slow_reader reader(server.port(), "");
    for (int i = 0; i < 2; ++i) {
        std::size_t all = 0;
        while (all < size)
            all += reader.read_once(16384, 14ms); // a megabyte a second
        BOOST_TEST(server.counted().accepted == 1u);
        reader.ask("");
    }
}

BOOST_AUTO_TEST_CASE(who_does_not_read_is_cut) {
    auto options = scaled();
    options.transfer = {100000, 200ms, 200ms};
    net::tls_server server(options);
    constexpr std::size_t size = 16 << 20;
    server.start([](const net::request&) { return net::json_response(200, std::string(size, 'x')); });
    slow_reader reader(server.port());
    for (int i = 0; i < 100 && server.counted().answers_timed_out == 0; ++i)
        std::this_thread::sleep_for(50ms);
    BOOST_TEST(server.counted().answers_timed_out == 1u);
    BOOST_TEST(reader.read(16384, 0ms) < size);
}

/// The system has taken the answer and the end of the connection: both are the server's until the peer has them.
BOOST_AUTO_TEST_CASE(an_answer_that_closes_is_counted_until_it_is_taken) {
    auto options = scaled();
    options.transfer = {500000, 200ms, 200ms};
    net::tls_server server(options);
    constexpr std::size_t size = 1 << 20;
    server.start([](const net::request&) { return net::json_response(200, std::string(size, 'x')); });
    slow_reader reader(server.port());
    std::size_t all = 0;
    while (all < size / 2)
        all += reader.read_once(16384, 14ms); // a megabyte a second
    BOOST_TEST(server.connections() == 1u);
    all += reader.read(16384, 14ms);
    BOOST_TEST(all > size);
    for (int i = 0; i < 100 && server.connections() > 0; ++i)
        std::this_thread::sleep_for(10ms);
    BOOST_TEST(server.connections() == 0u);
    BOOST_TEST(server.counted().answers_timed_out == 0u);
}

BOOST_AUTO_TEST_CASE(who_never_takes_an_answer_that_closes_is_reset) {
    auto options = scaled();
    options.transfer = {100000, 500ms, 500ms};
    net::tls_server server(options);
    constexpr std::size_t size = 1 << 19;
    server.start([](const net::request&) { return net::json_response(200, std::string(size, 'x')); });
    slow_reader reader(server.port());
    std::this_thread::sleep_for(200ms);
    BOOST_TEST(server.connections() == 1u);
    for (int i = 0; i < 100 && server.connections() > 0; ++i)
        std::this_thread::sleep_for(50ms);
    BOOST_TEST(server.counted().answers_timed_out == 1u);
    BOOST_TEST(reader.read(16384, 0ms) < size); // the system keeps nothing for it
}

BOOST_AUTO_TEST_CASE(a_stop_gives_an_answer_that_closes_its_time_and_no_more) {
    for (const bool takes : {true, false}) {
        auto options = scaled();
        options.transfer = {1000, 10s, 10s};
        net::tls_server server(options);
        constexpr std::size_t size = 1 << 19;
        server.start([](const net::request&) { return net::json_response(200, std::string(size, 'x')); });
        slow_reader reader(server.port());
        std::this_thread::sleep_for(200ms);
        std::size_t all = 0;
        std::thread taking([&] {
            if (takes)
                all = reader.read(16384, 5ms);
        });
        const auto start = clock_type::now();
        BOOST_TEST(server.stop(1s));
        BOOST_CHECK(clock_type::now() - start < 2s);
        taking.join();
        BOOST_TEST((all > size) == takes);
    }
}

/// Head and body in one record of 16384 octets, on a link that takes three times as long for it as a head may take
/// beside its octets: as many clients send it that are not ours.
BOOST_AUTO_TEST_CASE(a_head_in_a_large_record_arrives) {
    auto options = scaled();
    options.head_deadline = 500ms;
    options.transfer = {5000, 500ms, 500ms};
    net::tls_server server(options);
    server.start([](const net::request& r) { return net::json_response(200, std::to_string(r.body.size())); });
    slow_link link(server.port(), 300, 30ms); // 10000 octets a second
    const auto head = post(16000);
    const auto start = clock_type::now();
    const auto answer = in_one_record(link.port(), head + std::string(16000, 'x'));
    BOOST_CHECK(clock_type::now() - start > 1500ms);
    BOOST_TEST(answer.starts_with("HTTP/1.1 200 "));
    BOOST_TEST(answer.ends_with("16000"));
}

BOOST_AUTO_TEST_CASE(a_dripping_record_is_cut) {
    auto options = scaled();
    options.head_deadline = 500ms;
    net::tls_server server(options);
    server.start(echo);
    slow_link link(server.port(), 300, 0ms, 2000); // the handshake is through
    const auto start = clock_type::now();
    in_one_record(link.port(), post(16000) + std::string(16000, 'x'));
    BOOST_CHECK(clock_type::now() - start < 3s);
    BOOST_TEST(server.counted().requests_timed_out == 1u);
}

/// The answer has begun when its first record has.
BOOST_AUTO_TEST_CASE(an_answer_in_a_large_record_arrives) {
    one_record_server server("HTTP/1.1 200 OK\r\nContent-Length: 16000\r\n\r\n" + std::string(16000, 'x'));
    slow_link link(server.port(), 300, 30ms);
    net::client_options options;
    options.base_url = "https://127.0.0.1:" + std::to_string(link.port());
    options.ca_pem = certificates().ca.certificate_pem;
    options.read_timeout = 500ms;
    options.transfer = {5000, 500ms, 500ms};
    net::tls_client client(options);
    BOOST_TEST(client.get("/").body.size() == 16000u);
}

const std::string answer_head = "HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n";

BOOST_AUTO_TEST_CASE(a_client_with_a_slow_link_gets_its_answer) {
    slow_server server(answer_head + std::string(6000, 'x'), 300, 75ms); // 1.5 s, three times its time for an answer
    net::tls_client client(server.client());
    BOOST_TEST(client.get("/").body.size() == 6000u);
}

BOOST_AUTO_TEST_CASE(a_server_that_drips_ends_a_clients_patience) {
    slow_server server(answer_head + std::string(6000, 'x'), 1, 20ms);
    net::tls_client client(server.client());
    const auto start = clock_type::now();
    BOOST_CHECK_EXCEPTION(client.get("/"), net::network_error,
                          [](const auto& e) { return e.cause() == net::network_cause::timeout; });
    BOOST_CHECK(clock_type::now() - start < 2s);
}

// 102 (Processing) is no answer: what it takes counts in the time until the answer begins.
BOOST_AUTO_TEST_CASE(interim_answers_give_no_time) {
    std::string interim;
    for (int i = 0; i < 4; ++i)
        interim += "HTTP/1.1 102 Processing\r\nX-Pad: " + std::string(3000, 'x') + "\r\n\r\n";
    slow_server server(interim, 100, 40ms); // more than a second each, at a pace that is allowed
    net::tls_client client(server.client());
    const auto start = clock_type::now();
    BOOST_CHECK_EXCEPTION(client.get("/"), net::network_error,
                          [](const auto& e) { return e.cause() == net::network_cause::timeout; });
    BOOST_CHECK(clock_type::now() - start < 3s);
}

BOOST_AUTO_TEST_SUITE_END()
