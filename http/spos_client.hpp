#pragma once
// Delivery of process results to SPOS-Services (TR 4.3, AMB-180, AMB-181).

#include "actors/ports.hpp"
#include "base/time.hpp"
#include "http/net/client.hpp"

#include <mutex>

namespace tsms::http {

/// The address of the SPOS-Service's one resource: exactly one slash in front of "process-results" (AMB-181).
std::string process_results_url(std::string_view spos_url);

class spos_client final : public actors::spos_port {
public:
    /// The TSM's client certificate, the same for every SPOS.
    explicit spos_client(std::optional<net::tls_identity> identity,
                         std::chrono::milliseconds timeout = std::chrono::seconds(15), net::pace transfer = {},
                         std::chrono::milliseconds connect = std::chrono::seconds(5),
                         const time_source& time = system_time());

    std::string encode(const model::process_result& result) const override;
    actors::delivery_outcome deliver(const model::spos_target& target, const std::string& body) override;
    void cancel() override;

private:
    bool enter(net::tls_client& client); ///< false: cancelled before it began
    void leave();

    std::optional<net::tls_identity> identity_;
    std::chrono::milliseconds timeout_; ///< until its answer begins
    net::pace transfer_;
    std::chrono::milliseconds connect_;
    const time_source& time_;
    std::mutex mutex_; ///< of the two below
    net::tls_client* running_ = nullptr;
    bool cancelled_ = false;
};

} // namespace tsms::http
