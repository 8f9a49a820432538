// The SDK's calls: the first order that comes with their answer, and their repetition (DIV-106, DIV-107).

#include "tests/unit/remote_agent.hpp"

#include <set>

using namespace tsms;
using namespace tsms::sdk_test;

BOOST_AUTO_TEST_SUITE(sdk_calls)

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

// DIV-107: the same octets with the same callId, so that the backend knows the call again.
BOOST_AUTO_TEST_CASE(a_lost_answer_to_a_call_is_fetched_again_with_the_same_call) {
    for (const bool gives : {true, false}) {
        remote_agent agent;
        auto card = std::make_shared<scripted_card>();
        agent.gives_first_order = gives;
        agent.lose_calls = 2;
        agent.orders = {order({wire::seram_start{}, wire::seram_apdus{{hex("80CA9F7F00")}}}),
                        order({wire::seram_notification{wire::notification_text(agent.result)}, wire::seram_stop{}})};
        sdk::tsm_api api(agent.client({card}));
        BOOST_CHECK(api.terminateService("i").get().process.outcome.status == model::error_category::none);
        BOOST_TEST(card->got.size() == 1u);
        BOOST_TEST(agent.calls.size() >= 3u); // more on a machine that is slow itself
        for (const auto& again : agent.calls)
            BOOST_TEST(again == agent.calls[0]);
    }
}

BOOST_AUTO_TEST_CASE(each_call_has_an_id_of_its_own) {
    remote_agent agent;
    agent.first_answer = {400, {}, {}};
    sdk::tsm_api api(agent.client({}));
    std::set<std::string> ids;
    for (int i = 0; i < 3; ++i) {
        api.terminateService("i").get();
        ids.insert(wire::parse_call("terminateService", json::parse(agent.calls.back())).call_id);
    }
    BOOST_TEST(ids.size() == 3u);
    BOOST_TEST(!ids.contains(""));
}

BOOST_AUTO_TEST_CASE(what_has_certainly_not_begun_is_told_at_once) {
    remote_agent agent;
    sdk::tsm_api api(agent.client({}));
    for (const auto& [status, most] : {std::pair(429, 1u), {503, 1u}, {502, 100u}, {504, 100u}}) {
        agent.first_answer = {status, {}, {}};
        agent.calls.clear();
        BOOST_CHECK(api.terminateService("i").get().process.outcome.status == model::error_category::tsm_not_available);
        BOOST_TEST(agent.calls.size() <= most, status);
        BOOST_TEST((agent.calls.size() > 1u) == (most > 1), status); // who knows what stands behind a gateway
    }
    agent.first_answer = {503, {}, {}};
    agent.calls.clear();
    agent.lose_calls = 1; // now it may have
    BOOST_CHECK(api.terminateService("i").get().process.outcome.status == model::error_category::tsm_not_available);
    BOOST_TEST(agent.calls.size() > 1u);
}

BOOST_AUTO_TEST_CASE(a_repetition_comes_when_the_backend_asks_for_it) {
    for (const auto& [seconds, most] : {std::pair("60", 9u), {"1", 9u}, {"0", 1000u}}) { // within 2 s
        remote_agent agent;
        agent.first_answer = {429, {{"Retry-After", seconds}}, {}};
        agent.lose_calls = 1;
        sdk::tsm_api api(agent.client({}));
        BOOST_CHECK(api.terminateService("i").get().process.outcome.status == model::error_category::tsm_not_available);
        BOOST_TEST(agent.calls.size() >= 2u, seconds);
        BOOST_TEST(agent.calls.size() <= most, seconds);
    }
}

BOOST_AUTO_TEST_CASE(a_session_that_is_lost_with_its_backend_is_an_interruption) {
    remote_agent agent;
    agent.gives_first_order = true;
    agent.forget = 1;
    agent.orders = {order({wire::seram_start{}, start_notification()})};
    sdk::tsm_api api(agent.client({std::make_shared<scripted_card>()}));
    struct : listener {
        void onProcessStart(const model::process_start&) override {
            const std::lock_guard lock(agent->mutex);
            agent->first_answer = {503, {}, {}};
        }
        remote_agent* agent = nullptr;
    } app;
    app.agent = &agent;
    BOOST_CHECK(api.terminateService("i", &app).get().process.outcome.status ==
                model::error_category::execution_interrupted);
    BOOST_TEST(agent.calls.size() > 2u);
}

BOOST_AUTO_TEST_CASE(a_session_that_the_backend_has_lost_is_found_by_its_call) {
    for (const int lost : {1, 2}) {
        remote_agent agent;
        auto card = std::make_shared<scripted_card>();
        agent.gives_first_order = true;
        agent.forget = lost;
        agent.orders = {order({wire::seram_start{}, start_notification()}),
                        order({wire::seram_notification{wire::notification_text(agent.result)}, wire::seram_stop{}})};
        sdk::tsm_api api(agent.client({card}));
        struct : listener {
            void onProcessStart(const model::process_start& s) override {
                ++times;
                listener::onProcessStart(s);
            }
            int times = 0;
        } app;
        const auto status = api.terminateService("i", &app).get().process.outcome.status;
        BOOST_CHECK(status == (lost == 1 ? model::error_category::none : model::error_category::execution_interrupted));
        BOOST_REQUIRE(agent.calls.size() >= 2u);
        BOOST_TEST(agent.calls.back() == agent.calls.front());
        BOOST_TEST(app.times == 1); // the order that announces the process has come twice
    }
}

BOOST_AUTO_TEST_SUITE_END()
