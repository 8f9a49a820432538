// A user cancels a call of the SDK (AMB-148), before it has a session and in it, against a backend that is played here.

#include "crypto/pki.hpp"
#include "http/net/server.hpp"
#include "http/wire/seram.hpp"
#include "http/wire/tsm_api.hpp"
#include "sdk/tsm_api.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <mutex>
#include <thread>

using namespace tsms;
using namespace std::chrono_literals;
using model::error_category;

namespace {

/// It keeps a call, or the order of its session, to itself until it is cancelled.
class backend {
public:
    backend() : server_(options()) {
        server_.start([this](const net::request& r) { return handle(r); });
    }

    sdk::tsm_api_options client() const {
        sdk::tsm_api_options o;
        o.url = "https://127.0.0.1:" + std::to_string(server_.port());
        o.ca_pem = ca().certificate_pem;
        o.caller_id = "AB12";
        o.retry = {2s, 10ms, 50ms};
        return o;
    }

    enum class place { nowhere, call, session };
    std::atomic<place> waits_in = place::nowhere; ///< in which the next call will wait
    std::atomic<bool> waits = false;              ///< it does
    std::atomic<bool> gone = false;               ///< who waited has hung up
    std::atomic<int> too_late = 0;                ///< answers to a cancel that it is
    std::atomic<int> cancels = 0;
    std::atomic<bool> busy = false;      ///< behind the first call
    std::atomic<bool> loses = false;     ///< cancels, by not serving them
    std::vector<std::string> calls = {}; ///< their bodies

private:
    static const crypto::credential& ca() {
        static const auto made = crypto::make_ca("Test CA");
        return made;
    }
    static net::server_options options() {
        static const std::vector<std::string> names{"127.0.0.1"};
        static const auto made = crypto::make_server_certificate(ca(), "backend", names);
        net::server_options o;
        o.identity = net::tls_identity{made.certificate_pem, made.key};
        return o;
    }
    static net::response json(const json::value& v) { return net::json_response(200, json::dump(v)); }

    void wait(const net::request& r) {
        waits = true;
        for (int i = 0; i < 500 && !gone && cancels == 0; ++i) {
            std::this_thread::sleep_for(10ms);
            gone = r.peer_gone();
        }
        waits = false;
    }

    net::response handle(const net::request& r) {
        if (r.path == "/tsm-api/1.0/terminateService") {
            const bool first = [&] {
                const std::lock_guard lock(mutex_);
                calls.push_back(r.body);
                return calls.size() == 1;
            }();
            if (waits_in == place::call && first)
                wait(r);
            if (busy && !first)
                return {503, {}, {}};
            auto answer = json(wire::to_json(wire::tsm_api_answer(wire::session_opened{"s 1", "/gp/seram", {}})));
            answer.headers.add("Set-Cookie", "tsms=secret.0; Path=/; Secure; HttpOnly");
            return answer;
        }
        if (r.headers.get("Cookie") != "tsms=secret.0")
            return {404, {}, {}};
        if (r.method == "DELETE" && r.path == "/tsm-api/1.0/sessions/s%201") {
            ++cancels;
            if (loses)
                return {503, {}, {}};
            return {too_late > 0 ? 409 : 200, {}, {}};
        }
        if (r.path == "/gp/seram/handshake")
            return json(wire::seram_handshake_answer());
        if (waits_in == place::session)
            wait(r);
        model::terminate_service_result result{{"p1", {}, "a", "b"}};
        if (cancels > 0 && too_late == 0)
            result.process.outcome = model::failed_execution(
                model::dialect::v1_0, error_category::execution_interrupted, "manually cancelled");
        wire::seram_order order;
        order.commands = {wire::seram_start{}, wire::seram_notification{wire::notification_text(result)},
                          wire::seram_stop{}};
        return json(wire::to_json(order));
    }

    std::mutex mutex_;
    net::tls_server server_;
};

void until(const std::atomic<bool>& condition) {
    for (int i = 0; i < 500 && !condition; ++i)
        std::this_thread::sleep_for(10ms);
    BOOST_REQUIRE(condition);
}

} // namespace

BOOST_AUTO_TEST_SUITE(sdk_cancel)

BOOST_AUTO_TEST_CASE(a_call_in_its_session) {
    for (const bool too_late : {false, true}) {
        backend b;
        b.waits_in = backend::place::session;
        b.too_late = too_late;
        sdk::tsm_api api(b.client());
        auto running = api.terminateService("i");
        until(b.waits);
        BOOST_TEST(api.cancel() == !too_late);
        const auto outcome = running.get().process.outcome;
        BOOST_TEST((outcome.status == (too_late ? error_category::none : error_category::execution_interrupted)));
        BOOST_TEST(outcome.message == (too_late ? "" : "Execution interrupted: manually cancelled"));
        BOOST_TEST(b.cancels == 1);
    }
}

// DIV-107: the backend may have a session for it, of which the app has not heard.
BOOST_AUTO_TEST_CASE(a_call_that_waits_for_its_session) {
    backend b;
    b.waits_in = backend::place::call;
    sdk::tsm_api api(b.client());
    auto running = api.terminateService("i");
    until(b.waits);
    BOOST_TEST(api.cancel());
    const auto result = running.get();
    BOOST_TEST((result.process.outcome.status == error_category::execution_interrupted));
    BOOST_TEST(result.process.outcome.message == "Execution interrupted: manually cancelled");
    BOOST_TEST(result.process.process_id == "p1"); // the backend's own
    until(b.gone);
    BOOST_TEST(b.cancels == 1);
    BOOST_REQUIRE_EQUAL(b.calls.size(), 2u);
    BOOST_TEST(b.calls[0] == b.calls[1]);
    b.waits_in = backend::place::nowhere; // and the next one is not cancelled
    b.cancels = 0;
    BOOST_TEST((api.terminateService("i").get().process.outcome.status == error_category::none));
    BOOST_TEST(b.cancels == 0);
}

BOOST_AUTO_TEST_CASE(a_backend_that_cannot_be_told) {
    for (const bool has_session : {false, true}) {
        backend b;
        b.waits_in = backend::place::call;
        (has_session ? b.loses : b.busy) = true;
        sdk::tsm_api api(b.client());
        auto running = api.terminateService("i");
        until(b.waits);
        BOOST_TEST(api.cancel());
        const auto outcome = running.get().process.outcome;
        BOOST_TEST((outcome.status == error_category::execution_interrupted));
        BOOST_TEST(
            outcome.message.starts_with("Execution interrupted: manually cancelled, but the backend may not know"));
        BOOST_TEST(b.calls.size() == 2u);
        BOOST_TEST(b.cancels == has_session);
        b.waits_in = backend::place::nowhere;
        b.busy = false;
        b.cancels = 0;
        BOOST_TEST((api.terminateService("i").get().process.outcome.status == error_category::none));
    }
}

BOOST_AUTO_TEST_CASE(nothing_runs) {
    backend b;
    sdk::tsm_api api(b.client());
    BOOST_TEST(!api.cancel());
    BOOST_TEST((api.terminateService("i").get().process.outcome.status == error_category::none));
    BOOST_TEST(!api.cancel());
    BOOST_TEST((api.terminateService("i").get().process.outcome.status == error_category::none));
    BOOST_TEST(b.cancels == 0);
}

BOOST_AUTO_TEST_SUITE_END()
