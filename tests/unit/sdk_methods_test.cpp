// Every method of the SDK (TR 4.2.1, 4.2.5) against a backend that is played here: what it asks, what it returns, whom
// it calls back, and when.

#include "crypto/pki.hpp"
#include "http/net/server.hpp"
#include "http/wire/seram.hpp"
#include "http/wire/tsm_api.hpp"
#include "sdk/tsm_api.hpp"

#include <boost/test/unit_test.hpp>
#include <mutex>
#include <thread>

using namespace tsms;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view functions = "/tsm-api/1.0/";
const std::string date = "2026-01-01T00:00:00.000Z";
const model::process_start start{"p", "AB12", date};
const model::process_progress progress{"p", 50, model::operation::service_termination};

/// Answers each function as it is told to.
class backend {
public:
    enum manner { does_it, refuses, runs_a_session };

    explicit backend(manner m) : manner_(m), server_(options()) {
        server_.start([this](const net::request& r) { return handle(r); });
    }

    sdk::tsm_api_options client() const {
        sdk::tsm_api_options o;
        o.url = "https://127.0.0.1:" + std::to_string(server_.port());
        o.ca_pem = ca().certificate_pem;
        o.caller_id = "AB12";
        return o;
    }

    /// "terminateService {…}", of each call, without the handset.
    std::vector<std::string> asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }
    /// While somebody holds it no call is answered.
    std::unique_lock<std::mutex> hold() { return std::unique_lock(turn_); }

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

    net::response handle(const net::request& r) {
        const std::lock_guard turn(turn_);
        if (r.path.starts_with(functions))
            return call(r.path.substr(functions.size()), r.body);
        if (r.path == "/gp/seram/handshake")
            return json(wire::seram_handshake_answer());
        const std::lock_guard lock(mutex_);
        wire::seram_order order;
        order.commands.emplace_back(wire::seram_start{});
        for (const wire::notification& content :
             {wire::notification(start), wire::notification(progress), wire::notification(result_)})
            order.commands.emplace_back(wire::seram_notification{wire::notification_text(content)});
        order.commands.emplace_back(wire::seram_stop{});
        return json(wire::to_json(order));
    }

    net::response call(const std::string& name, const std::string& body) {
        const auto read = wire::parse_call(name, json::parse(body));
        const std::lock_guard lock(mutex_);
        asked_.push_back(name + " " + body.substr(0, body.find(",\"handset\"")) + "}");
        const auto outcome = manner_ == refuses ? model::failed_execution(model::dialect::v1_0,
                                                                          model::error_category::invalid_request, "x")
                                                : model::execution{};
        result_ = model::refusal_of(read.function, outcome, date);
        if (manner_ == runs_a_session)
            return json(wire::to_json(wire::tsm_api_answer(wire::session_opened{"s", "/gp/seram"})));
        return json(wire::to_json(wire::tsm_api_answer(result_)));
    }

    const manner manner_;
    std::mutex turn_;  ///< of the answers
    std::mutex mutex_; ///< of what follows
    std::vector<std::string> asked_;
    model::tsm_api_result result_;
    net::tls_server server_;
};

const std::vector<model::command_request> install{{model::service_command::install, {}, false}};

/// Remembers what it is told, and on which thread.
struct listener : sdk::ProcessListener {
    void onProcessStart(const model::process_start& s) override {
        told += "start " + s.process_id + " " + s.caller_id + " " + s.start_date + "; ";
        where = std::this_thread::get_id();
    }
    void onProcessProgress(const model::process_progress& p) override {
        told += "progress " + p.process_id + " " + std::to_string(p.progress) + " " +
                std::to_string(static_cast<int>(p.what));
    }
    std::string told;
    std::thread::id where;
};

/// The functions that run a process, each with this listener.
std::vector<std::function<model::process_info(sdk::ProcessListener*)>> processes(sdk::tsm_api& api) {
    return {[&](auto* l) { return api.deployService("i", install, true, l).get().process; },
            [&](auto* l) { return api.updateService("i", "1.1.0", install, false, l).get().process; },
            [&](auto* l) { return api.suspendOrResumeService("i", true, l).get().process; },
            [&](auto* l) { return api.terminateService("i", l).get().process; }};
}

} // namespace

BOOST_AUTO_TEST_SUITE(sdk_methods)

BOOST_AUTO_TEST_CASE(each_method_calls_its_function) { // TR 4.2.1.1
    backend b(backend::does_it);
    sdk::tsm_api api(b.client());
    api.createServiceInstance("s", "1.0.0");
    api.getServiceInstances("s");
    for (const auto& run : processes(api))
        run(nullptr);
    api.checkServiceDeploymentAvailable("s", "x.x.x").get();
    api.checkServiceUpdateAvailable("i", "1.x.x").get();
    const std::vector<std::string> expected{
        R"(createServiceInstance {"serviceId":"s","version":"1.0.0"})",
        R"(getServiceInstances {"serviceId":"s"})",
        R"(deployService {"serviceInstanceId":"i","serviceCommands":[{"type":"install"}],"finalizeDeployment":true})",
        R"(updateService {"serviceInstanceId":"i","newVersion":"1.1.0","serviceCommands":[{"type":"install"}],)"
        R"("finalizeDeployment":false})",
        R"(suspendOrResumeService {"serviceInstanceId":"i","suspensionControl":true})",
        R"(terminateService {"serviceInstanceId":"i"})",
        R"(checkServiceDeploymentAvailable {"serviceId":"s","version":"x.x.x"})",
        R"(checkServiceUpdateAvailable {"serviceInstanceId":"i","newVersion":"1.x.x"})"};
    BOOST_TEST(b.asked() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_method_says_how_it_ended) { // TR 4.2.4.4
    for (const auto manner : {backend::does_it, backend::refuses}) {
        backend b(manner);
        sdk::tsm_api api(b.client());
        std::vector<model::execution> ends{api.createServiceInstance("s", "1.0.0").outcome,
                                           api.getServiceInstances("s").outcome,
                                           api.checkServiceDeploymentAvailable("s", "x.x.x").get().outcome,
                                           api.checkServiceUpdateAvailable("i", "x.x.x").get().outcome};
        for (const auto& run : processes(api)) {
            const auto process = run(nullptr);
            BOOST_TEST(process.start_date == date);
            BOOST_TEST(process.end_date == date);
            ends.push_back(process.outcome);
        }
        BOOST_TEST(ends.size() == 8u);
        for (const auto& end : ends) {
            BOOST_TEST((end.status == (manner == backend::refuses ? model::error_category::invalid_request
                                                                  : model::error_category::none)));
            BOOST_TEST(end.message == (manner == backend::refuses ? "Invalid request: x" : ""));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_listener_is_called_from_another_thread) { // TR 4.2.1.2
    backend b(backend::runs_a_session);
    sdk::tsm_api api(b.client());
    for (const auto& run : processes(api)) {
        listener app;
        BOOST_TEST((run(&app).outcome.status == model::error_category::none));
        BOOST_TEST(app.told == "start p AB12 " + date + "; progress p 50 40");
        BOOST_TEST((app.where != std::this_thread::get_id()));
        BOOST_TEST((run(nullptr).outcome.status == model::error_category::none)); // it is optional
    }
}

BOOST_AUTO_TEST_CASE(a_future_is_ready_when_its_call_has_ended) { // TR 4.2.4.3
    backend b(backend::runs_a_session);
    sdk::tsm_api api(b.client());
    listener app;
    auto held = b.hold();
    auto process = api.terminateService("i", &app); // returns, although nobody answers
    auto check = api.checkServiceDeploymentAvailable("s", "x.x.x");
    BOOST_TEST((process.wait_for(50ms) == std::future_status::timeout));
    BOOST_TEST((check.wait_for(0ms) == std::future_status::timeout));
    held.unlock();
    process.wait();
    BOOST_TEST(app.told.ends_with("progress p 50 40")); // before it is ready
    BOOST_TEST((process.get().process.outcome.status == model::error_category::none));
    BOOST_TEST((check.get().outcome.status == model::error_category::none));
}

BOOST_AUTO_TEST_SUITE_END()
