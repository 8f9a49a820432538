#include "http/device/device_api.hpp"

#include "base/ascii.hpp"
#include "base/number.hpp"
#include "crypto/digest.hpp"
#include "crypto/secret.hpp"
#include "http/device/call_id.hpp"
#include "http/device/seram_mapping.hpp"
#include "http/net/address.hpp"

#include <algorithm>
#include <chrono>

namespace tsms::http {

namespace {

constexpr std::string_view sessions_path = "sessions/"; ///< behind the dialect's base path
constexpr std::string_view result_suffix = "/result";
constexpr std::string_view seram_path = "/gp/seram";
constexpr std::string_view cookie_name = "tsms-session";
constexpr std::string_view remote_management_path = "/gp/seram/remoteManagement";
constexpr std::size_t uncounted_of_body = 16 << 10; ///< octets; most calls and reports have no more
/// Octets; a call has at most some commands with their data. Who sends it has shown by nothing yet who he is.
constexpr std::size_t most_of_strangers_body = 64 << 10;
constexpr int calls_wait = 2;     ///< seconds after which calls that are being carried out may have ended
constexpr int sessions_wait = 10; ///< seconds after which sessions of an address or app may have ended

net::response error(int status, std::string_view text) {
    return net::json_response(status, json::dump(json::value(json::object{{"error", json::value(text)}})));
}

net::response method_not_allowed(const char* allowed) {
    auto response = error(405, "method not allowed");
    response.headers.set("Allow", allowed);
    return response;
}

/// The session's secret and the number of the last order, so that a repeated report is recognised (gp/procedures,
/// hazard 5).
void set_cookie(net::response& response, const std::string& secret, std::uint64_t order) {
    response.headers.add("Set-Cookie", std::string(cookie_name) + "=" + secret + "." + std::to_string(order) +
                                           "; Path=/; Secure; HttpOnly; SameSite=Strict");
}

struct session_cookie {
    std::string secret;
    std::uint64_t order = 0;
};

std::optional<session_cookie> read_cookie(const net::request& request) {
    for (auto header : request.headers.all("Cookie")) {
        for (std::string_view rest = header; !rest.empty();) {
            auto pair = rest.substr(0, rest.find(';'));
            rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
            while (pair.starts_with(' '))
                pair.remove_prefix(1);
            const auto equals = pair.find('=');
            if (equals == std::string_view::npos || pair.substr(0, equals) != cookie_name)
                continue;
            const auto value = pair.substr(equals + 1);
            const auto dot = value.find('.');
            session_cookie cookie;
            if (dot == std::string_view::npos)
                return std::nullopt;
            const auto order = text::number<std::uint64_t>(value.substr(dot + 1));
            if (!order)
                return std::nullopt;
            cookie.order = *order;
            cookie.secret = value.substr(0, dot);
            return cookie;
        }
    }
    return std::nullopt;
}

net::response answer_with(const wire::tsm_api_answer& answer) {
    return net::json_response(200, json::dump(wire::to_json(answer)));
}

net::response overloaded(int status, const std::string& text, int seconds) {
    auto busy = error(status, text);
    busy.headers.set("Retry-After", std::to_string(seconds));
    return busy;
}

struct resource {
    model::dialect dialect;
    std::string_view path; ///< behind the dialect's base path
};

/// Nothing: the path is none of the TSM-API.
std::optional<resource> resource_of(std::string_view path) {
    for (const auto dialect : model::all_dialects)
        if (const auto base = wire::base_path(dialect); path.starts_with(base))
            return resource{dialect, path.substr(base.size())};
    return std::nullopt;
}

bool takes_body(const net::request& request) {
    if (request.method != "POST")
        return false;
    const auto wanted = resource_of(request.path);
    return wanted ? !wanted->path.starts_with(sessions_path) : std::string_view(request.path).starts_with(seram_path);
}

/// Octets of its body, where it says how many.
std::optional<std::uint64_t> announced(const net::request& head) {
    return text::number<std::uint64_t>(head.headers.get("Content-Length"));
}

const net::counted_body* counted(const net::request& request) {
    return dynamic_cast<const net::counted_body*>(request.sink.get());
}

const std::string& body_of(const net::request& request) {
    const auto* collected = counted(request);
    return collected ? collected->text() : request.body;
}

/// Without the scheme, which may be missing.
std::string_view credential_of(const net::request& request) {
    auto credential = request.headers.get("Authorization");
    constexpr std::string_view scheme = "Bearer ";
    if (credential.size() > scheme.size() && net::same_token(credential.substr(0, scheme.size() - 1), "Bearer"))
        credential.remove_prefix(scheme.size());
    return credential;
}

} // namespace

net::response refused_below_http(int status, std::string_view reason) {
    return error(status, reason);
}

net::body_plan device_api::plan_body(const net::request& head) const {
    if (!takes_body(head))
        return {};
    const auto address = memory_of_address_.of(net::peer_network(head.remote_address));
    const auto plan = [&](std::size_t most, std::shared_ptr<net::budget> share) {
        return net::body_plan{most, std::make_shared<net::counted_body>(memory_, uncounted_of_body,
                                                                        std::vector{std::move(share), address})};
    };
    if (head.path != remote_management_path)
        return plan(std::min(options_.most_of_body, most_of_strangers_body), memory_of_strangers_);
    const auto octets = announced(head).value_or(options_.most_of_body);
    if (octets <= uncounted_of_body)
        return plan(uncounted_of_body, memory_of_strangers_); // whose it is remote_management() asks
    if (octets > options_.most_of_body)
        return plan(options_.most_of_body, memory_of_strangers_); // refused by its head alone, and no sign of life
    const auto session = head.parameter("sessionId");
    const auto cookie = read_cookie(head);
    if (!session || !cookie || !backend_.report_begins({*session, cookie->secret}, cookie->order, octets))
        return {};
    return plan(options_.most_of_body, memory_of_session_.of(*session));
}

net::response device_api::handle(const net::request& request) {
    const std::string_view path = request.path;
    if (const auto* collected = counted(request); collected && collected->no_room())
        return overloaded(503, "too many large requests at once, please try again later", 1);
    if (request.body_too_large && takes_body(request) && path == remote_management_path && !request.sink)
        return error(404, "session id not found");     // plan_body() has asked
    if (request.body_too_large && takes_body(request)) // else whatever it is belongs nowhere and was not read
        return error(413, "the body is too large");
    if (const auto wanted = resource_of(path))
        return tsm_api(wanted->dialect, wanted->path, request);
    if (path == std::string(seram_path) + "/handshake")
        return handshake(request);
    if (path == remote_management_path)
        return remote_management(request);
    return error(404, "no such resource");
}

/// A session has the dialect of its call: its paths are the same in each.
net::response device_api::tsm_api(model::dialect dialect, std::string_view path, const net::request& request) {
    if (wire::is_function(path))
        return call(dialect, path, request);
    if (!path.starts_with(sessions_path))
        return error(404, "no such resource");
    path.remove_prefix(sessions_path.size());
    if (path.ends_with(result_suffix) && path.size() > result_suffix.size())
        return fetch_result(path.substr(0, path.size() - result_suffix.size()), request);
    if (!path.empty() && path.find('/') == std::string_view::npos)
        return cancel(path, request);
    return error(404, "no such resource");
}

std::variant<device_api::caller, std::string> device_api::authenticate(const std::string& caller_id,
                                                                       const net::request& request) const {
    const std::string unproven = "the app is not registered with this TSM, or its credential is missing or wrong; "
                                 "the TSM's operator gives it one (tsms app add)";
    const auto app = options_.app(caller_id);
    const auto credential = credential_of(request);
    if (app && app->credential_hash.empty()) // revoked, whoever else speaks for it
        return unproven;
    if (wire::looks_like_token(credential)) {
        auto told = provider_of(credential, caller_id, options_.token_keys, options_.time->wall());
        if (const auto* refused = std::get_if<token_refused>(&told))
            return "the access token is not accepted: " + refused->why;
        const auto& provider = std::get<std::string>(told);
        if (app && app->provider != provider)
            return "the access token is not accepted: the app belongs to another service provider";
        return caller{provider};
    }
    if (!app) { // AMB-236: nothing to prove, if the operator allows that; what an anonymous app may do, the conductor
                // decides
        if (options_.accept_unknown_apps && credential.empty())
            return caller{};
        return unproven;
    }
    if (credential.empty() || !crypto::equal(crypto::sha256(as_bytes(credential)), app->credential_hash))
        return unproven;
    return caller{app->provider};
}

net::response device_api::call(model::dialect dialect, std::string_view function, const net::request& request) {
    if (request.method != "POST")
        return method_not_allowed("POST");
    const auto since = options_.time->steady();
    auto admitted = admit(dialect, function, request, since);
    if (auto* refused = std::get_if<net::response>(&admitted))
        return std::move(*refused);
    const auto& [session, first_report] = std::get<opened>(admitted);
    // A path alone: the phone comes back to where it is, whatever this host is called outside.
    wire::session_opened answer{session.session_id, std::string(seram_path)};
    std::uint64_t number = 0;
    if (first_report) {
        const auto given = backend_.report_first({session.session_id, session.secret}, since, request.peer_gone);
        if (const auto* order = std::get_if<actors::order>(&given)) { // else it becomes Local Agent and asks for it
            answer.order = to_wire(*order);
            number = order->number;
        }
    }
    auto response = answer_with(std::move(answer));
    set_cookie(response, session.secret, number);
    return response;
}

std::variant<net::response, device_api::opened> device_api::admit(model::dialect dialect, std::string_view function,
                                                                  const net::request& request, steady_time now) {
    const auto network = net::peer_network(request.remote_address);
    if (const int wait = by_address_.take(network, now))
        return overloaded(429, "too many calls from this address, please try again later", wait);
    const auto place = calls_.enter(network, now);
    if (const auto why = place.refused())
        return *why == net::refusal::address
                   ? overloaded(429, "too many calls from this address at once, please try again later", calls_wait)
                   : overloaded(503, "too many calls, please try again later", calls_wait);
    std::optional<wire::tsm_api_call> wanted;
    try {
        wanted = wire::parse_call(function, json::parse(body_of(request)));
    } catch (const json::parse_error& e) {
        return error(400, e.what());
    }
    const auto caller_id = text::upper(wanted->phone.caller_id);
    const auto known = authenticate(caller_id, request);
    if (const auto* why = std::get_if<std::string>(&known)) {
        auto refused = error(401, *why);
        refused.headers.set("WWW-Authenticate", "Bearer");
        return refused;
    }
    if (const int wait = by_app_.take(caller_id, options_.time->steady()))
        return overloaded(429, "too many calls of this app, please try again later", wait);
    actors::call message;
    if (!wanted->call_id.empty())
        message.id = identify(*wanted, dialect);
    for (const auto& former : wanted->former_call_ids)
        message.former.push_back(hash_of_call_id(former));
    message.what = std::move(wanted->function);
    message.dialect = dialect;
    message.caller_id = caller_id;
    message.provider = std::get<caller>(known).provider;
    message.address = network;
    message.cards = std::move(wanted->phone.components);
    auto answer = backend_.open(message, request.peer_gone);
    if (const auto* result = std::get_if<actors::result>(&answer))
        return answer_with(*result);
    if (const auto* full = std::get_if<actors::too_many_sessions>(&answer))
        return overloaded(429, "too many sessions of " + full->whose + ", please try again later", sessions_wait);
    if (const auto* later = std::get_if<actors::come_again>(&answer))
        return overloaded(429, actors::text_of(*later), later->seconds);
    if (std::holds_alternative<actors::not_yet>(answer))
        return overloaded(504, "no answer in time; ask again", 1); // 503 would say that nothing has begun
    return opened{std::get<actors::session_opened>(std::move(answer)), wanted->first_report};
}

net::response device_api::handshake(const net::request& request) {
    if (request.method != "POST")
        return method_not_allowed("POST");
    const auto session = request.parameter("sessionId");
    const auto cookie = read_cookie(request);
    if (!session || !cookie)
        return error(404, "session id not found");
    try {
        if (!wire::parse_seram_handshake(json::parse(body_of(request))).acceptable())
            return error(406, "this Remote Agent speaks GP SERAM 2.0.0 with JSON over HTTPS");
    } catch (const json::parse_error& e) {
        return error(400, e.what());
    }
    if (!backend_.handshake({*session, cookie->secret}))
        return error(404, "session id not found");
    return net::json_response(200, json::dump(wire::seram_handshake_answer()));
}

net::response device_api::remote_management(const net::request& request) {
    if (request.method != "POST")
        return method_not_allowed("POST");
    const auto session = request.parameter("sessionId");
    const auto cookie = read_cookie(request);
    if (!session || !cookie)
        return error(404, "session id not found");
    actors::report report;
    try {
        report = from_wire(wire::parse_seram_report(json::parse(body_of(request))));
    } catch (const json::parse_error& e) {
        return error(400, e.what());
    }
    const auto answer = backend_.report_back({*session, cookie->secret}, cookie->order, report, request.peer_gone);
    const auto* order = std::get_if<actors::order>(&answer);
    if (!order)
        return error(404, "session id not found");
    auto response = net::json_response(200, json::dump(wire::to_json(to_wire(*order))));
    set_cookie(response, cookie->secret, order->number);
    return response;
}

net::response device_api::cancel(std::string_view session_id, const net::request& request) {
    if (request.method != "DELETE")
        return method_not_allowed("DELETE");
    const auto cookie = read_cookie(request);
    if (!cookie)
        return error(404, "session id not found");
    switch (backend_.cancel({std::string(session_id), cookie->secret})) {
    case actors::cancel_answer::cancelled:
        return net::json_response(200, "{}");
    case actors::cancel_answer::too_late:
        return error(409, "too late: it goes on to its end");
    case actors::cancel_answer::no_session:
        break;
    }
    return error(404, "session id not found");
}

net::response device_api::fetch_result(std::string_view session_id, const net::request& request) {
    if (!request.is_get())
        return method_not_allowed(net::allow_get);
    const auto cookie = read_cookie(request);
    if (!cookie)
        return error(404, "session id not found");
    const auto answer = backend_.fetch_result({std::string(session_id), cookie->secret});
    if (const auto* result = std::get_if<actors::result>(&answer))
        return answer_with(*result);
    if (std::holds_alternative<actors::not_ready>(answer))
        return net::json_response(202, "{}");
    return error(404, "session id not found");
}

} // namespace tsms::http
