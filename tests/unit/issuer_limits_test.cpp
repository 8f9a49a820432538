// An issuer at its limit, and one that needs time: what the client makes of it over real TLS, and what the simulated
// issuer says (DIV-052).

#include "http/issuer_client.hpp"
#include "http/net/retry_after.hpp"
#include "http/wire/issuer.hpp"
#include "lab/card/issuer_keys.hpp"
#include "lab/issuer/issuer_service.hpp"
#include "tests/unit/mutual_tls.hpp"
#include "tests/unit/net_peer.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace std::chrono_literals;
using actors::port_cause;
using tsms_test::mutual_tls_server;

namespace {

using seconds = std::chrono::seconds;

std::optional<seconds> asked(const std::string& retry_after, const std::string& date = {}) {
    net::response r;
    r.headers.add("Retry-After", retry_after);
    if (!date.empty())
        r.headers.add("Date", date);
    // Fri, 02 Jan 2026 03:04:05 GMT
    return net::retry_after(r, std::chrono::system_clock::from_time_t(1767323045));
}

/// Answers each request by its place in a script.
struct scripted {
    struct line {
        int status;
        std::string body;
        std::string retry_after = {};
    };
    explicit scripted(std::vector<line> lines)
        : script(std::move(lines)), server([this](const net::request& r) { return handle(r); }) {}

    net::response handle(const net::request& r) {
        paths.push_back(r.path);
        bodies.push_back(r.body);
        const auto& l = script.at(std::min(next++, script.size() - 1));
        auto answer = net::json_response(l.status, l.body);
        if (!l.retry_after.empty())
            answer.headers.add("Retry-After", l.retry_after);
        return answer;
    }

    std::vector<line> script;
    std::vector<std::string> paths, bodies;
    std::size_t next = 0;
    mutual_tls_server server;
};

const scripted::line opened{201, R"({"sessionID":"s"})"};
const scripted::line greeted{200, R"({"chosenDataFormat":"application/json"})"};
const scripted::line commands{
    200, R"({"delay":0,"ramCommands":[{"ramCommandType":"seRamCommand","listOfCAPDU":["00A4040000"]}]})"};
const scripted::line forgotten{404, "{}"};
scripted::line later(int milliseconds) {
    return {200, R"({"delay":)" + std::to_string(milliseconds) + R"(,"ramCommands":[]})"};
}

model::issuer_order an_order(const std::string& id = "1") {
    model::issuer_order o;
    o.id = id;
    o.secure_component_identity = std::string(84, '7');
    o.se_type = "eSE";
    o.isd_aid = "A000000151000000";
    return o;
}

template <class Call> actors::port_error error_of(Call call) {
    try {
        call();
    } catch (const actors::port_error& e) {
        return e;
    }
    BOOST_FAIL("a port_error was expected");
    return {port_cause::protocol, ""};
}

} // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(port_cause)

BOOST_AUTO_TEST_SUITE(issuer_limits)

BOOST_AUTO_TEST_CASE(when_a_server_wants_to_be_asked_again) { // RFC 9110 10.2.3
    BOOST_TEST((asked("7") == 7s));
    BOOST_TEST((asked("0") == 0s));
    BOOST_TEST((asked("99999999999999999999999") == std::chrono::hours(24 * 366)));
    BOOST_TEST((asked("Fri, 02 Jan 2026 03:04:35 GMT") == 30s));
    BOOST_TEST((asked("Friday, 02-Jan-26 03:04:35 GMT") == 30s));
    BOOST_TEST((asked("Fri Jan  2 03:04:35 2026") == 30s));
    BOOST_TEST((asked("Fri, 02 Jan 2026 03:00:00 GMT") == 0s));
    // Its own clock counts, not ours.
    BOOST_TEST((asked("Mon, 02 Jan 2023 00:00:20 GMT", "Mon, 02 Jan 2023 00:00:00 GMT") == 20s));
    for (const auto* malformed : {"", "-1", "1.5", "soon", "7 s"})
        BOOST_TEST(!asked(malformed));
    BOOST_TEST(!net::retry_after({}, {}));
}

BOOST_AUTO_TEST_CASE(an_issuer_at_its_limit_is_busy_and_says_for_how_long) {
    scripted issuer({{429, "{}", "7"}, {503, "{}"}, {502, "{}"}, {504, "{}"}, opened, {503, "{}", "3"}});
    http::issuer_client client(issuer.server.client_options());
    const auto open = [&] { return error_of([&] { client.open(an_order()); }); };
    const auto first = open();
    BOOST_TEST(first.cause() == port_cause::busy);
    BOOST_TEST((first.retry_after() == 7s));
    BOOST_TEST(first.retry_can_help());
    BOOST_TEST((first.category() == model::error_category::network_connection_error));
    const auto second = open();
    BOOST_TEST(second.cause() == port_cause::busy);
    BOOST_TEST(!second.retry_after());
    BOOST_TEST(open().cause() == port_cause::unreachable);
    BOOST_TEST(open().cause() == port_cause::unreachable);
    BOOST_TEST((open().retry_after() == 3s)); // at the handshake
}

BOOST_AUTO_TEST_CASE(a_report_that_was_not_taken_is_sent_again) {
    scripted issuer({opened, greeted, commands, {503, "{}", "1"}, commands});
    http::issuer_client client(issuer.server.client_options());
    const auto session = client.open(an_order()).session;
    const auto report = [&] { return client.relay(session, {hex("9000")}, false); };
    BOOST_TEST(error_of(report).cause() == port_cause::busy);
    BOOST_TEST(report().commands.size() == 1u);
    BOOST_TEST(issuer.bodies.at(3) == issuer.bodies.at(4));
}

BOOST_AUTO_TEST_CASE(no_thread_is_kept_for_an_issuer_that_needs_time) {
    scripted issuer({opened, greeted, later(50), later(3000), {503, "{}", "2"}, commands});
    http::issuer_client client(issuer.server.client_options());
    const auto began = std::chrono::steady_clock::now();
    const auto [session, first] = client.open(an_order());
    BOOST_TEST((first.commands.empty() && !first.done));
    BOOST_TEST((first.pause == 3000ms));
    BOOST_TEST((std::chrono::steady_clock::now() - began < 2500ms));
    BOOST_TEST(error_of([&] { client.poll(session); }).cause() == port_cause::busy);
    BOOST_TEST(client.poll(session).commands.size() == 1u);
}

/// Its report has been read: what is asked again is only for commands.
BOOST_AUTO_TEST_CASE(an_issuer_that_is_busy_behind_a_report_is_polled) {
    scripted issuer({opened, greeted, commands, later(10), {429, "{}", "2"}, commands});
    http::issuer_client client(issuer.server.client_options());
    const auto session = client.open(an_order()).session;
    const auto step = client.relay(session, {hex("9000")}, false);
    BOOST_TEST((step.commands.empty() && step.pause == 2s));
    BOOST_TEST(client.poll(session).commands.size() == 1u);
    BOOST_TEST(issuer.bodies.at(4) == issuer.bodies.at(5));
    BOOST_TEST(issuer.bodies.at(3) != issuer.bodies.at(5));
}

BOOST_AUTO_TEST_CASE(a_session_that_is_forgotten_is_told_from_other_refusals) {
    scripted issuer({opened, greeted, commands, forgotten, forgotten, {404, "{}"}});
    http::issuer_client client(issuer.server.client_options());
    const auto session = client.open(an_order()).session;
    const auto lost = error_of([&] { client.relay(session, {hex("9000")}, false); });
    BOOST_TEST(lost.cause() == port_cause::session_lost);
    BOOST_TEST(lost.retry_can_help());
    BOOST_TEST(error_of([&] { client.fetch_keys(session); }).cause() == port_cause::session_lost);
    BOOST_TEST(error_of([&] { client.open(an_order()); }).cause() == port_cause::refused);
}

BOOST_AUTO_TEST_CASE(the_simulated_issuer_has_a_limit) {
    lab::order_book book({}, {}, crypto::system_random());
    lab::issuer_service issuer(book, {lab::lab_issuer_master(), 2, {}, {}, seconds(9), seconds(0)},
                               crypto::system_random());
    lab::issuer_service patient(book, {lab::lab_issuer_master(), 2, {}, {}, seconds(9), seconds(60)},
                                crypto::system_random());
    const auto order = [](lab::issuer_service& to, const std::string& id) {
        net::request r;
        r.method = "POST";
        r.path = "/order";
        r.body = json::dump(wire::to_json(an_order(id)));
        return to.handle(r);
    };
    BOOST_TEST(order(patient, "1").status == 201);
    BOOST_TEST(order(patient, "2").status == 201);
    const auto refused = order(patient, "3");
    BOOST_TEST(refused.status == 429);
    BOOST_TEST(refused.headers.get("Retry-After") == "9");
    BOOST_TEST(!book.find("3"));
    BOOST_TEST(order(patient, "2").status == 200); // in its own place
    for (const auto* id : {"4", "5", "6"})         // idle ones make room
        BOOST_TEST(order(issuer, id).status == 201);
}

// A phone waits for it, and its card and its place at the issuer with it.
BOOST_AUTO_TEST_CASE(an_exchange_has_an_end_whatever_drips) {
    // 45 s in which an attempt may break; 5 s to connect, 40 s until it answers; twice 30 s and 131.072 s for 128 KiB
    // there and back, and 16.384 s each for the request's head and
    // for a record on its way, with which the answer begins and ends.
    BOOST_TEST((http::longest_issuer_exchange({}) == 461296ms));
    net::client_options faster;
    faster.connect_timeout = 1s;
    faster.read_timeout = 2s;
    faster.transfer = {1 << 20, 1s, 4s};
    BOOST_TEST((http::longest_issuer_exchange(faster) == 3s + 3s + 4140ms + 15ms + 4140ms));
}

BOOST_AUTO_TEST_CASE(messages_have_a_bound_in_both_directions) {
    const auto padded = [](std::size_t octets) {
        const std::string json = R"({"status":"ready","pad":""})";
        return scripted::line{200, json.substr(0, json.size() - 2) + std::string(octets - json.size(), 'x') + R"("})"};
    };
    scripted issuer({padded(128 << 10), padded((128 << 10) + 1), opened, greeted, commands});
    http::issuer_client client(issuer.server.client_options());
    client.ping();
    BOOST_TEST(error_of([&] { client.ping(); }).cause() == port_cause::protocol);
    const auto session = client.open(an_order()).session;
    const auto sent = issuer.bodies.size();
    const auto refused = error_of([&] { client.relay(session, {bytes(70000)}, false); }); // in hexadecimal
    BOOST_TEST(refused.cause() == port_cause::protocol);
    BOOST_TEST(std::string(refused.what()).find("more than 131072, is not sent") != std::string::npos, refused.what());
    BOOST_TEST(issuer.bodies.size() == sent);
}

BOOST_AUTO_TEST_CASE(what_breaks_is_tried_once_more_unless_it_has_taken_its_time) {
    const auto outcome_of = [](const std::string& answer) {
        net_peer::slow_server server(answer, 300, 75ms); // it takes one connection: another one hears nothing
        auto options = server.client();
        options.connect_timeout = 1s;
        http::issuer_client client(options);
        return std::string(error_of([&] { client.ping(); }).what());
    };
    const auto repeated = outcome_of("");
    BOOST_TEST(repeated.find("no progress") != repeated.npos, repeated);
    // It breaks after 1.8 s, when its answer should have begun long ago.
    const auto slow = outcome_of("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + std::string(7200, 'x'));
    BOOST_TEST(slow.find("the connection ended before the answer did") != slow.npos, slow);
}

BOOST_AUTO_TEST_SUITE_END()
