#pragma once
// HTTP messages as the rest of the program sees them: plain values, no library, no socket.

#include "base/bytes.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tsms::net {

/// Header fields in the order of the message. Names compare without regard to case (RFC 9110 5.1).
class header_fields {
public:
    struct field {
        std::string name;
        std::string value;
    };

    header_fields() = default;
    header_fields(std::initializer_list<field> fields) : fields_(fields) {}

    void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
    /// Replaces every field of that name.
    void set(std::string_view name, std::string value);
    /// Value of the first field of that name, null if there is none.
    const std::string* find(std::string_view name) const;
    std::string_view get(std::string_view name) const; ///< empty if there is none
    std::vector<std::string_view> all(std::string_view name) const;
    std::size_t count(std::string_view name) const { return all(name).size(); }

    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }
    std::size_t size() const { return fields_.size(); }

private:
    std::vector<field> fields_;
};

/// The certificate that a client proved to hold the key of (mutual TLS). Its chain has been verified against the client
/// CA.
struct peer_certificate {
    std::string pem;
    std::string fingerprint; ///< SHA-256 over the DER encoding, upper-case hex
    std::string subject;     ///< RFC 2253
};

/// Takes the body of one request as it arrives, on the connection's own thread.
class body_sink {
public:
    virtual ~body_sink() = default;
    /// False where nothing more is wanted: the handler is called at once, and the connection closes after its answer.
    /// Must not throw.
    virtual bool take(std::string_view octets) = 0;
};

struct request {
    std::string method; ///< as sent, case-sensitive
    std::string target; ///< raw request target in origin form: nothing is decoded
    std::string path;   ///< the target before '?', still percent-encoded; split it before decoding
    std::multimap<std::string, std::string> query; ///< decoded; a malformed one is answered 400 before any handler
    header_fields headers;
    std::string body;                ///< empty where a sink took it
    std::shared_ptr<body_sink> sink; ///< what server_options::plan_body has given for this request
    bool body_too_large = false;     ///< the body was over the limit, or its sink wanted no more; not all was read
    std::string remote_address;      ///< numeric, without port
    std::optional<peer_certificate> peer;
    /// Asks, without waiting, whether the peer has ended its side of the connection and so reads no answer any more.
    /// For a handler that waits, on its own thread; empty where nobody knows.
    std::function<bool()> peer_gone;

    /// GET, or HEAD: it is answered like GET, and the server sends the answer without its body (RFC 9110 9.3.2).
    bool is_get() const { return method == "GET" || method == "HEAD"; }
    /// Value of a query parameter that occurs exactly once.
    std::optional<std::string> parameter(const std::string& name) const;
};

struct response {
    int status = 200;
    header_fields headers; ///< without Content-Length and Connection: the server sets them
    std::string body;
    std::shared_ptr<const void> kept = {}; ///< let go when the answer has been written, or cannot be
};

/// `Allow` of what answers request::is_get() and nothing else.
inline constexpr const char* allow_get = "GET, HEAD";

/// A response with a JSON body.
response json_response(int status, std::string body);

/// Octets of a percent-encoded path segment; '+' stays '+'. Nothing if an escape is incomplete or not hexadecimal.
std::optional<std::string> percent_decode(std::string_view text);
/// Everything but unreserved characters (RFC 3986 2.3) escaped.
std::string percent_encode(std::string_view text);

/// The URL behind "https://", whatever the case of the scheme (RFC 3986 3.1); nothing if it has another one.
std::optional<std::string_view> behind_https(std::string_view url);

/// Names and values of a query, decoded, '+' is a space. Nothing if it is malformed.
std::optional<std::multimap<std::string, std::string>> parse_query(std::string_view text);

/// True where two header names or tokens are the same without regard to ASCII case.
bool same_token(std::string_view a, std::string_view b);

} // namespace tsms::net
