#pragma once
// The SERAM Local Agent: carries the orders of a Remote Agent to the secure components and reports (GP SERAM 2.0, HTTP
// REST binding).

#include "http/net/client.hpp"
#include "http/wire/seram.hpp"
#include "sdk/cookies.hpp"
#include "sdk/transport.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

namespace tsms::sdk {

/// What a call of the TSM-API cost.
struct statistics {
    std::uint64_t exchanges = 0;  ///< HTTPS requests, repeated ones included
    std::uint64_t bytes_sent = 0; ///< HTTP messages, before TLS
    std::uint64_t bytes_received = 0;
    std::uint64_t milliseconds = 0; ///< from the call to its result
    std::uint64_t apdus = 0;        ///< C-APDUs carried to secure components
};

/// The session cannot go on: the backend ended it, answers nonsense, or was not reachable for too long.
/// A process may have been under way.
class session_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The backend does not know the session: it has lost it, or never had it.
class session_unknown : public session_error {
public:
    using session_error::session_error;
};

/// How often an exchange is repeated when the connection breaks: the same octets, of a session with the same cookie, so
/// that the backend recognises the repetition (AMB-212, gp/procedures hazard 5; of a call: DIV-107).
struct retry_policy {
    std::chrono::milliseconds total{300000}; ///< SERAM: five minutes at the most, beside what octets may take
    std::chrono::milliseconds first_pause{100};
    std::chrono::milliseconds longest_pause{5000};
};

/// HTTPS to one backend with cookies.
class backend_link {
public:
    backend_link(net::client_options options, retry_policy retry);

    /// An exchange of what is under way, repeated while the connection breaks or the backend is overloaded (429, 502,
    /// 503, 504). Throws session_error.
    net::response insist(std::string_view method, std::string_view target, std::string_view body,
                         const net::header_fields& headers = {});
    /// The same without a repetition.
    net::response once(std::string_view method, std::string_view target, std::string_view body,
                       const net::header_fields& headers);
    /// One that begins something at the backend: repeated likewise, but only once a request may have arrived there.
    /// Before, the app learns at once that it cannot be had. Throws net::network_error.
    net::response begin(std::string_view target, const net::header_fields& headers, std::string_view body);

    /// The target of a URL of this backend, absolute or only a path. Throws session_error for another host or port: the
    /// session's cookie must not go elsewhere.
    std::string target_of(const std::string& url) const;
    /// Scheme, host and port in lower case: whose secrets must not go elsewhere.
    std::string origin() const;
    /// Since the last begin(): may the backend be at work on what was begun?
    bool may_have_begun() const { return begun_; }
    net::traffic traffic() const { return client_.counted(); }

    /// What a request to this path would bring as its cookies.
    std::string cookie(std::string_view path) const { return cookies_.header(path); }
    /// From any thread: the exchange that runs, and each one that follows until renew(), fails ("manually cancelled").
    void interrupt();
    void renew();

    /// Told why an exchange is repeated. To be set before the first exchange.
    std::function<void(const std::string&)> log;

private:
    struct request {
        std::string_view method, target;
        net::header_fields headers;
        std::string_view body;
    };
    using outcome = std::variant<net::response, net::network_error>;

    net::response exchange(const request& r);
    outcome attempt(const request& r);
    /// The last of all attempts.
    outcome repeat(const request& r);
    void rest(std::chrono::milliseconds pause); ///< interrupt() ends it
    net::response usable(outcome last) const;   ///< throws session_error

    net::client_options options_;
    retry_policy retry_;
    net::tls_client client_;
    cookie_jar cookies_;
    bool begun_ = false;
    std::mutex mutex_; ///< of what follows
    std::condition_variable woken_;
    bool interrupted_ = false;
};

/// What a session tells the app's side of the SDK, on the thread that carries it.
class session_observer {
public:
    virtual ~session_observer() = default;
    virtual void begins(const wire::seram_order& order) = 0;
    /// A notification command. An exception means that it could not be delivered: the report is UNKNOWN_FAILURE.
    virtual void notified(const std::string& text) = 0;
    virtual void answered(bytes_view c_apdu, bytes_view r_apdu) = 0;
};

class local_agent {
public:
    local_agent(backend_link& backend, std::string endpoint_target, std::string session_id,
                std::span<const std::shared_ptr<secure_component>> components, session_observer& observer,
                std::function<void(const std::string&)> log = nullptr);
    /// Closes the component in use.
    ~local_agent();
    local_agent(const local_agent&) = delete;
    local_agent& operator=(const local_agent&) = delete;

    /// The command exchange up to the Stop command, from the first order, which the answer to the call has brought
    /// (DIV-106); without it the handshake comes before. Throws session_error.
    void run(std::optional<wire::seram_order> first = std::nullopt);
    std::uint64_t apdus() const { return apdus_; }

private:
    json::value post(std::string_view step, const json::value& message);
    void shake_hands();
    wire::seram_order report_back(const wire::seram_report& report);
    void choose(const wire::seram_secure_element& wanted);
    bool execute(const wire::seram_order& order, wire::seram_report& report); ///< true at Stop
    void execute(const wire::seram_apdus& command, wire::seram_report& report);

    backend_link& backend_;
    std::string endpoint_;
    std::string session_id_;
    std::span<const std::shared_ptr<secure_component>> components_;
    session_observer& observer_;
    std::function<void(const std::string&)> log_;      ///< which reader could not be used, and why; may be empty
    std::optional<wire::seram_secure_element> wanted_; ///< chosenSecureElement of the last order that had one
    std::shared_ptr<secure_component> chosen_;         ///< open now
    std::uint64_t apdus_ = 0;
};

} // namespace tsms::sdk
