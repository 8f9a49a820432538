#pragma once
// The device port: TSM-API functions and GP SERAM (DESIGN 3 "Device"; docs/tsm-api-wire.md). Requests into messages,
// answers into responses.

#include "actors/backend.hpp"
#include "base/time.hpp"
#include "http/device/provider_token.hpp"
#include "http/net/budget.hpp"
#include "http/net/calls_at_once.hpp"
#include "http/net/rate_limit.hpp"
#include "http/net/server.hpp"

#include <functional>

namespace tsms::http {

/// An app with a credential of its own (AMB-236).
struct registered_app {
    std::string provider;  ///< id of the service provider
    bytes credential_hash; ///< SHA-256; empty: revoked
};

struct device_api_options {
    /// Who has this callerId (upper-case hex)? Called from several threads.
    std::function<std::optional<registered_app>(const std::string& caller_id)> app;
    /// Verify the access tokens of service providers; empty: there are none.
    token_keys_of token_keys;
    bool accept_unknown_apps = false; ///< development only
    net::call_limits calls;           ///< of the TSM-API; more are answered 503, more of one address 429
    /// Calls that were turned away for these limits, for the operator's log; called from several threads.
    std::function<void(const net::refusal_report&)> on_turned_away;
    /// Calls of the TSM-API a second, in the long run; ten times as many at once. More are answered 429.
    int calls_per_address = 20;         ///< many handsets may share one
    int calls_per_app = 200;            ///< of all handsets with this app: one provider must not starve the others
    std::size_t most_of_body = 1 << 20; ///< octets
    /// Octets of bodies that arrive, of all connections together, without the first 16 KiB of each. Half of it is for
    /// whoever has shown yet by nothing who he is.
    std::size_t memory = 64 << 20;
    std::size_t memory_of_address = 16 << 20; ///< of it
    const time_source* time = &system_time();
};

/// For net::server_options::on_refusal: the error of this API.
net::response refused_below_http(int status, std::string_view reason);

/// Safe to call from several threads.
class device_api {
public:
    device_api(actors::device_backend& backend, device_api_options options)
        : backend_(backend), options_(std::move(options)),
          by_address_(10.0 * options_.calls_per_address, options_.calls_per_address),
          by_app_(10.0 * options_.calls_per_app, options_.calls_per_app),
          calls_(options_.calls, options_.on_turned_away), memory_(std::make_shared<net::budget>(options_.memory)),
          memory_of_strangers_(std::make_shared<net::budget>(options_.memory / 2)),
          memory_of_address_(options_.memory_of_address), memory_of_session_(2 * options_.most_of_body) {}

    /// For net::server_options::plan_body: no body where none belongs, a large one only where a session awaits it, and
    /// all of them together within the memory.
    net::body_plan plan_body(const net::request& head) const;
    net::response handle(const net::request& request);
    net::call_counts counted_calls() const { return calls_.counted(options_.time->steady()); }

private:
    bool is_awaited(const net::request& head) const;
    /// `path`: behind the dialect's base path.
    net::response tsm_api(model::dialect dialect, std::string_view path, const net::request& request);
    net::response call(model::dialect dialect, std::string_view function, const net::request& request);
    struct opened {
        actors::session_opened session;
        bool first_report = false; ///< the call is one
    };
    /// What stands in a place of calls at once: everything but the wait for the first order.
    std::variant<net::response, opened> admit(model::dialect dialect, std::string_view function,
                                              const net::request& request, steady_time now);
    net::response handshake(const net::request& request);
    net::response remote_management(const net::request& request);
    net::response cancel(std::string_view session_id, const net::request& request);
    net::response fetch_result(std::string_view session_id, const net::request& request);
    struct caller {
        std::optional<std::string> provider; ///< nothing: anonymous
    };
    /// Or why: the app does not prove who it is, though it has to.
    std::variant<caller, std::string> authenticate(const std::string& caller_id, const net::request& request) const;

    actors::device_backend& backend_;
    device_api_options options_;
    net::rate_limiter by_address_;
    net::rate_limiter by_app_;
    net::calls_at_once calls_;
    std::shared_ptr<net::budget> memory_;
    std::shared_ptr<net::budget> memory_of_strangers_;
    mutable net::peer_budgets memory_of_address_;
    mutable net::peer_budgets memory_of_session_; ///< a report, and once more on another connection
};

} // namespace tsms::http
