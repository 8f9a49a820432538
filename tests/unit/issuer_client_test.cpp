// The client of issuers over real TLS on loopback: against the simulated issuer, and against issuers that misbehave.

#include "crypto/pki.hpp"
#include "http/issuer_client.hpp"
#include "http/wire/issuer.hpp"
#include "lab/card/card.hpp"
#include "lab/card/issuer_keys.hpp"
#include "lab/card/personality.hpp"
#include "lab/card/state.hpp"
#include "lab/issuer/issuer_service.hpp"
#include "tests/unit/mutual_tls.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>

using namespace tsms;
using namespace std::chrono_literals;
using actors::port_cause;
using tsms_test::mutual_tls_server;

namespace {

/// An issuer that answers by a script: what it says to the n-th report.
struct scripted_issuer {
    explicit scripted_issuer(std::vector<std::string> orders_)
        : orders(std::move(orders_)), server([this](const net::request& r) { return handle(r); }) {}

    net::response handle(const net::request& r) {
        if (r.path == "/order")
            return net::json_response(201, R"({"sessionID":"a b"})");
        if (r.path == "/gp/seram/handshake")
            return net::json_response(200, handshake);
        if (r.path == "/gp/seram/remoteManagement") {
            if (r.parameter("sessionId") != "a b")
                return net::json_response(404, "{}");
            cookies += std::string(r.headers.get("Cookie")) + "|";
            reports.push_back(r.body);
            auto answer = net::json_response(200, orders.at(std::min(next++, orders.size() - 1)));
            answer.headers.add("Set-Cookie", "n=" + std::to_string(next) + "; Path=/; Secure");
            return answer;
        }
        return net::json_response(500, R"({"error":"out of\norder"})");
    }

    std::vector<std::string> orders;
    std::string handshake = R"({"chosenDataFormat":"application/json"})";
    std::size_t next = 0;
    std::string cookies;
    std::vector<std::string> reports;
    mutual_tls_server server;
};

constexpr auto apdus = R"({"delay":0,"ramCommands":[{"ramCommandType":"ramStartCommand"},
    {"ramCommandType":"seRamCommand","listOfCAPDU":["00A4040000","80CA9F7F00"]},
    {"ramCommandType":"seRamCommand","listOfCAPDU":["80CA006600"]}]})";
constexpr auto stop = R"({"delay":0,"ramCommands":[{"ramCommandType":"ramStopCommand"}]})";

model::issuer_order an_order(const lab::card& card, std::string id = "1") {
    model::issuer_order o;
    o.id = std::move(id);
    o.secure_component_identity = to_hex(card.state().cplc);
    o.se_type = "eSE";
    o.isd_aid = card.state().personality->isd;
    o.domain = model::issuer_order::domain_change::create;
    o.domain_aid = "D27600016354534D0001";
    return o;
}

model::issuer_order any_order() {
    model::issuer_order o;
    o.id = "1";
    o.secure_component_identity = std::string(84, '0');
    o.se_type = "eSE";
    o.isd_aid = "A000000151000000";
    return o;
}

template <class Call> port_cause cause_of(Call call) {
    try {
        call();
    } catch (const actors::port_error& e) {
        BOOST_TEST_MESSAGE(e.what());
        BOOST_TEST(std::string(e.what()).find('\n') == std::string::npos);
        return e.cause();
    }
    BOOST_FAIL("a port_error was expected");
    return {};
}

port_cause opening(std::vector<std::string> orders, std::chrono::milliseconds patience = 2s) {
    scripted_issuer issuer(std::move(orders));
    http::issuer_client client(issuer.server.client_options(), patience);
    return cause_of([&] { client.open(any_order()); });
}

/// With a patience of one second: some orders are relayed, and then the session is ended.
void check_patience_ends(net::client_options options) {
    http::issuer_client client(std::move(options), 1s);
    const auto opened = client.open(any_order());
    std::size_t rounds = 0;
    BOOST_TEST(cause_of([&] {
                   for (; rounds < 100; ++rounds)
                       client.relay(opened.session, {hex("9000"), hex("9000"), hex("9000")}, false);
               }) == port_cause::unreachable);
    BOOST_TEST(rounds > 0u);
    BOOST_TEST(rounds < 20u);
}

struct lab_issuer {
    explicit lab_issuer(crypto::secret master = lab::lab_issuer_master())
        : book({}, {}, crypto::system_random()), service(book, {std::move(master), 8, {}}, crypto::system_random()),
          server([this](const net::request& r) { return service.handle(r); }) {}

    lab::order_book book;
    lab::issuer_service service;
    mutual_tls_server server;
};

std::vector<bytes> execute(lab::card& card, const std::vector<bytes>& commands) {
    std::vector<bytes> responses;
    for (const auto& command : commands)
        responses.push_back(card.transmit(command));
    return responses;
}

lab::card new_card() {
    return lab::card::create(*lab::find_personality(lab::default_personality), crypto::system_random());
}

} // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(port_cause)

BOOST_AUTO_TEST_SUITE(issuer_client)

BOOST_AUTO_TEST_CASE(orders_a_domain_and_fetches_its_keys) {
    lab_issuer issuer;
    auto card = new_card();
    http::issuer_client client(issuer.server.client_options());
    client.ping();

    const auto order = an_order(card);
    const auto [session, first] = client.open(order);
    auto step = first;
    std::vector<std::size_t> sizes;
    bool last = false;
    while (!step.done) {
        BOOST_TEST(!last);
        sizes.push_back(step.commands.size());
        last = step.last;
        step = client.relay(session, execute(card, step.commands), false);
    }
    BOOST_TEST(last);
    BOOST_TEST(sizes.size() == 3u);
    BOOST_TEST(card.state().registry.find_application(hex(order.domain_aid)) != nullptr);
    const auto keys = client.fetch_keys(session);
    BOOST_TEST(keys.secure_component_identity == order.secure_component_identity);

    http::issuer_client restarted(issuer.server.client_options());
    const auto again = restarted.open(order);
    BOOST_TEST(again.first.done);
    BOOST_TEST(again.first.commands.empty());
    BOOST_TEST((restarted.fetch_keys(again.session) == keys));
}

BOOST_AUTO_TEST_CASE(failures_are_told_apart) {
    auto card = new_card();
    {
        lab_issuer issuer;
        http::issuer_client client(issuer.server.client_options());
        auto order = an_order(card);
        order.secure_component_identity = "0102";
        BOOST_TEST(cause_of([&] { client.open(order); }) == port_cause::refused);
        BOOST_TEST(cause_of([&] { client.relay("unknown", {}, false); }) == port_cause::session_lost);
        BOOST_TEST(cause_of([&] { client.poll("unknown"); }) == port_cause::session_lost);
        BOOST_TEST(cause_of([&] { client.fetch_keys("unknown"); }) == port_cause::session_lost);

        const auto opened = client.open(an_order(card, "2"));
        BOOST_TEST(cause_of([&] { client.relay(opened.session, {hex("9000")}, true); }) == port_cause::card);
        BOOST_TEST(cause_of([&] { client.fetch_keys(opened.session); }) == port_cause::refused);
    }
    lab_issuer stranger{crypto::secret(bytes(16, 1))};
    http::issuer_client client(stranger.server.client_options());
    const auto opened = client.open(an_order(card));
    const auto answers = execute(card, opened.first.commands);
    BOOST_TEST(cause_of([&] { client.relay(opened.session, answers, false); }) == port_cause::card);
}

BOOST_AUTO_TEST_CASE(an_issuer_that_is_down_is_a_network_error) {
    net::client_options options;
    {
        lab_issuer issuer;
        options = issuer.server.client_options();
    }
    http::issuer_client client(options);
    try {
        client.ping();
        BOOST_ERROR("nobody listens");
    } catch (const actors::port_error& e) {
        BOOST_TEST((e.category() == model::error_category::network_connection_error));
    }
}

BOOST_AUTO_TEST_CASE(a_client_without_certificate_is_not_served) {
    lab_issuer issuer;
    auto options = issuer.server.client_options();
    options.identity.reset();
    http::issuer_client client(options);
    BOOST_TEST(cause_of([&] { client.ping(); }) == port_cause::unreachable);
}

BOOST_AUTO_TEST_CASE(responses_are_given_back_in_the_shape_of_the_order) {
    scripted_issuer issuer({apdus, stop});
    http::issuer_client client(issuer.server.client_options());
    const auto opened = client.open(any_order());
    BOOST_REQUIRE_EQUAL(opened.first.commands.size(), 3u);
    const auto step = client.relay(opened.session, {{}, hex("019000"), hex("6A88")}, false);
    BOOST_TEST(step.done);
    const auto report = wire::parse_seram_report(json::parse(issuer.reports.at(1)));
    BOOST_TEST((report.status == wire::seram_status::processed));
    BOOST_TEST(report.executed == 2);
    BOOST_TEST((report.responses == std::vector<std::vector<bytes>>{{{}, hex("019000")}, {hex("6A88")}}));
    BOOST_TEST(issuer.cookies == "|n=1|");
}

// Its patience is the session's: who makes the phone wait a little before each order keeps the card from everybody
// else.
BOOST_AUTO_TEST_CASE(a_session_that_dawdles_is_ended) {
    constexpr auto later = R"({"delay":100,"ramCommands":[]})";
    std::vector<std::string> orders;
    for (int i = 0; i < 100; ++i) {
        orders.emplace_back(later);
        orders.emplace_back(apdus);
    }
    scripted_issuer issuer(orders);
    check_patience_ends(issuer.server.client_options());
}

// Nor by commands that come late each time.
BOOST_AUTO_TEST_CASE(a_session_of_slow_answers_is_ended) {
    scripted_issuer issuer({apdus});
    mutual_tls_server slow([&](const net::request& r) {
        if (r.path == "/gp/seram/remoteManagement")
            std::this_thread::sleep_for(100ms);
        return issuer.handle(r);
    });
    check_patience_ends(slow.client_options());
}

BOOST_AUTO_TEST_CASE(an_interrupted_order_says_how_far_it_came) {
    scripted_issuer issuer({apdus, stop});
    http::issuer_client client(issuer.server.client_options());
    const auto opened = client.open(any_order());
    client.relay(opened.session, {hex("9000")}, true);
    const auto report = wire::parse_seram_report(json::parse(issuer.reports.at(1)));
    BOOST_TEST((report.status == wire::seram_status::unknown_failure));
    BOOST_TEST(report.executed == 0);
    BOOST_TEST((report.responses == std::vector<std::vector<bytes>>{{hex("9000")}, {}}));
}

BOOST_AUTO_TEST_CASE(delays_and_foreign_notifications_are_swallowed) {
    scripted_issuer issuer({R"({"delay":10,"ramCommands":[{"ramCommandType":"ramStartCommand"}]})", R"({"delay":10})",
                            R"({"delay":0,"ramCommands":[{"ramCommandType":"notificationCommand",
                                "deviceAppNotification":"step1/action2/OK"}]})",
                            apdus});
    http::issuer_client client(issuer.server.client_options());
    const auto step = client.open(any_order()).first;
    BOOST_TEST(step.commands.size() == 3u);
    BOOST_TEST(!step.last);
    BOOST_TEST(issuer.reports.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_stop_behind_commands_ends_the_session_without_a_report) {
    scripted_issuer issuer({R"({"delay":0,"ramCommands":[{"ramCommandType":"seRamCommand","listOfCAPDU":["00A4040000"]},
                                {"ramCommandType":"stopCommand"}]})"});
    http::issuer_client client(issuer.server.client_options());
    const auto opened = client.open(any_order());
    BOOST_TEST(opened.first.last);
    BOOST_TEST(!opened.first.done);
    BOOST_TEST(client.relay(opened.session, {hex("9000")}, false).done);
    BOOST_TEST(issuer.reports.size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_issuer_that_breaks_the_protocol) {
    BOOST_TEST(opening({"no json"}) == port_cause::protocol);
    BOOST_TEST(opening({"[]"}) == port_cause::protocol);
    BOOST_TEST(opening({R"({"delay":-1})"}) == port_cause::protocol);
    BOOST_TEST(opening({R"({"ramCommands":[{"ramCommandType":"newCommand"}]})"}) == port_cause::protocol);
    BOOST_TEST(opening({R"({"ramCommands":[{"ramCommandType":"seRamCommand","listOfCAPDU":["00"]}]})"}) ==
               port_cause::protocol);
    BOOST_TEST(opening({R"({"delay":0,"ramCommands":[{"ramCommandType":"notificationCommand",
        "deviceAppNotification":"{\"error\":\"card\\n is ours no more\"}"},{"ramCommandType":"ramStopCommand"}]})"}) ==
               port_cause::refused);
    BOOST_TEST(opening({R"({"delay":100})"}, 50ms) == port_cause::unreachable); // never has anything to do
}

BOOST_AUTO_TEST_CASE(a_waiting_call_can_be_cancelled) {
    mutual_tls_server silent([](const net::request&) {
        std::this_thread::sleep_for(4s);
        return net::json_response(503, "{}");
    });
    http::issuer_client client(silent.client_options());
    const auto began = std::chrono::steady_clock::now();
    std::thread other([&] {
        std::this_thread::sleep_for(100ms);
        client.cancel();
    });
    BOOST_TEST(cause_of([&] { client.open(any_order()); }) == port_cause::unreachable);
    other.join();
    BOOST_TEST((std::chrono::steady_clock::now() - began < 3s));
    BOOST_TEST(cause_of([&] { client.ping(); }) == port_cause::unreachable);
}

BOOST_AUTO_TEST_SUITE_END()
