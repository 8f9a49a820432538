#pragma once
// A Remote Agent that is played here, over TLS on loopback, and the cards and the app of its phone.

#include "crypto/pki.hpp"
#include "http/net/server.hpp"
#include "http/wire/tsm_api.hpp"
#include "sdk/tsm_api.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <mutex>
#include <thread>

namespace tsms::sdk_test {

using namespace std::chrono_literals;

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
    sdk::transport_cause fault = sdk::transport_cause::no_channel;
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
            throw sdk::transport_error(fault, "all channels in use");
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
    int lose_calls = 0;                        ///< likewise to calls
    int forget = 0;                            ///< reports to a session that the backend does not know any more
    std::vector<std::string> calls;            ///< their bodies
    int repeated = 0;                          ///< reports that came once more
    int status = 200;                          ///< of answers to reports
    std::vector<wire::seram_report> reports;
    std::string authorization;
    std::string path; ///< of the last call
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
        if (r.path == "/tsm-api/1.0/terminateService" || r.path == "/tsm-api/1.0.4/terminateService") {
            path = r.path;
            authorization = r.headers.get("Authorization");
            const auto call = wire::parse_call("terminateService", json::parse(r.body));
            calls.push_back(r.body);
            if (lose_calls > 0) {
                --lose_calls;
                std::this_thread::sleep_for(450ms);
            }
            return first_answer ? *first_answer : open(call.first_report);
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
        if (forget > 0 && forget-- > 0)
            return {404, {}, {}};
        return status == 200 ? next_order(cookie, r.body) : net::response{status, {}, {}};
    }

    net::response open(bool first_report) {
        wire::session_opened session{"s 1", endpoint.empty() ? url() + "/gp/seram/" : endpoint};
        std::size_t number = 0;
        if (first_report && gives_first_order) {
            session.order = orders.at(number++);
            if (reports.empty())
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

inline const wire::seram_secure_element sim{"uicc", "SIM1", ""};

inline wire::seram_order order(std::vector<wire::seram_command> commands) {
    return {0, sim, std::move(commands)};
}

inline wire::seram_command start_notification() {
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

} // namespace tsms::sdk_test
