#include "sdk/tsm_api.hpp"

#include "base/ascii.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"
#include "crypto/random.hpp"
#include "http/wire/tsm_api.hpp"
#include "sdk/call_log.hpp"
#include "sdk/progress.hpp"

#include <mutex>
#include <thread>

namespace tsms::sdk {

using model::error_category;

namespace {

/// Waits for a result that is still being written, a second each.
constexpr int most_result_polls = 60;
constexpr std::size_t call_id_octets = 16;

/// Why a call has no result of the backend's making.
struct call_failure : std::runtime_error {
    call_failure(error_category c, const std::string& details) : std::runtime_error(details), category(c) {}
    error_category category;
};

/// A call that is turned away at the edge of the backend (docs/tsm-api-wire.md).
error_category category_of(int status) {
    if (status == 400)
        return error_category::invalid_request;
    if (status == 401 || status == 403)
        return error_category::unauthorized;
    if (status == 429 || status == 503)
        return error_category::overload_protection;
    if (status == 502 || status == 504)
        return error_category::tsm_not_available;
    return error_category::internal_error;
}

/// TR 4.2.4.4 (DIV-045): no connection to the TSM can be established (3), or the TSM takes it and does not serve (1).
error_category category_of(net::network_cause cause) {
    return cause == net::network_cause::turned_away ? error_category::tsm_not_available
                                                    : error_category::network_connection_error;
}

/// The text of an error answer, cleaned of what could disturb a log or a screen.
std::string error_text(const net::response& answer) {
    try {
        const auto document = json::parse(answer.body, {.bytes = 65536});
        const auto text = json::reader(json::root_object(document)).string("error");
        return std::string(text::beginning(text, 512));
    } catch (const json::parse_error&) {
        return "the backend answered with status " + std::to_string(answer.status);
    }
}

wire::tsm_api_answer read_answer(std::string_view function, const net::response& answer, model::dialect dialect) {
    if (answer.status != 200)
        throw call_failure(category_of(answer.status), error_text(answer));
    try {
        return wire::parse_answer(function, json::parse(answer.body, {.bytes = 8 << 20}), dialect);
    } catch (const json::parse_error& e) {
        throw call_failure(error_category::internal_error,
                           std::string("the backend's answer is malformed: ") + e.what());
    }
}

/// What one session tells: to the listener, and the result where it comes with it.
class listening final : public session_observer {
public:
    listening(std::string_view function, model::dialect dialect, ProcessListener* listener, log_book& log)
        : function_(function), dialect_(dialect), listener_(listener), log_(log),
          progress_([this](const auto& p) { deliver(p); }) {}

    void begins(const wire::seram_order& order) override {
        log_.begins(order);
        progress_.begins(order);
    }
    void answered(bytes_view c_apdu, bytes_view r_apdu) override {
        log_.answered(r_apdu);
        progress_.answered(c_apdu, r_apdu);
    }
    void notified(const std::string& text) override {
        const auto content = wire::parse_notification(function_, text, dialect_);
        if (!content)
            return;
        if (const auto* result = std::get_if<model::tsm_api_result>(&*content))
            result_ = *result;
        else if (const auto* start = std::get_if<model::process_start>(&*content))
            begin(*start);
        else if (const auto* progress = std::get_if<model::process_progress>(&*content))
            progress_.reached(*progress);
    }

    const std::optional<model::tsm_api_result>& result() const { return result_; }

private:
    /// Once: an order may come again behind a repeated call.
    void begin(const model::process_start& start) {
        if (start.process_id == started_)
            return;
        log_.process_starts(start.process_id);
        if (listener_)
            listener_->onProcessStart(start);
        started_ = start.process_id;
    }
    void deliver(const model::process_progress& progress) {
        try {
            if (listener_)
                listener_->onProcessProgress(progress);
        } catch (const std::exception&) {
            // AMB-133: progress is for people; the process does not depend on it.
        }
    }

    std::string_view function_;
    model::dialect dialect_;
    ProcessListener* listener_;
    call_log log_;
    std::string started_; ///< the process that the listener knows
    order_progress progress_;
    std::optional<model::tsm_api_result> result_;
};

net::client_options link_options(const tsm_api_options& options) {
    net::client_options link;
    link.base_url = options.url;
    link.ca_pem = options.ca_pem;
    link.connect_timeout = options.connect_timeout;
    link.read_timeout = options.answer_timeout;
    link.transfer = options.transfer;
    return link;
}

/// A session in which a call runs, for whoever cancels it.
struct open_session {
    std::string target;
    std::string cookie;
};
/// A call is pending as long as the backend may be at work on it and the app has no result.
class pending_call {
public:
    pending_call(pending_calls& all, const backend_link& link, std::string id)
        : all_(all), link_(link), id_(std::move(id)), former_(all.former()) {
        all_.begin(id_);
    }
    pending_call(const pending_call&) = delete;
    pending_call& operator=(const pending_call&) = delete;
    ~pending_call() {
        if (has_result || !link_.may_have_begun())
            all_.ended(id_);
        all_.save();
    }

    /// Calls before it that are.
    const std::vector<std::string>& former() const { return former_; }
    /// The backend has taken the call.
    void taken() { all_.told(former_); }

    bool has_result = false;

private:
    pending_calls& all_;
    const backend_link& link_;
    std::string id_;
    std::vector<std::string> former_;
};

struct running_call {
    std::optional<open_session> session;
    bool cancelled = false; ///< somebody wants it
};

} // namespace

struct tsm_api::state {
    explicit state(tsm_api_options o)
        : options(std::move(o)), link(link_options(options), options.retry),
          pending(options.pending, link.origin(), errors_to(log, options.log)) {
        link.log = errors_to(log);
    }

    model::tsm_api_result call(const model::tsm_api_function& function, ProcessListener* listener);
    model::tsm_api_result converse(const model::tsm_api_function& function, ProcessListener* listener);
    model::tsm_api_result run_session(std::string_view function, const wire::session_opened& session,
                                      listening& observer);
    model::tsm_api_result fetch_result(std::string_view function, const std::string& session_id);
    net::response send(std::string_view target, const net::header_fields& headers, std::string_view request,
                       bool again);
    net::header_fields authorization();
    wire::handset handset() const;
    std::string session_path(const std::string& session_id) const;

    bool cancel();
    int cancel_session(const open_session& session) const;
    void enter(const std::string& session_id);
    void leave();

    tsm_api_options options;
    log_book log;
    std::mutex one_call; ///< a card carries one session at a time
    backend_link link;   ///< kept from call to call: one TLS handshake for all
    pending_calls pending;

    mutable std::mutex mutex; ///< of what follows
    token_source token;
    statistics counted;
    std::optional<running_call> running;
};

bool tsm_api::state::cancel() {
    std::optional<open_session> session;
    {
        const std::lock_guard lock(mutex);
        if (!running)
            return false;
        session = running->session;
        running->cancelled = true;
        if (!session)
            link.interrupt(); // send() goes on
    }
    log.say(log_level::info, "the call is to be cancelled"); // not under the lock: a listener may call back
    return !session || cancel_session(*session) == 200;
}

/// The status of the answer, 0 without one. On a connection of its own: that of the call may wait for an order.
int tsm_api::state::cancel_session(const open_session& session) const {
    try {
        net::tls_client other(link_options(options));
        return other.exchange("DELETE", session.target, {{"Cookie", session.cookie}}).status;
    } catch (const net::network_error&) {
        return 0;
    }
}

/// From here on a cancel goes to the session; one that came before its answer, too.
void tsm_api::state::enter(const std::string& session_id) {
    const auto target = session_path(session_id);
    const open_session session{target, link.cookie(target)};
    {
        const std::lock_guard lock(mutex);
        running->session = session;
        if (!running->cancelled)
            return;
        link.renew();
    }
    if (const int status = cancel_session(session); status != 200 && status != 409) // 409: too late
        throw session_error("manually cancelled, but the backend may not know");
}

/// The backend has lost it.
void tsm_api::state::leave() {
    const std::lock_guard lock(mutex);
    running->session.reset();
}

std::string tsm_api::state::session_path(const std::string& session_id) const {
    return std::string(wire::base_path(options.dialect)) + "sessions/" + net::percent_encode(session_id);
}

/// A call, with the answer that opens its session.
net::response tsm_api::state::send(std::string_view target, const net::header_fields& headers, std::string_view request,
                                   bool again) {
    try {
        return again ? link.insist("POST", target, request, headers) : link.begin(target, headers, request);
    } catch (const session_error&) {
        const std::lock_guard lock(mutex);
        if (!running->cancelled)
            throw;
        link.renew();
    }
    // The backend may have a session of the call all the same. The call finds it (DIV-107), to cancel it there.
    try {
        return link.once("POST", target, request, headers);
    } catch (const session_error& e) {
        throw session_error(std::string("manually cancelled, but the backend may not know: ") + e.what());
    }
}

net::header_fields tsm_api::state::authorization() {
    token_source source;
    {
        const std::lock_guard lock(mutex);
        source = token;
    }
    crypto::secret credential = options.credential;
    if (source) {
        try {
            credential = source();
        } catch (const std::exception&) {
            throw call_failure(error_category::not_authenticated, "could not retrieve access token");
        }
    }
    if (credential.empty())
        return {};
    const auto text = credential.view();
    return {{"Authorization", "Bearer " + std::string(text.begin(), text.end())}};
}

wire::handset tsm_api::state::handset() const {
    wire::handset phone{options.caller_id, {}};
    for (const auto& c : options.components)
        phone.components.push_back({c->reader(), c->se_type(), {}, to_hex(c->atr())});
    return phone;
}

model::tsm_api_result tsm_api::state::converse(const model::tsm_api_function& function, ProcessListener* listener) {
    const auto name = wire::function_name(function);
    const auto target = std::string(wire::base_path(options.dialect)) + std::string(name);
    const auto headers = authorization();
    const auto call_id = text::lower(to_hex(crypto::system_random().take(call_id_octets)));
    const auto phone = handset();
    pending_call kept(pending, link, call_id);
    const auto request =
        json::dump(wire::to_json(wire::tsm_api_call{function, phone, options.first_report, call_id, kept.former()}));
    listening observer(name, options.dialect, listener, log);
    for (bool again = false;; again = true) {
        const auto answer = read_answer(name, send(target, headers, request, again), options.dialect);
        kept.taken();
        const auto* session = std::get_if<wire::session_opened>(&answer);
        if (!session) {
            kept.has_result = true;
            return std::get<model::tsm_api_result>(answer);
        }
        try {
            auto result = run_session(name, *session, observer);
            kept.has_result = true;
            return result;
        } catch (const session_unknown&) {
            if (again)
                throw;
            leave();
            // The backend has been started anew, maybe. The same call finds again what has become of it (DIV-107).
        }
    }
}

model::tsm_api_result tsm_api::state::run_session(std::string_view function, const wire::session_opened& session,
                                                  listening& observer) {
    enter(session.session_id);
    local_agent agent(link, link.target_of(session.ra_endpoint), session.session_id, options.components, observer,
                      errors_to(log, options.log));
    const auto count = [&] {
        const std::lock_guard lock(mutex);
        counted.apdus += agent.apdus();
    };
    try {
        agent.run(session.order);
    } catch (...) {
        count();
        throw;
    }
    count();
    if (observer.result())
        return *observer.result();
    return fetch_result(function, session.session_id);
}

model::tsm_api_result tsm_api::state::fetch_result(std::string_view function, const std::string& session_id) {
    const auto target = session_path(session_id) + "/result";
    for (int i = 0; i < most_result_polls; ++i) {
        const auto answer = link.insist("GET", target, {});
        if (answer.status == 404)
            throw session_unknown("the backend does not know the session (status 404)");
        if (answer.status != 202) {
            const auto read = read_answer(function, answer, options.dialect);
            if (const auto* result = std::get_if<model::tsm_api_result>(&read))
                return *result;
            break;
        }
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
    throw session_error("the backend has no result of the session");
}

model::tsm_api_result tsm_api::state::call(const model::tsm_api_function& function, ProcessListener* listener) {
    const std::lock_guard turn(one_call);
    const auto begin = system_time().steady();
    const auto before = link.traffic();
    tell_begin(log, wire::function_name(function), options.components.size());
    {
        const std::lock_guard lock(mutex);
        running.emplace();
    }
    const auto failed = [&](error_category category, const char* details) {
        return model::refusal_of(function, model::failed_execution(options.dialect, category, details),
                                 iso8601(system_time().wall()));
    };
    auto result = [&]() -> model::tsm_api_result {
        try {
            return converse(function, listener);
        } catch (const call_failure& e) {
            return failed(e.category, e.what());
        } catch (const net::network_error& e) {
            if (e.cause() == net::network_cause::cancelled)
                return failed(error_category::execution_interrupted, "manually cancelled");
            return failed(category_of(e.cause()), e.what());
        } catch (const session_error& e) {
            return failed(error_category::execution_interrupted, e.what());
        } catch (const transport_error& e) {
            return failed(error_category::sc_inaccessible, e.what());
        } catch (const std::exception& e) {
            return failed(error_category::unspecified, e.what());
        }
    }();
    const auto after = link.traffic();
    tell_end(log, wire::function_name(function), result);
    const std::lock_guard lock(mutex);
    running.reset();
    link.renew();
    counted.exchanges += after.requests - before.requests;
    counted.bytes_sent += after.sent - before.sent;
    counted.bytes_received += after.received - before.received;
    counted.milliseconds += static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(system_time().steady() - begin).count());
    return result;
}

tsm_api::tsm_api(tsm_api_options options) : state_(std::make_shared<state>(std::move(options))) {}
tsm_api::~tsm_api() = default;

void tsm_api::setAccessToken(token_source getToken) {
    const std::lock_guard lock(state_->mutex);
    state_->token = std::move(getToken);
}

void tsm_api::setLogListener(log_book::listener listener, log_delivery when) {
    state_->log.listen(std::move(listener), when);
}

bool tsm_api::cancel() {
    return state_->cancel();
}

statistics tsm_api::counted() const {
    const std::lock_guard lock(state_->mutex);
    return state_->counted;
}

namespace {

/// Calls the function and takes the result that belongs to it.
template <class State, class Function>
typename Function::result call(State& state, const Function& function, ProcessListener* listener = nullptr) {
    return std::get<typename Function::result>(state.call(function, listener));
}

template <class State, class Function>
std::future<typename Function::result> call_later(std::shared_ptr<State> state, Function function,
                                                  ProcessListener* listener = nullptr) {
    return std::async(std::launch::async, [state = std::move(state), function = std::move(function), listener] {
        return call(*state, function, listener);
    });
}

} // namespace

model::create_service_instance_result tsm_api::createServiceInstance(const std::string& serviceId,
                                                                     const std::string& version) {
    return call(*state_, model::create_service_instance{serviceId, version});
}

model::get_service_instances_result tsm_api::getServiceInstances(const std::string& serviceId) {
    return call(*state_, model::get_service_instances{serviceId});
}

std::future<model::deploy_service_result> tsm_api::deployService(std::string serviceInstanceId,
                                                                 std::vector<model::command_request> serviceCommands,
                                                                 bool finalizeDeployment, ProcessListener* listener) {
    model::deploy_service function{std::move(serviceInstanceId), std::move(serviceCommands), finalizeDeployment};
    return call_later(state_, std::move(function), listener);
}

std::future<model::update_service_result> tsm_api::updateService(std::string serviceInstanceId, std::string newVersion,
                                                                 std::vector<model::command_request> serviceCommands,
                                                                 bool finalizeDeployment, ProcessListener* listener) {
    model::update_service function{std::move(serviceInstanceId), std::move(newVersion), std::move(serviceCommands),
                                   finalizeDeployment};
    return call_later(state_, std::move(function), listener);
}

std::future<model::suspend_or_resume_result>
tsm_api::suspendOrResumeService(std::string serviceInstanceId, bool suspensionControl, ProcessListener* listener) {
    return call_later(state_, model::suspend_or_resume_service{std::move(serviceInstanceId), suspensionControl},
                      listener);
}

std::future<model::terminate_service_result> tsm_api::terminateService(std::string serviceInstanceId,
                                                                       ProcessListener* listener) {
    return call_later(state_, model::terminate_service{std::move(serviceInstanceId)}, listener);
}

std::future<model::service_deployment_available_result> tsm_api::checkServiceDeploymentAvailable(std::string serviceId,
                                                                                                 std::string version) {
    return call_later(state_, model::check_service_deployment_available{std::move(serviceId), std::move(version)});
}

std::future<model::service_update_available_result> tsm_api::checkServiceUpdateAvailable(std::string serviceInstanceId,
                                                                                         std::string newVersion) {
    return call_later(state_,
                      model::check_service_update_available{std::move(serviceInstanceId), std::move(newVersion)});
}

} // namespace tsms::sdk
