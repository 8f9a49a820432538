#include "http/issuer_client.hpp"

#include "base/utf8.hpp"
#include "http/net/retry_after.hpp"
#include "http/wire/issuer.hpp"

#include <algorithm>
#include <numeric>

namespace tsms::http {

namespace {

using actors::port_cause;
using actors::port_error;

constexpr std::size_t session_id_limit = 128;
constexpr std::size_t cookie_limit = 1024; ///< octets of one cookie
constexpr std::size_t cookies_limit = 8;
constexpr std::size_t most_of_head = 16384; ///< octets of a request's line and fields: its cookies, and some more
constexpr std::chrono::milliseconds longest_pause(5000); ///< an issuer must not park a phone by its delay (hazard 12)
constexpr std::chrono::milliseconds short_pause(500);    ///< in all in one exchange; for a longer one no thread is kept

/// What an issuer says about a failure, fit for a log line.
std::string printable(std::string_view text) {
    return text::quotable(text, 200);
}

/// The "error" of a JSON body, empty if there is none.
std::string reason(const net::response& response) try {
    const auto document = json::parse(response.body, {.bytes = 4096, .depth = 4, .values = 64});
    return printable(json::reader(json::root_object(document)).string_or("error", ""));
} catch (const json::parse_error&) {
    return {};
}

/// `in_session`: the request names a session, and 404 says that there is none.
void require_success(const net::response& response, const std::string& host, bool in_session, wall_time now) {
    if (response.status / 100 == 2)
        return;
    const auto said = reason(response);
    const auto text = "issuer " + host + " answered " + std::to_string(response.status) +
                      (said.empty() ? std::string() : ": " + said);
    if (response.status == 429 || response.status == 503)
        throw port_error(port_cause::busy, text, net::retry_after(response, now));
    const bool gateway = response.status == 502 || response.status == 504;
    throw port_error(gateway                                ? port_cause::unreachable
                     : in_session && response.status == 404 ? port_cause::session_lost
                     : response.status / 100 == 4           ? port_cause::refused
                                                            : port_cause::protocol,
                     text);
}

/// Keeps name and value of each cookie (RFC 6265 5.2); attributes do not matter within one session at one host.
void take_cookies(const net::response& response, std::map<std::string, std::string>& cookies) {
    for (auto field : response.headers.all("Set-Cookie")) {
        const auto pair = field.substr(0, field.find(';'));
        const auto equals = pair.find('=');
        if (equals == 0 || equals == pair.npos || pair.size() > cookie_limit)
            continue;
        std::string name(pair.substr(0, equals));
        if (cookies.size() < cookies_limit || cookies.count(name) != 0)
            cookies[std::move(name)] = pair.substr(equals + 1);
    }
}

std::string cookie_header(const std::map<std::string, std::string>& cookies) {
    std::string header;
    for (const auto& [name, value] : cookies)
        header += (header.empty() ? "" : "; ") + name + "=" + value;
    return header;
}

constexpr std::string_view session_parameter = "?sessionId=";
constexpr std::string_view keys_prefix = "/security-domains/";

std::string with_session(const char* target, const std::string& session) {
    return std::string(target) + std::string(session_parameter) + net::percent_encode(session);
}

/// When a second attempt may still begin.
std::chrono::milliseconds attempts_begin_within(const net::client_options& options) {
    return options.connect_timeout + options.read_timeout;
}

net::client_options bounded(net::client_options options) {
    options.body_limit = std::min(options.body_limit, most_of_issuer_message);
    return options;
}

bool names_session(std::string_view target) {
    return target.starts_with(keys_prefix) || target.find(session_parameter) != target.npos;
}

} // namespace

std::chrono::milliseconds longest_issuer_exchange(const net::client_options& options) {
    const auto attempt = options.connect_timeout + options.transfer.time_for(most_of_issuer_message + most_of_head) +
                         options.read_timeout + options.transfer.time_of(net::progress::most_of_record) +
                         options.transfer.time_for(most_of_issuer_message + net::progress::most_of_record);
    return attempts_begin_within(options) + attempt;
}

issuer_client::issuer_client(net::client_options options, std::chrono::milliseconds patience, const time_source& time)
    : time_(time), client_(bounded(options)), patience_(patience), again_within_(attempts_begin_within(options)) {}

/// One request and its JSON answer. Every request of the protocol may be repeated (orders by their id, reports by the
/// issuer's cookie), so a connection that breaks in the middle is tried once more; not where the issuer has taken its
/// time already, because a phone waits.
json::value issuer_client::call(std::string_view method, const std::string& target, const json::value* body,
                                management_session* session) {
    const auto text = body ? json::dump(*body) : std::string();
    if (text.size() > most_of_issuer_message)
        throw port_error(port_cause::protocol, "issuer " + client_.host() + ": a request of " +
                                                   std::to_string(text.size()) + " octets, more than " +
                                                   std::to_string(most_of_issuer_message) + ", is not sent");
    net::header_fields headers{{"Accept", "application/json"}};
    if (body)
        headers.add("Content-Type", "application/json");
    if (session && !session->cookies.empty())
        headers.add("Cookie", cookie_header(session->cookies));

    const auto begun = time_.steady();
    const auto exchange = [&](bool last_attempt) -> std::optional<net::response> {
        try {
            return client_.exchange(method, target, headers, text);
        } catch (const net::network_error& e) {
            if (e.cause() == net::network_cause::broken && !last_attempt && time_.steady() - begun < again_within_)
                return std::nullopt;
            throw port_error(e.cause() == net::network_cause::protocol ? port_cause::protocol : port_cause::unreachable,
                             std::string("issuer: ") + e.what());
        }
    };
    auto response = exchange(false);
    if (!response)
        response = exchange(true);
    require_success(*response, client_.host(), names_session(target), time_.wall());
    if (session)
        take_cookies(*response, session->cookies);
    try {
        return json::parse(response->body);
    } catch (const json::parse_error& e) {
        throw port_error(port_cause::protocol, "issuer " + client_.host() + " sent no JSON: " + e.what());
    }
}

issuer_client::opened issuer_client::open(const model::issuer_order& order) {
    const auto body = wire::to_json(order);
    const auto answer = call("POST", "/order", &body);
    std::string id;
    try {
        id = json::reader(json::root_object(answer)).string("sessionID");
    } catch (const json::parse_error& e) {
        throw port_error(port_cause::protocol, "issuer " + client_.host() + ", answer to /order: " + e.what());
    }
    if (id.empty() || id.size() > session_id_limit)
        throw port_error(port_cause::protocol, "issuer " + client_.host() + " sent a session id of a forbidden length");

    try {
        opened result;
        result.first = start(id, order);
        result.session = std::move(id);
        return result;
    } catch (...) {
        sessions_.erase(id); // nobody learns its id
        throw;
    }
}

model::issuer_step issuer_client::start(const std::string& id, const model::issuer_order& order) {
    auto& session = sessions_[id] = {};
    session.patience = patience_;
    wire::seram_handshake handshake;
    handshake.secure_elements = {{order.se_type, order.secure_component_identity, {}}};
    const auto offer = wire::to_json(handshake);
    const auto chosen = call("POST", with_session("/gp/seram/handshake", id), &offer, &session);
    try {
        wire::check_seram_handshake_answer(chosen);
    } catch (const json::parse_error& e) {
        throw port_error(port_cause::protocol, "issuer " + client_.host() + ": " + e.what());
    }
    return next_step(id, {}); // the first report is void
}

model::issuer_step issuer_client::relay(const std::string& id, const std::vector<bytes>& responses, bool interrupted) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end())
        throw port_error(port_cause::session_lost, "the issuer's session has ended: open the order again");
    const auto& session = found->second;
    if (session.stopped) {
        sessions_.erase(found);
        model::issuer_step step;
        step.done = true;
        return step;
    }

    const auto expected = std::accumulate(session.commands.begin(), session.commands.end(), std::size_t{0});
    wire::seram_report report;
    report.status = interrupted || responses.size() < expected ? wire::seram_status::unknown_failure
                                                               : wire::seram_status::processed;
    auto next = responses.begin();
    for (auto count : session.commands) {
        const auto there = std::min<std::size_t>(count, static_cast<std::size_t>(responses.end() - next));
        const auto end = next + static_cast<std::ptrdiff_t>(there);
        report.executed += there == count;
        report.responses.emplace_back(next, end);
        next = end;
    }
    return next_step(id, std::move(report));
}

model::issuer_step issuer_client::poll(const std::string& id) {
    if (sessions_.count(id) == 0)
        throw port_error(port_cause::session_lost, "the issuer's session has ended: open the order again");
    return next_step(id, {});
}

/// Sends the report. An issuer that has nothing yet is asked again here only if it will not be long.
model::issuer_step issuer_client::next_step(const std::string& id, wire::seram_report report) {
    const auto begun = time_.steady();
    auto& session = sessions_.at(id);
    const auto deadline = begun + session.patience;
    const auto rest = [&] {
        return std::max(std::chrono::milliseconds(0),
                        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - time_.steady()));
    };
    bool reported = false; // and must not be again, because what follows are questions for commands
    try {
        for (;;) {
            const auto body = wire::to_json(report);
            const auto order =
                wire::parse_seram_order(call("POST", with_session("/gp/seram/remoteManagement", id), &body, &session));
            reported = true;
            auto step = to_step(order, session);
            session.patience = rest();
            if (step.done) {
                sessions_.erase(id);
                return step;
            }
            if (!step.commands.empty() && session.patience.count() > 0)
                return step;
            step.pause = std::min(std::chrono::milliseconds(order.delay), longest_pause);
            if (step.pause >= session.patience)
                throw port_error(port_cause::unreachable, "issuer " + client_.host() + " has no commands for too long");
            if (time_.steady() + step.pause > begun + short_pause) {
                session.patience -= step.pause;
                return step;
            }
            pause(step.pause);
            report = {};
        }
    } catch (const json::parse_error& e) {
        sessions_.erase(id);
        throw port_error(port_cause::protocol, "issuer " + client_.host() + ", order: " + e.what());
    } catch (const port_error& e) {
        if (e.cause() == port_cause::busy && reported) {
            model::issuer_step later;
            later.pause = std::clamp<std::chrono::milliseconds>(e.retry_after().value_or(std::chrono::seconds(1)),
                                                                std::chrono::seconds(1), longest_pause);
            session.patience -= later.pause;
            return later;
        }
        if (e.cause() != port_cause::unreachable && e.cause() != port_cause::busy) // else the caller may report again
            sessions_.erase(id);
        throw;
    }
}

model::issuer_step issuer_client::to_step(const wire::seram_order& order, management_session& session) const {
    model::issuer_step step;
    session.commands.clear();
    for (const auto& command : order.commands) {
        if (const auto* apdus = std::get_if<wire::seram_apdus>(&command)) {
            session.commands.push_back(apdus->commands.size());
            for (const auto& apdu : apdus->commands) {
                if (apdu.size() < 4)
                    throw port_error(port_cause::protocol, "issuer " + client_.host() + " sent what is no C-APDU");
                step.commands.push_back(apdu);
            }
        } else if (const auto* notification = std::get_if<wire::seram_notification>(&command)) {
            const auto notice = wire::parse_issuer_notice(notification->text);
            if (notice && notice->error)
                throw port_error(notice->card_failed ? port_cause::card : port_cause::refused,
                                 "issuer " + client_.host() + ": " + printable(*notice->error), {},
                                 printable(*notice->error));
            step.last = step.last || (notice && notice->last_commands);
        } else if (std::holds_alternative<wire::seram_stop>(command)) {
            session.stopped = true;
        } else if (const auto* unknown = std::get_if<wire::seram_unknown>(&command)) {
            throw port_error(port_cause::protocol,
                             "issuer " + client_.host() + " sent the unknown command " + printable(unknown->type));
        }
    }
    step.done = session.stopped && step.commands.empty();
    step.last = step.last || session.stopped;
    return step;
}

model::issuer_key_material issuer_client::fetch_keys(const std::string& session) {
    const auto answer = call("GET", std::string(keys_prefix) + net::percent_encode(session) + "/keys", nullptr);
    try {
        return wire::parse_issuer_keys(answer);
    } catch (const json::parse_error& e) {
        throw port_error(port_cause::protocol, "issuer " + client_.host() + ", keys: " + e.what());
    }
}

void issuer_client::ping() {
    call("GET", "/health", nullptr);
}

void issuer_client::cancel() {
    {
        std::lock_guard lock(mutex_);
        cancelled_ = true;
    }
    wake_.notify_all();
    client_.cancel();
}

void issuer_client::pause(std::chrono::milliseconds duration) {
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, duration, [this] { return cancelled_; }))
        throw port_error(port_cause::unreachable, "the exchange with the issuer was cancelled");
}

} // namespace tsms::http
