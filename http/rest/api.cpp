#include "http/rest/api.hpp"

#include "base/ascii.hpp"
#include "base/number.hpp"
#include "base/utf8.hpp"
#include "crypto/digest.hpp"
#include "http/net/address.hpp"
#include "http/rest/call.hpp"
#include "http/rest/openapi.hpp"
#include "http/rest/page.hpp"
#include "http/rest/reason.hpp"
#include "model/rest_error.hpp"

#include <algorithm>

namespace tsms::rest {

namespace {

using model::action;
using model::dialect;
using model::rest_category;
using model::rest_error;

struct target {
    dialect dialect_;
    std::vector<std::string> segments;
};

/// "/sptsm/<version>/…" without empty segments (AMB-016, AMB-019). Segments are decoded after the split, so that %2F is
/// no separator.
std::optional<target> parse_target(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        const auto segment = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(path.size(), segment.size() + 1));
        if (segment.empty())
            continue;
        auto decoded = net::percent_decode(segment);
        if (!decoded)
            return std::nullopt;
        segments.push_back(std::move(*decoded));
    }
    if (segments.size() < 2 || segments[0] != "sptsm")
        return std::nullopt;
    const bool is_1_0 = segments[1] == "1.0";
    if (!is_1_0 && segments[1] != "1.0.4")
        return std::nullopt;
    segments.erase(segments.begin(), segments.begin() + 2);
    return target{is_1_0 ? dialect::v1_0 : dialect::v1_0_4, std::move(segments)};
}

net::response empty_response(int status) {
    return {.status = status, .headers = {}, .body = {}};
}

net::response method_not_allowed(const std::vector<std::string_view>& allowed) {
    std::string list;
    for (const auto method : allowed)
        list += (list.empty() ? "" : ", ") + std::string(method);
    auto out = empty_response(405);
    out.headers.add("Allow", list);
    return out;
}

net::response error_response(const rest_error& e) {
    const json::object body{{"errorCategory", static_cast<int>(e.category())}, {"errorMessage", e.what()}};
    auto out = net::json_response(e.status(), json::dump(body));
    if (e.status() == 401)
        out.headers.add("WWW-Authenticate", "Bearer");
    if (e.retry_after > 0)
        out.headers.add("Retry-After", std::to_string(e.retry_after));
    if (!e.reason.empty())
        out.headers.add(reason_field, field_text(e.reason));
    return out;
}

/// "Bearer <token>", or the bare token as the tables of the TR print it (AMB-005). Empty if there is none or more than
/// one field.
std::string bearer_token(const net::request& request) {
    const auto fields = request.headers.all("Authorization");
    if (fields.size() != 1)
        return {};
    auto value = fields.front();
    const auto blank = value.find(' ');
    if (blank != std::string_view::npos) {
        if (!net::same_token(value.substr(0, blank), "Bearer"))
            return {};
        value.remove_prefix(std::min(value.size(), value.find_first_not_of(' ', blank)));
    }
    return std::string(value);
}

std::string fingerprint(const net::request& request) {
    return request.peer ? request.peer->fingerprint : std::string();
}

bool is_json(std::string_view content_type) {
    return net::same_token(text::trimmed(content_type.substr(0, content_type.find(';')), " "), "application/json");
}

/// Bodies up to this size, and what they are parsed into, are counted among what every connection costs.
constexpr std::size_t small = 16384;

std::size_t announced_length(const net::request& request) {
    return text::number<std::size_t>(request.headers.get("Content-Length")).value_or(0);
}

json::value json_body(const net::request& request, const std::string& text, const api_options& options) {
    const auto invalid = [](std::string_view reason) { return rest_error(rest_category::invalid_request, {reason}); };
    if (request.body_too_large || text.size() > options.json_limit)
        throw invalid("request body too large");
    if (text.empty())
        throw invalid("request body missing");
    if (!is_json(request.headers.get("Content-Type")))
        throw invalid("unsupported content type");
    try {
        return json::parse(text, {.bytes = options.json_limit});
    } catch (const json::parse_error& e) {
        throw invalid("malformed JSON").because(e.what());
    }
}

/// What the sender calls the entity of a body. No URL: its query may be a secret.
std::string name_in(const json::value& body) {
    if (const auto* o = body.as_object())
        for (const auto* key : {"name", "tag", "instanceAid"})
            if (const auto* v = o->find(key); v && v->as_string())
                return *v->as_string();
    return {};
}

void refuse_body(const net::request& request, dialect d) {
    if (!request.body.empty() || request.body_too_large)
        throw model::body_not_allowed(d);
}

/// The OpenAPI document; it is the same for as long as the program runs.
net::response describe(dialect d) {
    static const std::string v1_0 = json::dump(openapi_document(dialect::v1_0));
    static const std::string v1_0_4 = json::dump(openapi_document(dialect::v1_0_4));
    return net::json_response(200, d == dialect::v1_0 ? v1_0 : v1_0_4);
}

} // namespace

net::response refused_below_http(int status, std::string_view reason) {
    auto out = error_response(rest_error(rest_category::invalid_request, {reason})); // DIV-071
    out.status = status;
    return out;
}

net::response broken_below_http() {
    return error_response(rest_error(rest_category::internal, {"unexpected condition"}));
}

api::api(store::catalog& catalog, store::access& access, api_options options, crypto::random_source& random)
    : catalog_(catalog), access_(access), options_(std::move(options)), random_(random),
      limiter_(options_.auth_burst, options_.auth_per_second), memory_(std::make_shared<budget>(options_.memory)),
      upload_room_(std::make_shared<budget>(options_.upload_room)) {}

net::response api::handle(const net::request& request) {
    const auto internal = [&](std::string_view reason, std::string_view detail, int retry_after = 0) {
        options_.log({severity::error, std::string(detail)});
        rest_error error(rest_category::internal, {reason});
        error.retry_after = retry_after;
        return error_response(error);
    };
    try {
        if (auto page = answer_page(request))
            return std::move(*page);
        const auto parsed = parse_target(request.path);
        return hold(parsed ? dispatch(request, parsed->dialect_, parsed->segments) : empty_response(404));
    } catch (const rest_error& e) {
        return error_response(e);
    } catch (const store::error& e) {
        return internal("the catalog is not available, please try again later", e.what(), 1);
    } catch (const std::exception& e) {
        return internal("unexpected condition", e.what());
    }
}

net::response api::dispatch(const net::request& request, dialect d, const std::vector<std::string>& segments) {
    if (segments.size() == 1 && segments[0] == "auth") // AMB-207: its methods are no secret
        return request.method == "POST" ? authenticate(request, d) : method_not_allowed({"POST"});
    if (segments.size() == 1 && segments[0] == "openapi.json") // DIV-014
        return request.is_get() ? describe(d) : method_not_allowed({net::allow_get});
    const auto caller = caller_of(request);
    if (!caller)
        throw rest_error(rest_category::not_authenticated);
    if (!caller->second_factor)
        return empty_response(403); // AMB-003
    const auto match = model::find_route(request.method, segments);
    if (!match.found)
        return match.allowed.empty() ? empty_response(404) : method_not_allowed(match.allowed);
    return execute(request, d, *match.found, caller->provider);
}

net::response api::authenticate(const net::request& request, dialect d) {
    const auto token = bearer_token(request);
    const auto now = options_.time->steady();
    int wait = limiter_.take("address " + net::peer_network(request.remote_address), now);
    if (wait == 0 && !token.empty())
        wait = limiter_.take("token " + to_hex(crypto::sha256(as_bytes(token))), now);
    if (wait > 0) {
        rest_error busy(rest_category::internal, {"too many authentication requests, please try again later"});
        busy.retry_after = wait;
        throw busy;
    }
    const auto caller = token.empty()
                            ? std::nullopt
                            : access_.authenticate_long_term(token, options_.time->wall(), fingerprint(request));
    if (!caller)
        throw rest_error(rest_category::authentication_failed);
    if (!caller->second_factor)
        return empty_response(403); // AMB-003; without the certificate a token would open nothing
    refuse_body(request, d);
    const auto issued = access_.issue_access(token, options_.time->wall(), options_.access_lifetime);
    if (!issued) // revoked this very moment
        throw rest_error(rest_category::authentication_failed);
    return net::json_response(200, json::dump(*issued));
}

net::response api::execute(const net::request& request, dialect d, const model::route& route,
                           const std::string& provider) {
    const auto& operation = *route.operation;
    const auto kind_of_body = model::body_of(operation.what);
    if (kind_of_body == model::body_kind::none)
        refuse_body(request, d);
    if (operation.what == action::account) {
        const auto record = access_.provider(provider);
        if (!record)
            throw rest_error(rest_category::not_authenticated);
        return net::json_response(200, json::dump(json::object{{"id", record->id}, {"name", record->name}}));
    }
    call c{request, options_, random_, d, operation, route.parameters, provider, memory_};
    switch (operation.what) {
    case action::list:
    case action::read:
    case action::related:
    case action::download:
        return catalog_.read([&](const store::catalog_view& view) { return read_operation(view, c); });
    case action::remove:
        return execute_json(c);
    default:
        break;
    }
    try {
        return kind_of_body == model::body_kind::multipart ? execute_upload(c) : execute_json(c);
    } catch (rest_error& e) {
        note_refusal(c, e);
        if (e.reason.empty() && e.category() != rest_category::internal)
            e.reason = e.what(); // to the sender, who knows what it sent
        throw;
    }
}

/// Why a file, or a body in form, was refused is kept for a while: the service provider asks the operator (DIV-067).
/// Messages about attributes are not kept, because they quote values, and values may be key material.
void api::note_refusal(const call& c, const rest_error& e) {
    if (e.category() == rest_category::internal) // no fault of what was sent
        return;
    const bool is_upload = model::body_of(c.operation.what) == model::body_kind::multipart;
    if (!is_upload && e.reason.empty())
        return;
    access_.note_refusal(c.provider,
                         {.at = {},
                          .kind = std::string(model::entity_name(c.operation.entity)),
                          .name = text::quotable(c.subject),
                          .category = static_cast<int>(e.category()),
                          .reason = text::quotable(e.reason.empty() ? e.what() : e.reason)},
                         options_.time->wall());
}

void api::write_refusals() {
    try {
        access_.write_refusals();
    } catch (const std::exception& e) {
        options_.log({severity::error, std::string("why uploads were refused cannot be kept: ") + e.what()});
    }
}

net::response api::execute_upload(call& c) {
    const auto& request = c.request;
    catalog_.read([&](const store::catalog_view& view) { return path_entities(view, c).empty(); }); // AMB-202: 1009
    auto reader = std::dynamic_pointer_cast<upload_reader>(request.sink);
    if (!reader) {
        // The listener had no plan for it, because its path was wrong until now, or has not got it at all (tests).
        if (request.body_too_large && announced_length(request) <= body_limit(c.operation))
            throw busy();
        reader = std::make_shared<upload_reader>(c.operation.entity, request.headers.get("Content-Type"),
                                                 options_.uploads, options_.upload_folder, upload_room_);
        reader->take(request.body);
    }
    const std::lock_guard one_at_a_time(large_);
    const auto announced = request.body_too_large ? std::optional(announced_length(request)) : std::nullopt;
    try {
        const auto u = reader->finish(c.operation.what == action::replace, announced);
        return catalog_.write([&](store::catalog_edit& edit) { return upload_operation(edit, c, u); });
    } catch (rest_error& e) {
        c.subject = reader->file_name();
        if (e.category() == rest_category::invalid_file_type) // its message names no cause; the operator will be asked
            options_.log({severity::warning,
                          "service provider " + c.provider + " uploaded ‘" + text::quotable(c.subject) +
                              "’, which was refused as " + std::string(model::entity_name(c.operation.entity)) + ": " +
                              text::quotable(e.reason),
                          {.provider = c.provider}});
        throw;
    }
}

net::response api::execute_json(call& c) {
    const auto reader = std::dynamic_pointer_cast<net::counted_body>(c.request.sink);
    if (reader && reader->no_room())
        throw busy();
    const auto& text = reader ? reader->text() : c.request.body;
    std::unique_lock one_at_a_time(large_, std::defer_lock);
    if (text.size() > small)
        one_at_a_time.lock();
    if (model::body_of(c.operation.what) == model::body_kind::json)
        c.body = json_body(c.request, text, options_);
    c.subject = name_in(c.body);
    return catalog_.write([&](store::catalog_edit& edit) { return write_operation(edit, c); });
}

/// A large answer is counted for as long as its receiver takes to read it.
net::response api::hold(net::response answer) const {
    if (answer.body.size() <= small || answer.kept)
        return answer;
    auto held = std::make_shared<share>(memory_);
    if (!held->grow(answer.body.size()))
        throw busy();
    answer.kept = std::move(held);
    return answer;
}

std::optional<store::bearer> api::caller_of(const net::request& request) const {
    const auto token = bearer_token(request);
    if (token.empty())
        return std::nullopt;
    return access_.authenticate(token, options_.time->wall(), fingerprint(request));
}

std::size_t api::body_limit(const model::rest_operation& operation) const {
    switch (model::body_of(operation.what)) {
    case model::body_kind::multipart:
        return options_.uploads.of(operation.entity) + form_overhead;
    case model::body_kind::json:
        return options_.json_limit;
    default:
        return 0; // refused anyway, as 1002
    }
}

net::body_plan api::plan_body(const net::request& head) {
    try {
        const auto parsed = parse_target(head.path);
        const auto caller = parsed ? caller_of(head) : std::nullopt;
        if (!caller || !caller->second_factor)
            return {};
        const auto match = model::find_route(head.method, parsed->segments);
        if (!match.found)
            return {};
        const auto& operation = *match.found->operation;
        const auto limit = body_limit(operation);
        switch (model::body_of(operation.what)) {
        case model::body_kind::multipart: {
            const call c{
                head,   options_, random_, parsed->dialect_, operation, match.found->parameters, caller->provider,
                memory_};
            catalog_.read([&](const store::catalog_view& view) { return path_entities(view, c).empty(); });
            return {limit,
                    std::make_shared<upload_reader>(operation.entity, head.headers.get("Content-Type"),
                                                    options_.uploads, options_.upload_folder, upload_room_),
                    true};
        }
        case model::body_kind::json:
            return {limit, std::make_shared<net::counted_body>(memory_, 0), true};
        default:
            return {limit, nullptr, true};
        }
    } catch (const std::exception&) {
        return {}; // handle() finds the same and tells it
    }
}

} // namespace tsms::rest
