#include "lab/issuer/issuer_service.hpp"

#include "base/number.hpp"
#include "base/time.hpp"
#include "gp/card_failure.hpp"
#include "gp/scp03.hpp"
#include "http/wire/issuer.hpp"
#include "http/wire/seram.hpp"
#include "lab/card/issuer_keys.hpp"
#include "model/card_identity.hpp"

#include <algorithm>

namespace tsms::lab {

namespace {

/// What IIN and CIN of this issuer's cards begin with: its IIN (lab/card/personality.cpp).
constexpr std::string_view own_iin = "4950";
constexpr std::string_view order_cookie = "order=";
constexpr std::size_t most_ended = 1024;

/// A request that gets an error as its answer.
class refused : public std::runtime_error {
public:
    refused(int status_, const std::string& text) : std::runtime_error(text), status(status_) {}
    int status;
};

net::response answer(int status, const json::value& body) {
    return net::json_response(status, json::dump(body));
}

/// Who may use a session: the client that opened it. Empty where there is no TLS in front.
std::string caller(const net::request& request) {
    return request.peer ? request.peer->fingerprint : std::string();
}

/// Number of the order that the report answers, if the Local Agent returned our cookie.
std::optional<int> reported_order(const net::request& request) {
    for (auto field : request.headers.all("Cookie")) {
        const auto at = field.find(order_cookie);
        if (at == field.npos)
            continue;
        const auto digits = field.substr(at + order_cookie.size());
        if (const auto number = text::number<unsigned>(digits); number && digits.size() < 6)
            return static_cast<int>(*number);
    }
    return std::nullopt;
}

gp::batch_answer to_answer(const wire::seram_report& report, std::size_t expected) {
    gp::batch_answer answer;
    for (const auto& responses : report.responses)
        answer.responses.insert(answer.responses.end(), responses.begin(), responses.end());
    answer.detail = report.error;
    switch (report.status) {
    case wire::seram_status::unavailable_se:
        answer.end = gp::transmission::unavailable;
        break;
    case wire::seram_status::ungranted_access:
        answer.end = gp::transmission::ungranted;
        break;
    default:
        answer.end = answer.responses.size() == expected ? gp::transmission::complete : gp::transmission::failed;
    }
    return answer;
}

/// Why a card can be none of this issuer's, or not be told from others (DIV-056); empty where it can.
std::string why_not_ours(const std::string& identity) {
    const auto why = model::why_no_identity(identity);
    if (identity.size() == model::cplc_digits)
        return why.empty() ? why : "the card cannot be told from others: " + why;
    if (!identity.starts_with(own_iin) || identity.size() == own_iin.size())
        return "the card is none of this issuer: it has no CPLC of 42 octets, and another IIN";
    return model::card_identity::of_row(identity) ? "" : "the card cannot be told from others: IIN and CIN are blank";
}

} // namespace

/// One management session: the work on the card, and the order that the Local Agent has to report on.
struct issuer_service::session {
    session(const order_record& record, std::string owner_, std::uint64_t number_)
        : order(record.order), owner(std::move(owner_)), number(number_) {}

    model::issuer_order order;
    std::string owner;
    std::uint64_t number;
    bool negotiated = false;
    std::unique_ptr<gp::procedure<authenticated_card>> work; ///< none: the order was carried out before
    bool last_commands = false;
    std::size_t expected = 0; ///< R-APDUs in the next report
    int order_number = 0;     ///< of `sent`; 0: nothing sent yet
    wire::seram_order sent;
    bool stopped = false;
    steady_time heard = system_time().steady();
};

issuer_service::issuer_service(order_book& book, options o, crypto::random_source& random)
    : book_(book), options_(std::move(o)), random_(random) {}
issuer_service::~issuer_service() = default;

void issuer_service::log(const std::string& line) const {
    if (options_.log)
        options_.log(line);
}

net::response issuer_service::handle(const net::request& request) {
    static constexpr std::string_view domains = "/security-domains/";
    static constexpr std::string_view keys_of = "/keys";
    const std::string_view path = request.path;
    std::lock_guard lock(mutex_);
    try {
        if (request.body_too_large)
            throw refused(413, "the body is too large");
        if (request.is_get() && path == "/health")
            return answer(200, json::object{{"status", "ready"}});
        if (request.method == "POST" && path == "/order")
            return open_order(request);
        if (request.method == "POST" && path == "/gp/seram/handshake")
            return handshake(request);
        if (request.method == "POST" && path == "/gp/seram/remoteManagement")
            return remote_management(request);
        if (request.is_get() && path.starts_with(domains) && path.ends_with(keys_of) &&
            path.size() > domains.size() + keys_of.size())
            return keys(request, request.path.substr(domains.size(), path.size() - domains.size() - keys_of.size()));
        throw refused(404, "there is no such resource");
    } catch (const refused& e) {
        log(request.method + " " + request.path + ": " + std::to_string(e.status) + " " + e.what());
        return answer(e.status, json::object{{"error", e.what()}});
    } catch (const json::parse_error& e) {
        log(request.method + " " + request.path + ": 400 " + e.what());
        return answer(400, json::object{{"error", e.what()}});
    }
}

net::response issuer_service::open_order(const net::request& request) {
    const auto order = wire::parse_issuer_order(json::parse(request.body));
    if (const auto why = why_not_ours(order.secure_component_identity); !why.empty())
        throw refused(422, why);
    // A repeated order that is not finished starts from the beginning: what is on the card already is found there.
    std::erase_if(sessions_, [&](const auto& s) { return s.second->order.id == order.id; });
    if (!make_room()) {
        log("order " + order.id + ": 429, all " + std::to_string(options_.max_sessions) + " sessions are in use");
        auto later = answer(429, json::object{{"error", "all sessions are in use"}});
        later.headers.add("Retry-After", std::to_string(options_.retry_after.count()));
        return later;
    }
    const auto* record = book_.find(order.id);
    const bool known = record != nullptr;
    if (known && wire::to_json(record->order) != wire::to_json(order))
        throw refused(409, "the order id was used for another order");
    if (!known)
        record = &book_.accept(order);

    auto opened = std::make_unique<session>(*record, caller(request), ++opened_);
    if (!record->carried_out)
        opened->work = std::make_unique<gp::procedure<authenticated_card>>(carry_out(
            {options_.lies.done_of(record->order), isd_keys(options_.master_key, hex(order.secure_component_identity)),
             record->keys.value_or(domain_keys{}), random_, opened->last_commands}));
    const auto id = random_.uuid();
    sessions_[id] = std::move(opened);
    log("order " + order.id + (record->carried_out ? " was carried out before" : known ? " again" : " accepted"));
    return answer(known ? 200 : 201, json::object{{"sessionID", id}});
}

/// False where all sessions are in use. Those that have ended are kept for a repeated report and for their keys, the
/// oldest make room.
bool issuer_service::make_room() {
    const auto now = system_time().steady();
    std::erase_if(sessions_,
                  [&](const auto& s) { return !s.second->stopped && now - s.second->heard >= options_.idle; });
    const auto running = std::ranges::count_if(sessions_, [](const auto& s) { return !s.second->stopped; });
    if (static_cast<std::size_t>(running) >= options_.max_sessions)
        return false;
    while (sessions_.size() - static_cast<std::size_t>(running) > most_ended)
        sessions_.erase(std::ranges::min_element(
            sessions_, {}, [](const auto& s) { return std::pair(!s.second->stopped, s.second->number); }));
    return true;
}

issuer_service::session& issuer_service::session_of(const net::request& request, const std::optional<std::string>& id) {
    const auto found = id ? sessions_.find(*id) : sessions_.end();
    if (found == sessions_.end() || found->second->owner != caller(request))
        throw refused(404, "the session is unknown: send the order again");
    found->second->heard = system_time().steady();
    return *found->second;
}

net::response issuer_service::handshake(const net::request& request) {
    auto& s = session_of(request, request.parameter("sessionId"));
    if (!wire::parse_seram_handshake(json::parse(request.body)).acceptable())
        throw refused(406, "HTTPS, application/json and GP SERAM 2.0.0 are needed");
    s.negotiated = true;
    return answer(200, wire::seram_handshake_answer());
}

net::response issuer_service::remote_management(const net::request& request) {
    auto& s = session_of(request, request.parameter("sessionId"));
    const auto report = wire::parse_seram_report(json::parse(request.body));
    if (!s.negotiated)
        throw refused(409, "the handshake is missing");
    const auto reported = reported_order(request);
    // Polling while commands are out can only be the first report again: its answer, and with it the cookie, was lost.
    const bool repeated = s.order_number > 0 &&
                          (reported ? *reported == s.order_number - 1 : report.status == wire::seram_status::polling);
    if (!repeated) {
        if (s.stopped)
            throw refused(404, "the session has ended");
        if (reported && *reported != s.order_number)
            throw refused(409, "the report answers another order");
        advance(s, report);
    }
    auto response = answer(200, wire::to_json(s.sent));
    response.headers.add("Set-Cookie", std::string(order_cookie) + std::to_string(s.order_number) +
                                           "; Path=/gp/seram; Secure; HttpOnly");
    return response;
}

/// Takes the report and prepares the next order.
void issuer_service::advance(session& s, const wire::seram_report& report) {
    const gp::card_effect* effect = nullptr;
    if (s.work)
        effect = s.order_number == 0 ? s.work->start() : s.work->answer(to_answer(report, s.expected));

    s.sent = {};
    s.sent.secure_element = wire::seram_secure_element{s.order.se_type, s.order.secure_component_identity, {}};
    if (s.order_number++ == 0)
        s.sent.commands.emplace_back(wire::seram_start{});
    if (!effect)
        return finish(s);
    if (s.last_commands)
        s.sent.commands.emplace_back(wire::seram_notification{wire::to_text({true, std::nullopt, false})});
    wire::seram_apdus apdus;
    for (const auto& command : effect->commands.commands)
        apdus.commands.push_back(command.apdu);
    s.expected = apdus.commands.size();
    s.sent.commands.emplace_back(std::move(apdus));
}

/// The work has ended, one way or the other.
void issuer_service::finish(session& s) {
    const auto failed = [&](const std::string& text, bool of_card = true) {
        log("order " + s.order.id + " failed: " + text);
        s.sent.commands.emplace_back(wire::seram_notification{wire::to_text({false, text, of_card})});
    };
    try {
        if (s.work) {
            book_.carried_out(s.order.id, s.work->result());
            log("order " + s.order.id + " is carried out");
        }
    } catch (const gp::card_failure& e) {
        failed(std::string(gp::to_string(e.what)) + ": " + e.details(), e.why != gp::card_failure::kind::issuer);
    } catch (const gp::scp03_error& e) {
        failed(e.what());
    }
    s.work.reset();
    s.stopped = true;
    s.sent.commands.emplace_back(wire::seram_stop{});
}

net::response issuer_service::keys(const net::request& request, const std::string& session_id) {
    const auto& s = session_of(request, net::percent_decode(session_id));
    const auto& record = *book_.find(s.order.id);
    if (!record.keys)
        throw refused(404, "the order creates no security domain");
    if (!record.carried_out)
        throw refused(409, "the order is not carried out");
    const auto material = hand_over(record.order, *record.keys, record.scp_i, book_.transport_key(), options_.lies);
    log("order " + s.order.id + ": keys handed over");
    return answer(200, wire::to_json(material));
}

} // namespace tsms::lab
