// The SDK against a Remote Agent that is played here, over TLS on loopback: lost answers, garbage, cards that fail.

#include "http/net/connection.hpp"
#include "sdk/cookies.hpp"
#include "tests/unit/remote_agent.hpp"

#include <sys/socket.h>
#include <unistd.h>

using namespace tsms;
using namespace tsms::sdk_test;

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

BOOST_AUTO_TEST_CASE(progress_moves_with_the_card_and_ends_where_it_refuses) { // AMB-133
    const auto mark = [](int percent, model::operation what) {
        return wire::seram_notification{wire::notification_text(model::process_progress{"p1", percent, what})};
    };
    using enum model::operation;
    const auto load = hex("84E8000000");
    for (const bool refused : {false, true}) {
        remote_agent agent;
        auto card = std::make_shared<scripted_card>();
        agent.orders = {order({wire::seram_start{}, start_notification()}),
                        order({mark(10, service_deployment_installation), wire::seram_apdus{{load, load, load, load}},
                               mark(50, service_deployment_activation), wire::seram_apdus{{load}}}),
                        order({wire::seram_stop{}})};
        card->answers = {hex("9000"), refused ? hex("6985") : hex("9000")};
        listener app;
        sdk::tsm_api api(agent.client({card}));
        api.terminateService("i", &app).get();
        const auto expected = refused ? std::vector<int>{10, 20} : std::vector<int>{10, 20, 30, 40, 49, 50};
        BOOST_TEST(app.progress == expected, boost::test_tools::per_element());
        BOOST_TEST(agent.reports[2].executed == 2); // what the card refuses does not end the order
    }
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

    auto newer = agent.client({});
    newer.dialect = model::dialect::v1_0_4; // DIV-119
    sdk::tsm_api in_v1_0_4(newer);
    const auto newer_status_for = [&](net::response answer) {
        agent.first_answer = std::move(answer);
        const auto told = in_v1_0_4.terminateService("i").get().process.outcome;
        return std::to_string(static_cast<int>(told.status)) + " " + told.message;
    };
    BOOST_TEST(newer_status_for({400, {}, R"({"error":"no such thing"})"}) == "4 Invalid argument: no such thing");
    BOOST_TEST(newer_status_for({401, {}, R"({"error":"who?"})"}) == "15 Unauthorized: who?");
    BOOST_TEST(newer_status_for({429, {}, {}}) == "18 The system is currently not available, please try again later.");
    BOOST_TEST(newer_status_for({504, {}, {}}).starts_with("1 TSM not available: "));
    BOOST_TEST(agent.path == "/tsm-api/1.0.4/terminateService");
    in_v1_0_4.setAccessToken([]() -> crypto::secret { throw std::runtime_error("x"); });
    BOOST_TEST(newer_status_for({200, {}, "x"}) == "5 Not authenticated: could not retrieve access token");

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

// TR 4.2.4.4: SERAM has no status for two of its causes, so errorMsg says which (docs/tsm-api-wire.md).
BOOST_AUTO_TEST_CASE(each_cause_of_a_transport_is_told_to_the_backend) {
    using enum sdk::transport_cause;
    using wire::seram_status;
    const struct {
        sdk::transport_cause cause;
        seram_status status;
        const char* error;
    } rows[] = {
        {unavailable, seram_status::unavailable_se, "all channels in use"},
        {access_denied, seram_status::ungranted_access, "all channels in use"},
        {no_channel, seram_status::unknown_failure, "no channel: all channels in use"},
        {nfc_off, seram_status::unknown_failure, "NFC off: all channels in use"},
        {other, seram_status::unknown_failure, "all channels in use"},
    };
    for (const auto& row : rows) {
        remote_agent agent;
        auto card = std::make_shared<scripted_card>();
        card->fault = row.cause;
        card->answers = {{}};
        agent.orders = {order({wire::seram_apdus{{hex("00A40400")}}}), order({wire::seram_stop{}})};
        sdk::tsm_api api(agent.client({card}));
        api.terminateService("i").get();
        const auto& report = agent.reports.at(1);
        BOOST_CHECK(report.status == row.status);
        BOOST_TEST(report.error == row.error);
    }
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
