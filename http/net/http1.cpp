#include "http/net/http1.hpp"

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

namespace tsms::net {

namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

/// A body as it comes: into a text, into a sink, or away.
struct arriving {
    using value_type = arriving;
    std::string text;
    body_sink* sink = nullptr;
    bool forget = false;
    std::uint64_t arrived = 0; ///< octets so far

    class reader {
    public:
        template <bool IsRequest, class Fields>
        explicit reader(http::header<IsRequest, Fields>&, arriving& body) : body_(body) {}

        void init(const boost::optional<std::uint64_t>& length, error_code& error) {
            error = {};
            if (length && !body_.sink && !body_.forget)
                body_.text.reserve(static_cast<std::size_t>(*length)); // bounded by body_limit before
        }
        template <class Buffers> std::size_t put(const Buffers& buffers, error_code& error) {
            error = {};
            std::size_t used = 0;
            for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers);
                 ++it) {
                const boost::asio::const_buffer part = *it;
                const std::string_view octets(static_cast<const char*>(part.data()), part.size());
                used += octets.size();
                body_.arrived += octets.size();
                if (body_.forget)
                    continue;
                if (!body_.sink)
                    body_.text += octets;
                else if (!body_.sink->take(octets))
                    error = http::error::body_limit;
            }
            return used;
        }
        void finish(error_code& error) { error = {}; }

    private:
        arriving& body_;
    };
};

using request_parser = http::request_parser<arriving>;
using response_parser = http::response_parser<http::string_body>;

/// An announced body over its limit is read all the same, and forgotten, if it is not larger than this: the sender
/// reads the answer only when it has sent everything, and can go on on the same connection.
constexpr std::size_t most_forgotten = 65536;

/// Most octets of chunk sizes, extensions and trailers in front of the next octet of a body.
constexpr std::size_t chunk_overhead_limit = 16384;

template <class Parser> error_code feed(Parser& parser, std::string& ahead) {
    error_code error;
    const auto used = parser.put(boost::asio::const_buffer(ahead.data(), ahead.size()), error);
    ahead.erase(0, used);
    return error;
}

/// Feeds the parser until `done` holds. `content` tells of how much there is, or has been so far. False if the stream
/// ends before.
template <class Parser, class Done, class Content>
bool read_until(buffered_connection& from, Parser& parser, Done done, Content content, progress& by,
                error_code& error) {
    while (!done()) {
        if (!from.ahead.empty()) {
            error = feed(parser, from.ahead);
            if (error && error != http::error::need_more)
                return false;
            if (done())
                break;
            if (!error && !from.ahead.empty())
                continue;
            if (from.ahead.size() > chunk_overhead_limit && parser.is_header_done()) {
                error = http::error::bad_chunk;
                return false;
            }
        }
        error = {};
        by.content(content());
        if (!from.more(by))
            return false;
    }
    error = {};
    return true;
}

template <class Fields> header_fields fields_of(const Fields& fields) {
    header_fields all;
    for (const auto& field : fields)
        all.add(std::string(field.name_string()), std::string(field.value()));
    return all;
}

[[noreturn]] void refuse(const error_code& error) {
    if (error == http::error::header_limit)
        throw refused_request(431, "request header fields too large");
    if (error == http::error::bad_version)
        throw refused_request(505, "HTTP version not supported");
    throw refused_request(400, "malformed request: " + error.message());
}

/// RFC 3986 3.2: a name, an IPv4 address or an IPv6 address in brackets, and perhaps a port.
bool is_host(std::string_view authority) {
    const auto is = [](std::string_view among) {
        return [among](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   among.find(c) != among.npos;
        };
    };
    const bool literal = authority.starts_with('[');
    const auto host_end = literal ? authority.find(']') : std::min(authority.find(':'), authority.size());
    if (host_end == authority.npos)
        return false;
    const auto host = authority.substr(literal, host_end - literal);
    const auto port = authority.substr(host_end + literal);
    return !host.empty() && std::ranges::all_of(host, literal ? is(":.") : is("-._~%!$&'()*+,;=")) &&
           (port.empty() || (port.starts_with(':') && port.size() <= 6 &&
                             std::ranges::all_of(port.substr(1), [](char c) { return c >= '0' && c <= '9'; })));
}

/// RFC 9112 6.1, 6.3, 3.2: a message whose length or host could be read in two ways.
void check_framing(const request& r, bool http11, bool chunked) {
    const auto lengths = r.headers.count("Content-Length");
    const auto codings = r.headers.all("Transfer-Encoding");
    const auto length = r.headers.get("Content-Length");
    const auto no_digit = [](char c) { return c < '0' || c > '9'; };
    if (lengths > 1 || codings.size() > 1 || (lengths == 1 && !codings.empty()) ||
        std::ranges::any_of(length, no_digit))
        throw refused_request(400, "ambiguous length of the request body");
    if (!codings.empty() && (!same_token(codings.front(), "chunked") || !chunked || !http11))
        throw refused_request(http11 ? 501 : 400, "transfer coding not supported");
    const auto hosts = r.headers.all("Host");
    if (hosts.size() > 1 || (http11 && (hosts.empty() || hosts.front().empty())))
        throw refused_request(400, "exactly one Host header field is required");
    if (!hosts.empty() && !hosts.front().empty() && !is_host(hosts.front()))
        throw refused_request(400, "the Host header field is no host"); // RFC 9112 3.2
    const auto expect = r.headers.all("Expect");
    if (expect.size() > 1 || (expect.size() == 1 && !same_token(expect.front(), "100-continue")))
        throw refused_request(417, "expectation not supported");
}

request head_of(const request_parser& parser) {
    const auto& head = parser.get();
    request r;
    r.method = std::string(head.method_string());
    r.target = std::string(head.target());
    r.headers = fields_of(head);
    return r;
}

/// RFC 9112 3.2.2: a target in absolute form, as a proxy gets it, must be accepted. Its host replaces that of the Host
/// field, and the rest is a target in origin form.
void take_absolute_form(request& r, bool secured) {
    if (r.target.starts_with('/'))
        return;
    const std::string_view target = r.target;
    const auto colon = std::min(target.find(':'), target.size());
    if (!target.substr(colon).starts_with("://"))
        throw refused_request(400, "the request target must be in origin form or absolute form");
    if (!same_token(target.substr(0, colon), secured ? "https" : "http"))
        throw refused_request(400, "the scheme of the request target is not that of the connection");
    const auto start = colon + 3;
    const auto end = std::min(target.find_first_of("/?#", start), target.size());
    const auto authority = target.substr(start, end - start);
    if (authority.find('@') != authority.npos)
        throw refused_request(400, "the request target must not contain user information"); // RFC 9110 4.2.4
    if (!is_host(authority))
        throw refused_request(400, "the request target has no valid host");
    auto origin = std::string(target.substr(end));
    if (!origin.starts_with('/'))
        origin.insert(0, "/");
    r.headers.set("Host", std::string(authority));
    r.target = std::move(origin);
}

void split_target(request& r) {
    if (r.target.find('#') != r.target.npos)
        throw refused_request(400, "the request target must not contain a fragment");
    const auto query = std::min(r.target.find('?'), r.target.size());
    r.path = r.target.substr(0, query);
    auto parameters = parse_query(std::string_view(r.target).substr(std::min(query + 1, r.target.size())));
    if (!parameters)
        throw refused_request(400, "malformed query");
    r.query = *std::move(parameters);
}

} // namespace

namespace {

/// RFC 9112 2.2: one empty line before a request line is ignored. False if the stream ends before there is anything
/// else.
bool skip_empty_line(buffered_connection& from, progress& by) {
    constexpr std::string_view line = "\r\n";
    while (from.ahead.size() < line.size() && line.starts_with(from.ahead))
        if (!from.more(by))
            return !from.ahead.empty();
    if (from.ahead.starts_with(line))
        from.ahead.erase(0, line.size());
    return !from.ahead.empty() || from.more(by);
}

[[noreturn]] void too_slow() {
    throw refused_request(408, "the request did not come in time");
}

/// Reads the head. False if the peer closed before its first octet.
bool read_head(buffered_connection& from, request_parser& parser, progress& by) {
    if (!skip_empty_line(from, by))
        return false;
    try {
        error_code error;
        const auto before = from.received - from.ahead.size();
        const bool whole = read_until(
            from, parser, [&] { return parser.is_header_done(); }, [&] { return from.received - before; }, by, error);
        if (!whole && error)
            refuse(error);
        if (!whole)
            throw refused_request(400, "the request ends inside its head");
        return true;
    } catch (const network_error& e) {
        if (e.cause() == network_cause::timeout)
            too_slow();
        throw;
    }
}

/// Reads the body. False if it is over the limit.
bool read_body(buffered_connection& from, request_parser& parser, pace rule, bool expects) {
    progress by(rule, std::chrono::steady_clock::now());
    try {
        if (expects)
            from.peer.write("HTTP/1.1 100 Continue\r\n\r\n", by);
        error_code error;
        const auto announced = parser.content_length();
        const auto& body = parser.get().body();
        const bool whole = read_until(
            from, parser, [&] { return parser.is_done(); }, [&] { return announced ? *announced : body.arrived; }, by,
            error);
        if (!whole && error == http::error::body_limit)
            return false;
        if (!whole && error)
            refuse(error);
        if (!whole)
            throw refused_request(400, "the request ends inside its body");
        return true;
    } catch (const network_error& e) {
        if (e.cause() == network_cause::timeout)
            too_slow();
        throw;
    }
}

std::optional<incoming_request> read_with(request_parser& parser, buffered_connection& from,
                                          const message_limits& limits,
                                          const std::function<void(request&)>& complete_head,
                                          const std::function<body_plan(const request&)>& plan_body,
                                          request_paces paces) {
    if (!read_head(from, parser, paces.head))
        return std::nullopt;
    incoming_request in;
    in.message = head_of(parser);
    if (in.message.headers.size() > limits.header_limit)
        throw refused_request(431, "too many request header fields");
    check_framing(in.message, parser.get().version() == 11, parser.chunked());
    take_absolute_form(in.message, limits.secured);
    split_target(in.message);
    in.keep_alive = parser.get().version() == 11 && parser.keep_alive();
    complete_head(in.message);
    if (parser.is_done())
        return in;

    auto plan = plan_body(in.message);
    auto& body = parser.get().body();
    const bool expects = in.message.headers.find("Expect") && from.ahead.empty();
    const auto announced = parser.content_length();
    in.message.body_too_large = announced && *announced > plan.limit;
    body.forget = in.message.body_too_large && *announced <= most_forgotten && !expects;
    body.sink = plan.sink.get();
    in.message.sink = std::move(plan.sink);
    if (in.message.body_too_large && !body.forget) {
        in.keep_alive = false;
        return in;
    }
    parser.body_limit(body.forget ? most_forgotten : plan.limit);
    parser.eager(true);
    if (!read_body(from, parser, paces.body, expects)) {
        in.message.body_too_large = true;
        in.keep_alive = false;
        return in;
    }
    in.message.body = std::move(body.text);
    return in;
}

} // namespace

std::optional<incoming_request> read_request(buffered_connection& from, const message_limits& limits,
                                             const std::function<void(request&)>& complete_head,
                                             const std::function<body_plan(const request&)>& plan_body,
                                             request_paces paces) {
    request_parser parser;
    parser.header_limit(static_cast<std::uint32_t>(limits.head_limit));
    parser.body_limit(std::numeric_limits<std::uint64_t>::max()); // the limit is known only when the head is
    try {
        return read_with(parser, from, limits, complete_head, plan_body, paces);
    } catch (const refused_request& e) {
        throw refused_request(e.status(), e.what(), std::string(parser.get().method_string()));
    }
}

incoming_response read_response(buffered_connection& from, std::string_view method, std::size_t body_limit,
                                time_point begins, pace rule) {
    const auto begin = [&] {
        auto first = progress::begins_until(begins, rule);
        if (from.ahead.empty() && !from.more(first))
            throw network_error(network_cause::broken, "the connection ended before the answer did");
    };
    begin();
    progress by(rule, std::chrono::steady_clock::now());
    for (int interim = 0; interim < 4; ++interim) {
        response_parser parser;
        parser.header_limit(65536);
        parser.body_limit(body_limit);
        parser.skip(method == "HEAD");
        error_code error;
        // In one step (eager), Beast 1.74 forgets that an announced length is over the limit.
        const bool head_read = read_until(
            from, parser, [&] { return parser.is_header_done(); }, [&] { return from.received; }, by, error);
        parser.eager(true);
        const auto announced = head_read ? parser.content_length() : boost::none;
        const auto& body = parser.get().body();
        if (!head_read || !read_until(
                              from, parser, [&] { return parser.is_done(); },
                              [&] { return announced ? *announced : body.size(); }, by, error)) {
            if (error == http::error::body_limit)
                throw network_error(network_cause::protocol,
                                    "the answer is larger than " + std::to_string(body_limit) + " octets");
            if (error)
                throw network_error(network_cause::protocol, "the answer is not HTTP: " + error.message());
            if (parser.need_eof() && parser.is_header_done())
                parser.put_eof(error);
            if (!parser.is_done() || error)
                throw network_error(network_cause::broken, "the connection ended before the answer did");
        }
        const auto& head = parser.get();
        if (head.result_int() / 100 == 1) {
            // What follows is waited for like the first octet: 102 (Processing) is no answer yet.
            if (std::chrono::steady_clock::now() >= begins)
                throw network_error(network_cause::timeout, "only interim answers came in time");
            begin();
            by = progress(rule, std::chrono::steady_clock::now());
            continue;
        }
        return {{static_cast<int>(head.result_int()), fields_of(head), std::move(parser.get().body())},
                parser.keep_alive() && from.ahead.empty()};
    }
    throw network_error(network_cause::protocol, "only interim answers came");
}

namespace {

void put_field(std::string& out, std::string_view name, std::string_view value) {
    const auto breaks = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
    if (name.empty() || std::ranges::any_of(name, [&](char c) { return breaks(c) || c == ':' || c == ' '; }) ||
        std::ranges::any_of(value, breaks))
        throw std::invalid_argument("HTTP: a header field with line breaks or without name");
    out.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

std::string response_head(const response& message, bool keep_alive, std::size_t beside) {
    std::string out;
    out.reserve(512 + (message.body.size() <= beside ? message.body.size() : 0));
    const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(message.status)));
    out.append("HTTP/1.1 ").append(std::to_string(message.status)).append(" ");
    out.append(reason.data(), reason.size()).append("\r\n");
    for (const auto& field : message.headers)
        put_field(out, field.name, field.value);
    if (message.status != 204 && message.status != 304)
        put_field(out, "Content-Length", std::to_string(message.body.size()));
    if (!keep_alive)
        put_field(out, "Connection", "close");
    out += "\r\n";
    return out;
}

bool has_body(const response& message, std::string_view method) {
    return method != "HEAD" && message.status != 204 && message.status != 304;
}

std::string request_text(std::string_view method, std::string_view target, std::string_view host,
                         const header_fields& headers, std::string_view body) {
    const auto breaks = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; };
    if (method.empty() || !target.starts_with('/') || std::ranges::any_of(method, breaks) ||
        std::ranges::any_of(target, breaks))
        throw std::invalid_argument("HTTP: malformed method or target");
    std::string out = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n";
    put_field(out, "Host", host);
    for (const auto& field : headers)
        put_field(out, field.name, field.value);
    if (!body.empty() || (method != "GET" && method != "HEAD" && method != "DELETE"))
        put_field(out, "Content-Length", std::to_string(body.size()));
    out += "\r\n";
    return out.append(body);
}

} // namespace tsms::net
