#include "http/net/http1.hpp"

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

namespace tsms::net {

namespace http = boost::beast::http;
using boost::system::error_code;

bool buffered_connection::more(time_point deadline) {
    char block[16384];
    const auto count = peer.read(block, sizeof block, deadline);
    received += count;
    ahead.append(block, count);
    return count > 0;
}

namespace {

/// A body as it comes: into a text, into a sink, or away.
struct arriving {
    using value_type = arriving;
    std::string text;
    body_sink* sink = nullptr;
    bool forget = false;

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

/// Feeds the parser until `done` holds. False if the stream ends before.
template <class Parser, class Done>
bool read_until(buffered_connection& from, Parser& parser, Done done, time_point deadline, error_code& error) {
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
        if (!from.more(deadline))
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
    if (!r.target.starts_with('/'))
        throw refused_request(400, "the request target must be in origin form");
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

void split_target(request& r) {
    const auto query = std::min(r.target.find('?'), r.target.size());
    r.path = r.target.substr(0, query);
    auto parameters = parse_query(std::string_view(r.target).substr(std::min(query + 1, r.target.size())));
    if (!parameters)
        throw refused_request(400, "malformed query");
    r.query = *std::move(parameters);
}

} // namespace

std::optional<incoming_request> read_request(buffered_connection& from, const message_limits& limits,
                                             const std::function<void(request&)>& complete_head,
                                             const std::function<body_plan(const request&)>& plan_body,
                                             request_deadlines deadlines) {
    request_parser parser;
    parser.header_limit(static_cast<std::uint32_t>(limits.head_limit));
    parser.body_limit(std::numeric_limits<std::uint64_t>::max()); // the limit is known only when the head is
    error_code error;
    const bool idle = from.ahead.empty();
    if (!read_until(
            from, parser, [&] { return parser.is_header_done(); }, deadlines.head, error)) {
        if (error)
            refuse(error);
        if (idle && from.ahead.empty() && !parser.got_some())
            return std::nullopt;
        throw refused_request(400, "the request ends inside its head");
    }
    incoming_request in;
    in.message = head_of(parser);
    if (in.message.headers.size() > limits.header_limit)
        throw refused_request(431, "too many request header fields");
    check_framing(in.message, parser.get().version() == 11, parser.chunked());
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
    if (expects)
        from.peer.write("HTTP/1.1 100 Continue\r\n\r\n", deadlines.whole);
    const bool whole = read_until(
        from, parser, [&] { return parser.is_done(); }, deadlines.whole, error);
    if (!whole && error == http::error::body_limit) {
        in.message.body_too_large = true;
        in.keep_alive = false;
        return in;
    }
    if (!whole && error)
        refuse(error);
    if (!whole)
        throw refused_request(400, "the request ends inside its body");
    in.message.body = std::move(body.text);
    return in;
}

incoming_response read_response(buffered_connection& from, std::string_view method, std::size_t body_limit,
                                time_point deadline) {
    for (int interim = 0; interim < 4; ++interim) {
        response_parser parser;
        parser.header_limit(65536);
        parser.body_limit(body_limit);
        parser.skip(method == "HEAD");
        error_code error;
        // In one step (eager), Beast 1.74 forgets that an announced length is over the limit.
        const bool head_read = read_until(
            from, parser, [&] { return parser.is_header_done(); }, deadline, error);
        parser.eager(true);
        if (!head_read || !read_until(
                              from, parser, [&] { return parser.is_done(); }, deadline, error)) {
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
        if (head.result_int() / 100 == 1)
            continue;
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
