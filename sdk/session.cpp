#include "sdk/session.hpp"

#include "base/ascii.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"
#include "http/net/retry_after.hpp"

#include <algorithm>
#include <thread>

namespace tsms::sdk {

namespace {

/// Longest pause that an order may ask for. SERAM presumes a Local Agent lost after five minutes.
constexpr int longest_delay = 60000;
/// Orders of one session; a deploy of the largest load file takes some hundred.
constexpr int most_orders = 100000;

/// SERAM has no status of its own for some causes that are error categories of the TR: how errorMsg begins instead.
const char* words_for(transport_cause cause) {
    switch (cause) {
    case transport_cause::no_channel: // 10, SC_CHANNEL_NOT_AVAILABLE
        return "no channel: ";
    case transport_cause::nfc_off: // 11, NFC_NOT_ACTIVATED
        return "NFC off: ";
    case transport_cause::unavailable:
    case transport_cause::access_denied:
    case transport_cause::other:
        break;
    }
    return "";
}

std::string brief(std::string_view name) {
    return std::string(text::beginning(name, 64));
}

using attempted = std::variant<net::response, net::network_error>;

bool is_worth_another(const attempted& last) {
    const auto* answer = std::get_if<net::response>(&last);
    return !answer || answer->status == 429 || answer->status == 502 || answer->status == 503 || answer->status == 504;
}

/// May the backend be, or have been, at work on the request? A gateway that has no answer of it does not know either.
bool may_have_arrived(const attempted& last) {
    if (const auto* failure = std::get_if<net::network_error>(&last))
        return !failure->not_sent();
    const int status = std::get<net::response>(last).status;
    return status != 503 && status / 100 != 4;
}

std::string reason_of(const attempted& last) {
    if (const auto* failure = std::get_if<net::network_error>(&last))
        return failure->what();
    return "status " + std::to_string(std::get<net::response>(last).status);
}

/// Retry-After of an overloaded backend.
std::chrono::milliseconds pause_asked_for(const attempted& last) {
    const auto* answer = std::get_if<net::response>(&last);
    const auto asked = answer ? net::retry_after(*answer, system_time().wall()) : std::nullopt;
    return asked.value_or(std::chrono::seconds(0));
}

std::string authority_of(const std::string& url) {
    const auto start = url.find("://");
    if (start == std::string::npos)
        return {};
    const auto end = std::min(url.find('/', start + 3), url.size());
    return url.substr(0, end);
}

} // namespace

backend_link::backend_link(net::client_options options, retry_policy retry)
    : options_(std::move(options)), retry_(retry), client_(options_) {}

net::response backend_link::exchange(const request& r) {
    const auto path = r.target.substr(0, r.target.find('?'));
    auto headers = r.headers;
    if (const auto cookie = cookies_.header(path); !cookie.empty())
        headers.set("Cookie", cookie);
    if (!r.body.empty())
        headers.set("Content-Type", "application/json");
    auto answer = client_.exchange(r.method, r.target, std::move(headers), r.body);
    for (const auto set_cookie : answer.headers.all("Set-Cookie"))
        cookies_.take(set_cookie, path);
    return answer;
}

backend_link::outcome backend_link::attempt(const request& r) {
    try {
        return exchange(r);
    } catch (const net::network_error& e) {
        if (e.cause() == net::network_cause::cancelled)
            throw session_error("manually cancelled");
        return e;
    }
}

backend_link::outcome backend_link::repeat(const request& r) {
    const auto first = system_time().steady();
    std::uint64_t most_moved = 0;              // in one attempt: what is carried again and again does not prolong it
    auto pause = std::chrono::milliseconds(0); // SERAM: at once, the first time
    for (;;) {
        const auto before = client_.counted();
        auto last = attempt(r);
        begun_ = begun_ || may_have_arrived(last);
        if (!is_worth_another(last))
            return last;
        const auto after = client_.counted();
        most_moved = std::max(most_moved, after.sent - before.sent + after.received - before.received);
        const auto travel = options_.transfer.time_for(most_moved) - options_.transfer.whole; // no silence (DIV-073)
        const auto wait = std::max(pause, pause_asked_for(last));
        if (!begun_ || system_time().steady() + wait >= first + retry_.total + travel)
            return last;
        if (log)
            log("an exchange with the backend is repeated: " + reason_of(last));
        rest(wait);
        pause = std::clamp(pause * 2, retry_.first_pause, retry_.longest_pause);
    }
}

void backend_link::rest(std::chrono::milliseconds pause) {
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, pause, [this] { return interrupted_; });
}

void backend_link::interrupt() {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    woken_.notify_all();
    client_.cancel();
}

void backend_link::renew() {
    const std::lock_guard lock(mutex_);
    interrupted_ = false;
    client_.renew();
}

net::response backend_link::usable(outcome last) const {
    if (is_worth_another(last))
        throw session_error("connection to ‘" + client_.host() + "’ interrupted (" + reason_of(last) + ")");
    return std::get<net::response>(std::move(last));
}

net::response backend_link::insist(std::string_view method, std::string_view target, std::string_view body,
                                   const net::header_fields& headers) {
    begun_ = true;
    return usable(repeat({method, target, headers, body}));
}

net::response backend_link::once(std::string_view method, std::string_view target, std::string_view body,
                                 const net::header_fields& headers) {
    begun_ = true;
    return usable(attempt({method, target, headers, body}));
}

net::response backend_link::begin(std::string_view target, const net::header_fields& headers, std::string_view body) {
    begun_ = false;
    auto last = repeat({"POST", target, headers, body});
    if (const auto* failure = std::get_if<net::network_error>(&last))
        throw net::network_error(*failure);
    return std::get<net::response>(std::move(last));
}

std::string backend_link::origin() const {
    return text::lower(authority_of(options_.base_url));
}

std::string backend_link::target_of(const std::string& url) const {
    const bool path_only = url.starts_with('/') && !url.starts_with("//");
    const auto authority = path_only ? std::string() : authority_of(url);
    // Scheme and host know no case (RFC 3986 6.2.2.1).
    if (!path_only && (authority.empty() || !net::same_token(authority, authority_of(options_.base_url))))
        throw session_error("the backend sent the app to another host");
    auto target = url.substr(authority.size());
    while (target.ends_with('/'))
        target.pop_back();
    return target;
}

local_agent::local_agent(backend_link& backend, std::string endpoint_target, std::string session_id,
                         std::span<const std::shared_ptr<secure_component>> components, session_observer& observer,
                         std::function<void(const std::string&)> log)
    : backend_(backend), endpoint_(std::move(endpoint_target)), session_id_(std::move(session_id)),
      components_(components), observer_(observer), log_(std::move(log)) {}

local_agent::~local_agent() {
    if (chosen_)
        chosen_->close();
}

json::value local_agent::post(std::string_view step, const json::value& message) {
    const auto target = endpoint_ + std::string(step) + "?sessionId=" + net::percent_encode(session_id_);
    const auto answer = backend_.insist("POST", target, json::dump(message));
    if (answer.status == 404)
        throw session_unknown("the backend does not know the session (status 404)");
    if (answer.status != 200)
        throw session_error("the backend ended the session (status " + std::to_string(answer.status) + ")");
    try {
        return json::parse(answer.body, {.bytes = 8 << 20});
    } catch (const json::parse_error& e) {
        throw session_error(std::string("the backend's answer is no JSON: ") + e.what());
    }
}

void local_agent::shake_hands() {
    wire::seram_handshake offer;
    for (const auto& c : components_)
        offer.secure_elements.push_back(
            {c->se_type(), c->reader(), {}}); // hazard 11: the reader stands in for the seId
    wire::check_seram_handshake_answer(post("/handshake", wire::to_json(offer)));
}

wire::seram_order local_agent::report_back(const wire::seram_report& report) {
    return wire::parse_seram_order(post("/remoteManagement", wire::to_json(report)));
}

void local_agent::run(std::optional<wire::seram_order> first) {
    try {
        if (!first)
            shake_hands();
        auto order = first ? *std::move(first) : report_back({}); // the first report is void
        for (int i = 0; i < most_orders; ++i) {
            wire::seram_report report;
            if (execute(order, report))
                return;
            std::this_thread::sleep_for(std::chrono::milliseconds(std::min(order.delay, longest_delay)));
            order = report_back(report);
        }
    } catch (const json::parse_error& e) {
        throw session_error(std::string("the backend's order is malformed: ") + e.what());
    }
    throw session_error("the backend's orders never end");
}

void local_agent::choose(const wire::seram_secure_element& wanted) {
    const auto found = std::ranges::find_if(components_, [&](const auto& c) { return c->reader() == wanted.id; });
    if (found == components_.end())
        throw transport_error(transport_cause::unavailable, "no secure component '" + brief(wanted.id) + "'");
    if (chosen_ == *found)
        return;
    if (chosen_)
        chosen_->close(); // hazard 11: a switch closes the channel
    chosen_.reset();
    (*found)->open();
    chosen_ = *found;
}

void local_agent::execute(const wire::seram_apdus& command, wire::seram_report& report) {
    if (!wanted_)
        throw transport_error(transport_cause::unavailable, "no order has named a secure component");
    // The list grows in the report itself: an error leaves what was answered before it. One that is empty says that
    // nothing in front of it has failed: the app has taken what it was told there.
    auto& responses = report.responses.emplace_back();
    choose(*wanted_);
    for (const auto& c_apdu : command.commands) {
        ++apdus_;
        responses.push_back(chosen_->transmit(c_apdu));
        observer_.answered(c_apdu, responses.back());
    }
    ++report.executed;
}

namespace {

wire::seram_status status_of(transport_cause cause) {
    switch (cause) {
    case transport_cause::unavailable:
        return wire::seram_status::unavailable_se;
    case transport_cause::access_denied:
        return wire::seram_status::ungranted_access;
    case transport_cause::no_channel:
    case transport_cause::nfc_off:
    case transport_cause::other:
        break;
    }
    return wire::seram_status::unknown_failure;
}

} // namespace

bool local_agent::execute(const wire::seram_order& order, wire::seram_report& report) {
    // SERAM: POLLING only where there was nothing to do.
    report.status = order.commands.empty() ? wire::seram_status::polling : wire::seram_status::processed;
    try {
        observer_.begins(order);
        if (order.secure_element)
            wanted_ = order.secure_element; // opened when there is an APDU for it
        for (const auto& command : order.commands) {
            if (std::holds_alternative<wire::seram_stop>(command))
                return true;
            if (const auto* unknown = std::get_if<wire::seram_unknown>(&command))
                throw std::runtime_error("unknown command '" + brief(unknown->type) + "'"); // AMB-212
            if (const auto* apdus = std::get_if<wire::seram_apdus>(&command))
                execute(*apdus, report);
            else if (const auto* notification = std::get_if<wire::seram_notification>(&command))
                observer_.notified(notification->text);
        }
    } catch (const transport_error& e) {
        // Hazard 4: the rest of the order is discarded. The card's state is what the backend last heard of; nothing is
        // reopened silently.
        report.status = status_of(e.cause());
        report.error = words_for(e.cause()) + std::string(e.what());
        const bool answered = std::ranges::any_of(report.responses, [](const auto& list) { return !list.empty(); });
        if (log_ && wanted_ && !answered) // such a card counts as not accessible, and no result names it (AMB-240)
            log_("reader '" + brief(wanted_->id) + "' is not accessible: " + e.what());
        if (chosen_)
            chosen_->close();
        chosen_.reset();
    } catch (const std::exception& e) {
        report.status = wire::seram_status::unknown_failure;
        report.error = e.what();
    }
    return false;
}

} // namespace tsms::sdk
