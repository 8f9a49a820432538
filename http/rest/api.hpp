#pragma once
// The TSM-Backend REST API (TR 4.1): a request in, a response out; no socket. Both dialects (AMB-019) are one code.

#include "base/log_event.hpp"
#include "base/time.hpp"
#include "crypto/random.hpp"
#include "http/net/rate_limit.hpp"
#include "http/net/server.hpp"
#include "http/rest/upload.hpp"
#include "model/operations.hpp"
#include "model/rest_error.hpp"
#include "store/access.hpp"
#include "store/catalog.hpp"

#include <mutex>

namespace tsms::rest {

struct call;

struct api_options {
    upload_limits uploads;
    std::size_t json_limit = 1 << 20;     ///< octets of a JSON body
    std::size_t memory = 64u << 20;       ///< octets of JSON bodies and large answers, all requests together
    std::size_t upload_room = 256u << 20; ///< octets of unfinished uploads on disk, all together
    std::filesystem::path upload_folder = std::filesystem::temp_directory_path(); ///< where they are, without a name
    std::chrono::seconds access_lifetime{15 * 60};                                ///< AMB-007
    double auth_burst = 60;                                                       ///< AMB-209
    double auth_per_second = 10;
    const time_source* time = &system_time();
    /// What went wrong inside when a request is answered with 2000 is an error, never with contents of requests. What
    /// an operator should know of a request that was carried out, and why a file was refused, is a warning.
    log_sink log = [](const log_event&) {};
};

/// The answer to what the listener refuses before any handler (net::server_options::on_refusal): 1002, with HTTP's own
/// status (DIV-071).
net::response refused_below_http(int status, std::string_view reason);
/// The answer where a handler's own could not be written (net::server_options::on_exception).
net::response broken_below_http();

/// Thread-safe.
class api {
public:
    api(store::catalog& catalog, store::access& access, api_options options = {},
        crypto::random_source& random = crypto::system_random());

    /// Never throws for what a request holds.
    net::response handle(const net::request& request);

    /// To be called about once a second: what was refused since then becomes visible to the operator (DIV-067).
    void write_refusals();

    /// For net::server_options::plan_body: the body of a caller who is not known, or for an operation that takes none,
    /// is not read at all.
    net::body_plan plan_body(const net::request& head);

private:
    net::body_plan plan_known_body(const net::request& head, model::dialect d,
                                   const std::vector<std::string>& segments);
    std::size_t body_limit(const model::rest_operation& operation) const;
    std::optional<store::bearer> caller_of(const net::request& request) const;
    net::response dispatch(const net::request& request, model::dialect d, const std::vector<std::string>& segments);
    net::response authenticate(const net::request& request, model::dialect d);
    net::response execute(const net::request& request, model::dialect d, const model::route& route,
                          const std::string& provider);
    net::response execute_upload(call& c);
    net::response execute_json(call& c);
    void note_refusal(const call& c, const model::rest_error& e);
    net::response hold(net::response answer) const;

    store::catalog& catalog_;
    store::access& access_;
    api_options options_;
    crypto::random_source& random_;
    net::rate_limiter limiter_;
    std::shared_ptr<budget> memory_;
    std::shared_ptr<budget> upload_room_;
    std::mutex
        large_; ///< large bodies are parsed and carried out one after the other: each costs a multiple of its size
};

} // namespace tsms::rest
