#pragma once
// The TSM-Backend REST API (TR 4.1): a request in, a response out; no socket. Both dialects (AMB-019) are one code.

#include "crypto/random.hpp"
#include "http/net/message.hpp"
#include "http/net/rate_limit.hpp"
#include "http/rest/upload.hpp"
#include "model/operations.hpp"
#include "store/access.hpp"
#include "store/catalog.hpp"

namespace tsms::rest {

struct api_options {
    upload_limits uploads;
    std::size_t json_limit = 1 << 20;              ///< octets of a JSON body
    std::chrono::seconds access_lifetime{15 * 60}; ///< AMB-007
    double auth_burst = 60;                        ///< AMB-209
    double auth_per_second = 10;
    std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
    std::function<std::chrono::steady_clock::time_point()> ticks = std::chrono::steady_clock::now;
    /// Told what went wrong inside when a request is answered with 2000. Never with contents of requests.
    std::function<void(std::string_view)> on_internal_error = [](std::string_view) {};
    /// Told what an operator should know of a request that was carried out.
    std::function<void(std::string_view)> on_warning = [](std::string_view) {};
};

/// Thread-safe.
class api {
public:
    api(store::catalog& catalog, store::access& access, api_options options = {},
        crypto::random_source& random = crypto::system_random());

    /// Never throws for what a request holds.
    net::response handle(const net::request& request);

    /// Largest body for this request, judged by its head (net::server_options::body_limit_for).
    std::size_t body_limit(const net::request& head) const;

private:
    net::response dispatch(const net::request& request, model::dialect d, const std::vector<std::string>& segments);
    net::response authenticate(const net::request& request, model::dialect d);
    net::response execute(const net::request& request, model::dialect d, const model::route& route,
                          const std::string& provider);

    store::catalog& catalog_;
    store::access& access_;
    api_options options_;
    crypto::random_source& random_;
    net::rate_limiter limiter_;
};

} // namespace tsms::rest
