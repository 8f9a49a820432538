// The SDK against a Remote Agent that is played here, over TLS on loopback: lost answers, garbage, cards that fail.

#include "crypto/pki.hpp"
#include "http/net/connection.hpp"
#include "http/net/server.hpp"
#include "http/wire/tsm_api.hpp"
#include "sdk/cookies.hpp"
#include "sdk/tsm_api.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <mutex>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace tsms;
using namespace std::chrono_literals;

namespace {

/// A card that answers from a script and remembers what it got.
class scripted_card : public sdk::secure_component {
public:
    explicit scripted_card(std::string name = "SIM1") : name_(std::move(name)) {}
    std::string reader() const override { return name_; }
    std::string se_type() const override { return "uicc"; }
    bytes atr() const override { return hex("3B00"); }
    void open() override { ++opened; }
    void close() noexcept override { ++closed; }

    std::deque<bytes> answers; ///< an empty one is a transmission error; 9000 when there are no more
    std::vector<std::string> got;
    int opened = 0;
    int closed = 0;

private:
    bytes exchange(bytes_view c_apdu) override {
        got.push_back(to_hex(c_apdu));
        if (answers.empty())
            return hex("9000");
        auto answer = answers.front();
        answers.pop_front();
        if (answer.empty())
            throw sdk::transport_error(sdk::transport_cause::no_channel, "all channels in use");
        return answer;
    }
    std::string name_;
};

/// Backend with one function call and one session, whose orders are given.
class remote_agent {
public:
    remote_agent() : server_(options()) {
        server_.start([this](const net::request& r) { return handle(r); });
    }

    std::vector<wire::seram_order> orders;
    bool gives_first_order = false; ///< where the call asks for it (DIV-106); else it knows only the specification
    model::tsm_api_result result = model::terminate_service_result{{"p1", {}, "a", "b"}};
    std::string endpoint;                      ///< instead of the right one
    std::optional<net::response> first_answer; ///< to the call
    std::string garbage;                       ///< instead of the last order
    int lose = 0;                              ///< answers to reports that come too late
    int repeated = 0;                          ///< reports that came once more
    int status = 200;                          ///< of answers to reports
    std::vector<wire::seram_report> reports;
    std::string authorization;
    std::mutex mutex;

    std::string url() const { return "https://127.0.0.1:" + std::to_string(server_.port()); }
    static const crypto::credential& ca() {
        static const auto made = crypto::make_ca("Test CA");
        return made;
    }

    sdk::tsm_api_options client(std::vector<std::shared_ptr<sdk::secure_component>> components) const {
        sdk::tsm_api_options o;
        o.url = url();
        o.ca_pem = ca().certificate_pem;
        o.caller_id = "AB12";
        o.credential = crypto::secret(as_bytes("credential"));
        o.components = std::move(components);
        o.retry = {2s, 10ms, 50ms};
        o.answer_timeout = 300ms;
        return o;
    }

private:
    static net::server_options options() {
        static const std::vector<std::string> names{"127.0.0.1"};
        static const auto made = crypto::make_server_certificate(ca(), "backend", names);
        net::server_options o;
        o.identity = net::tls_identity{made.certificate_pem, made.key};
        return o;
    }

    net::response handle(const net::request& r) {
        const std::unique_lock lock(mutex);
        if (r.path == "/tsm-api/1.0/terminateService") {
            authorization = r.headers.get("Authorization");
            return first_answer ? *first_answer
                                : open(wire::parse_call("terminateService", json::parse(r.body)).first_report);
        }
        const auto cookie = std::string(r.headers.get("Cookie"));
        if (!cookie.starts_with("tsms=secret."))
            return {404, {}, {}};
        if (r.path == "/tsm-api/1.0/sessions/s%201/result")
            return json(wire::to_json(wire::tsm_api_answer(result)));
        if (r.parameter("sessionId") != "s 1")
            return {404, {}, {}};
        if (r.path == "/gp/seram/handshake")
            return json(wire::seram_handshake_answer());
        return status == 200 ? next_order(cookie, r.body) : net::response{status, {}, {}};
    }

    net::response open(bool first_report) {
        wire::session_opened session{"s 1", endpoint.empty() ? url() + "/gp/seram/" : endpoint};
        std::size_t number = 0;
        if (first_report && gives_first_order) {
            session.order = orders.at(number++);
            reports.emplace_back();
        }
        auto answer = json(wire::to_json(wire::tsm_api_answer(session)));
        answer.headers.add("Set-Cookie", "tsms=secret." + std::to_string(number) + "; Path=/; Secure; HttpOnly");
        return answer;
    }

    net::response next_order(const std::string& cookie, const std::string& body) {
        const auto number = std::stoul(cookie.substr(cookie.rfind('.') + 1));
        if (number < reports.size()) {
            ++repeated;
            BOOST_TEST(body == last_body_);
        } else {
            last_body_ = body;
            reports.push_back(wire::parse_seram_report(json::parse(body)));
        }
        if (lose > 0) {
            --lose;
            std::this_thread::sleep_for(450ms);
        }
        auto answer = number + 1 == orders.size() && !garbage.empty() ? net::json_response(200, garbage)
                                                                      : json(wire::to_json(orders.at(number)));
        answer.headers.add("Set-Cookie", "tsms=secret." + std::to_string(number + 1) + "; Path=/; Secure; HttpOnly");
        return answer;
    }

    static net::response json(const json::value& v) { return net::json_response(200, json::dump(v)); }

    std::string last_body_;
    net::tls_server server_;
};

const wire::seram_secure_element sim{"uicc", "SIM1", ""};

wire::seram_order order(std::vector<wire::seram_command> commands) {
    return {0, sim, std::move(commands)};
}

wire::seram_command start_notification() {
    return wire::seram_notification{wire::notification_text(model::process_start{"p1", "AB12", "now"})};
}

struct listener : sdk::ProcessListener {
    void onProcessStart(const model::process_start& s) override {
        started = s.process_id;
        if (refuse)
            throw std::runtime_error("app is gone");
    }
    void onProcessProgress(const model::process_progress& p) override {
        progress.push_back(p.progress);
        throw std::runtime_error("ignored");
    }
    std::string started;
    std::vector<int> progress;
    bool refuse = false;
};

} // namespace

BOOST_AUTO_TEST_SUITE(sdk_session)

BOOST_AUTO_TEST_CASE(a_whole_session) {
    remote_agent agent;
    auto card = std::make_shared<scripted_card>();
    card->answers = {hex("6F009000"), hex("6105"), hex("11223344559000"), hex("6C02"), hex("AABB9000"), hex("6C10")};
    agent.orders = {order({wire::seram_start{}, start_notification()}),
                    order({wire::seram_apdus{{hex("00A4040000"), hex("80CA9F7F00")}},
                           wire::seram_notification{wire::notification_text(
                               model::process_progress{"p1", 50, model::operation::service_termination})},
                           wire::seram_apdus{{hex("80CA004200"), hex("84CA004200")}}}),
                    {},
                    order({wire::seram_stop{}})};
    agent.orders[2].delay = 5;
    listener app;
    sdk::tsm_api api(agent.client({card}));
    const auto result = api.terminateService("i", &app).get();
    BOOST_CHECK(result.process.outcome.status == model::error_category::none);
    BOOST_TEST(result.process.process_id == "p1");
    BOOST_TEST(agent.authorization == "Bearer credential");
    BOOST_TEST(app.started == "p1");
    BOOST_TEST(app.progress == std::vector<int>{50}, boost::test_tools::per_element());

    BOOST_REQUIRE(agent.reports.size() == 4u);
    BOOST_CHECK(agent.reports[0].status == wire::seram_status::polling);
    BOOST_CHECK(agent.reports[1].status == wire::seram_status::processed); // the acknowledgement
    BOOST_TEST(agent.reports[1].executed == 0);
    const auto& report = agent.reports[2];
    BOOST_TEST(report.executed == 2);
    BOOST_TEST(to_hex(report.responses[0][1]) == "11223344559000"); // 61xx is finished by the transport
    BOOST_TEST(to_hex(report.responses[1][0]) == "AABB9000");       // 6Cxx as well
    BOOST_TEST(to_hex(report.responses[1][1]) == "6C10");           // but never under secure messaging
    BOOST_CHECK(agent.reports[3].status == wire::seram_status::polling);
    const std::vector<std::string> apdus{"00A4040000", "80CA9F7F00", "00C0000005",
                                         "80CA004200", "80CA004202", "84CA004200"};
    BOOST_TEST(card->got == apdus, boost::test_tools::per_element());
    BOOST_TEST(card->opened == 1);
    BOOST_TEST(card->closed == 1);

    const auto cost = api.counted();
    BOOST_TEST(cost.exchanges == 7u); // call, handshake, four reports, result
    BOOST_TEST(cost.apdus == 4u);
    BOOST_TEST(cost.bytes_sent > 1000u);
    BOOST_TEST(cost.bytes_received > 500u);
}

BOOST_AUTO_TEST_CASE(a_result_with_stop_saves_an_exchange) {
    remote_agent agent;
    agent.orders = {order(
        {wire::seram_start{}, wire::seram_notification{wire::notification_text(agent.result)}, wire::seram_stop{}})};
    agent.endpoint = "/gp/seram"; // a path is enough
    sdk::tsm_api api(agent.client({std::make_shared<scripted_card>()}));
    BOOST_TEST(api.terminateService("i").get().process.process_id == "p1");
    BOOST_TEST(api.counted().exchanges == 3u);
}

// DIV-106: the call is the first report too, where both ends know it.
BOOST_AUTO_TEST_CASE(the_first_order_comes_with_the_answer_to_the_call) {
    for (const auto& [asks, gives] : {std::pair(true, true), {true, false}, {false, true}}) {
        remote_agent agent;
        auto card = std::make_shared<scripted_card>();
        agent.gives_first_order = gives;
        agent.orders = {order({wire::seram_start{}, start_notification(), wire::seram_apdus{{hex("80CA9F7F00")}}}),
                        order({wire::seram_notification{wire::notification_text(agent.result)}, wire::seram_stop{}})};
        auto options = agent.client({card});
        options.first_report = asks;
        sdk::tsm_api api(options);
        listener app;
        BOOST_TEST(api.terminateService("i", &app).get().process.process_id == "p1");
        BOOST_TEST(app.started == "p1");
        BOOST_TEST(card->got.size() == 1u);
        BOOST_REQUIRE_EQUAL(agent.reports.size(), 2u); // a void one, whether or not it has travelled, and the real one
        BOOST_TEST(agent.reports[1].responses.size() == 1u);
        BOOST_TEST(api.counted().exchanges == (asks && gives ? 2u : 4u));
    }
}

BOOST_AUTO_TEST_CASE(a_result_may_come_with_the_answer_to_the_call) {
    remote_agent agent;
    agent.gives_first_order = true;
    agent.orders = {order(
        {wire::seram_start{}, wire::seram_notification{wire::notification_text(agent.result)}, wire::seram_stop{}})};
    sdk::tsm_api api(agent.client({std::make_shared<scripted_card>()}));
    BOOST_TEST(api.terminateService("i").get().process.process_id == "p1");
    BOOST_TEST(api.counted().exchanges == 1u);
}

BOOST_AUTO_TEST_CASE(a_lost_answer_is_fetched_again_with_the_same_report) {
    remote_agent agent;
    auto card = std::make_shared<scripted_card>();
    agent.orders = {order({wire::seram_start{}}), order({wire::seram_apdus{{hex("80CA9F7F00")}}}),
                    order({wire::seram_stop{}})};
    agent.lose = 3;
    sdk::tsm_api api(agent.client({card}));
    const auto result = api.terminateService("i").get();
    BOOST_CHECK(result.process.outcome.status == model::error_category::none);
    BOOST_TEST(agent.repeated >= 3);
    BOOST_TEST(card->got.size() == 1u); // an order is executed once, however often it was fetched
}

BOOST_AUTO_TEST_CASE(a_backend_that_vanishes_or_talks_nonsense_is_an_interruption) {
    for (const std::string& garbage :
         {std::string("{"), std::string("[]"), std::string(R"({"ramCommands":[1]})"),
          std::string(R"({"ramCommands":[{"ramCommandType":"seRamCommand","listOfCAPDU":["0"]}]})")}) {
        remote_agent agent;
        agent.orders = {order({wire::seram_start{}}), {}};
        agent.garbage = garbage;
        sdk::tsm_api api(agent.client({std::make_shared<scripted_card>()}));
        const auto result = api.terminateService("i").get();
        BOOST_CHECK(result.process.outcome.status == model::error_category::execution_interrupted);
        BOOST_TEST(result.process.process_id.empty());
    }
    for (const int status : {404, 500, 503}) {
        remote_agent agent;
        agent.status = status;
        sdk::tsm_api api(agent.client({std::make_shared<scripted_card>()}));
        BOOST_CHECK(api.terminateService("i").get().process.outcome.status ==
                    model::error_category::execution_interrupted);
        BOOST_TEST((api.counted().exchanges > 10) == (status == 503)); // overload is worth another attempt
    }
    remote_agent agent;
    agent.endpoint = "https://127.0.0.1:1/gp/seram";
    sdk::tsm_api api(agent.client({}));
    const auto stray = api.terminateService("i").get();
    BOOST_TEST(stray.process.outcome.message.find("another host") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(errors_before_a_session_have_their_categories) {
    remote_agent agent;
    sdk::tsm_api api(agent.client({}));
    const auto status_for = [&](net::response answer) {
        agent.first_answer = std::move(answer);
        return api.terminateService("i").get().process.outcome;
    };
    BOOST_CHECK(status_for({400, {}, R"({"error":"no such thing"})"}).message == "Invalid request: no such thing");
    BOOST_CHECK(status_for({401, {}, {}}).status == model::error_category::not_authenticated);
    BOOST_CHECK(status_for({503, {}, {}}).status == model::error_category::tsm_not_available);
    BOOST_CHECK(status_for({500, {}, {}}).status == model::error_category::internal_error);
    BOOST_CHECK(status_for({200, {}, "x"}).status == model::error_category::internal_error);

    api.setAccessToken([] { return crypto::secret(as_bytes("token")); });
    status_for({401, {}, {}});
    BOOST_TEST(agent.authorization == "Bearer token");
    api.setAccessToken([]() -> crypto::secret { throw std::runtime_error("x"); });
    BOOST_CHECK(status_for({401, {}, {}}).message == "Not authenticated: could not retrieve access token");

    auto options = agent.client({});
    options.url = "https://127.0.0.1:1";
    sdk::tsm_api nowhere(options);
    const auto unreachable = nowhere.createServiceInstance("s", "1.0.0");
    BOOST_CHECK(unreachable.outcome.status == model::error_category::network_connection_error);
    BOOST_CHECK(!unreachable.service_instance);
    const auto deployed = nowhere.deployService("i", {{model::service_command::install, {}, false}}, true).get();
    BOOST_REQUIRE(deployed.commands.size() == 1u);
    BOOST_CHECK(deployed.commands[0].status == model::command_status::not_executed);
    BOOST_TEST(deployed.process.start_date.size() == std::string_view("2026-01-01T00:00:00.000Z").size());
}

BOOST_AUTO_TEST_CASE(the_token_is_asked_for_before_each_request) { // TR 1.0.4 4.2.5.9, AMB-146
    remote_agent agent;
    sdk::tsm_api api(agent.client({}));
    agent.first_answer = {401, {}, {}};
    api.terminateService("i").get();
    BOOST_TEST(agent.authorization == "Bearer credential");
    int asked = 0;
    api.setAccessToken([&] { return crypto::secret(as_bytes("token " + std::to_string(++asked))); });
    for (const char* expected : {"Bearer token 1", "Bearer token 2", "Bearer token 3"}) {
        api.terminateService("i").get();
        BOOST_TEST(agent.authorization == expected);
    }
    api.setAccessToken(nullptr);
    api.terminateService("i").get();
    BOOST_TEST(agent.authorization == "Bearer credential");
    BOOST_TEST(asked == 3);
}

BOOST_AUTO_TEST_CASE(a_transmission_error_discards_the_rest_of_the_order) {
    remote_agent agent;
    auto card = std::make_shared<scripted_card>();
    card->answers = {hex("9000"), {}};
    agent.orders = {order({wire::seram_start{}}),
                    order({wire::seram_apdus{{hex("00A40400"), hex("80CA0042"), hex("80CA0045")}},
                           wire::seram_apdus{{hex("80CA0066")}}}),
                    order({wire::seram_apdus{{hex("00A40400")}}}), order({wire::seram_stop{}})};
    sdk::tsm_api api(agent.client({card}));
    api.terminateService("i").get();
    const auto& report = agent.reports.at(2);
    BOOST_CHECK(report.status == wire::seram_status::unknown_failure);
    BOOST_TEST(report.error == "no channel: all channels in use");
    BOOST_TEST(report.executed == 0);
    BOOST_REQUIRE(report.responses.size() == 1u);
    BOOST_TEST(report.responses[0].size() == 1u); // no R-APDU for the faulty one
    BOOST_TEST(card->got.size() == 3u);
    BOOST_TEST(card->opened == 2); // only the next order begins anew
    BOOST_CHECK(agent.reports.at(3).status == wire::seram_status::processed);
}

/// TR 4.2.4.4, DIV-045: a server that takes the connection and closes it at once is there and does not serve.
BOOST_AUTO_TEST_CASE(a_backend_that_turns_the_app_away_is_not_available) {
    remote_agent agent;
    const auto listening = net::listen_tcp("127.0.0.1", 0);
    std::thread turns_away([&] {
        for (int fd; (fd = ::accept(listening->get(), nullptr, nullptr)) >= 0;)
            ::close(fd);
    });
    auto options = agent.client({std::make_shared<scripted_card>()});
    options.url = "https://127.0.0.1:" + std::to_string(net::local_port(listening->get()));
    sdk::tsm_api api(options);
    const auto outcome = api.terminateService("i").get().process.outcome;
    listening->shutdown();
    turns_away.join();
    BOOST_CHECK(outcome.status == model::error_category::tsm_not_available);
    BOOST_TEST(outcome.message.starts_with("TSM not available: ‘127.0.0.1:"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_done_is_reported) {
    remote_agent agent;
    auto one = std::make_shared<scripted_card>("SIM1");
    auto two = std::make_shared<scripted_card>("eSE1");
    auto foreign = order({wire::seram_apdus{{hex("00A40400")}}});
    foreign.secure_element->id = "SIM9";
    auto other = order({wire::seram_apdus{{hex("00A40400")}}});
    other.secure_element->id = "eSE1";
    agent.orders = {order({start_notification()}),
                    order({wire::seram_apdus{{hex("00A40400")}}}),
                    order({wire::seram_unknown{"new"}, wire::seram_apdus{{hex("00A40400")}}}),
                    foreign,
                    other,
                    order({wire::seram_stop{}})};
    listener app;
    app.refuse = true;
    sdk::tsm_api api(agent.client({one, two}));
    api.terminateService("i", &app).get();
    BOOST_CHECK(agent.reports.at(1).status == wire::seram_status::unknown_failure); // AMB-132
    BOOST_TEST(agent.reports.at(1).error == "app is gone");
    BOOST_CHECK(agent.reports.at(3).status == wire::seram_status::unknown_failure); // AMB-212
    BOOST_CHECK(agent.reports.at(4).status == wire::seram_status::unavailable_se);
    BOOST_CHECK(agent.reports.at(5).status == wire::seram_status::processed);
    BOOST_TEST(one->got.size() == 1u); // not behind the unknown command
    BOOST_TEST(one->closed == 1);      // closed before another one is used
    BOOST_TEST(two->got.size() == 1u);
}

BOOST_AUTO_TEST_CASE(cookies) {
    sdk::cookie_jar jar;
    jar.take("a=1; Path=/; HttpOnly", "/x/y");
    jar.take("b=2", "/x/y");
    BOOST_TEST(jar.header("/x/z") == "a=1; b=2");
    BOOST_TEST(jar.header("/xy") == "a=1");
    jar.take("a=3;path=/", "/other");
    BOOST_TEST(jar.header("/") == "a=3");
    jar.take("a=; Max-Age=0; Path=/", "/");
    BOOST_TEST(jar.header("/") == "");
    for (const std::string& bad :
         {std::string("novalue"), std::string("=x"), std::string("c=\x01"), "c=" + std::string(5000, 'x')})
        jar.take(bad, "/");
    BOOST_TEST(jar.header("/") == "");
    for (int i = 0; i < 200; ++i)
        jar.take("n" + std::to_string(i) + "=1", "/");
    BOOST_TEST(jar.header("/").size() < 400u);
}

BOOST_AUTO_TEST_SUITE_END()
