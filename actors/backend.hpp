#pragma once
// The device role behind its HTTP edge: starts the actors, asks them with deadlines from any thread, and stops them in
// order. No CAF here.

#include "actors/framework/dialogue.hpp"
#include "actors/framework/peer_bounds.hpp"
#include "actors/framework/stranger_budget.hpp"
#include "actors/messages.hpp"
#include "actors/ports.hpp"
#include "base/log_event.hpp"
#include "base/time.hpp"
#include "store/deployments.hpp"
#include "store/leases.hpp"

#include <functional>
#include <memory>

namespace tsms::crypto {
class key_vault;
}
namespace tsms::store {
class device_store;
struct app_record;
} // namespace tsms::store

namespace tsms::actors {

struct session_settings {
    dialogue_settings dialogue;
    std::chrono::seconds result_kept{900}; ///< a finished session answers for its result so long
    std::size_t most_of_address = 500;     ///< unfinished sessions of one address; many handsets may share one
    std::size_t most_of_app = 5000;        ///< likewise of one app on all handsets
    std::size_t most = 20000;              ///< of all; beyond, the oldest finished ones are let go first
};

struct backend_parts {
    std::shared_ptr<store::device_store> db; ///< from now on used by the backend's thread only
    std::shared_ptr<const store::deployments> catalog;
    std::shared_ptr<crypto::key_vault> vault;
    issuer_ports issuers;
    std::function<std::shared_ptr<spos_port>()> spos;
    log_sink log; ///< called from several threads
    const time_source* time = &system_time();
};

inline constexpr peer_bounds default_spos_bounds{2, 32};
inline constexpr peer_bounds default_issuer_bounds{8, 64, 1000};

struct backend_options {
    store::server_terms server{"device"}; ///< who leases cards (DIV-101)
    session_settings sessions;
    peer_bounds spos = default_spos_bounds;      ///< deliveries on their way
    peer_bounds issuers = default_issuer_bounds; ///< exchanges with issuers
    std::chrono::seconds issuer_patience{60};    ///< a phone waits so long for an issuer that is busy
    std::chrono::seconds issuer_exchange{120};   ///< longer than an exchange of its port takes, whatever happens
    bool remove_tsm_domain_when_last = true;
    std::chrono::hours card_log_kept{42 * 24}; ///< AMB-190
    std::chrono::hours claims_kept{90 * 24};   ///< DIV-032
    std::chrono::hours unproven_kept{72};      ///< DIV-062
    stranger_limits strangers;                 ///< DIV-061
};

class device_backend {
public:
    /// Starts the actors and resolves processes that the last run left (AMB-101). Throws store::error.
    device_backend(backend_parts parts, backend_options options);
    /// Stops with the default deadline.
    ~device_backend();
    device_backend(const device_backend&) = delete;
    device_backend& operator=(const device_backend&) = delete;

    // Each blocks its caller; an answer that does not come in time is the function's error 1, a void order, or nothing.
    call_answer open(const call& request);
    /// An app that is registered, or was and is revoked. Throws store::error where the store does not answer in time.
    std::optional<store::app_record> app_of(const std::string& caller_id);
    bool handshake(const session_key& session);
    /// The first order of a session, for a call that came at `since` and is the first report too (DIV-106).
    order_answer report_first(const session_key& session, steady_time since);
    order_answer report_back(const session_key& session, std::uint64_t order, const report& content);
    /// A report to this order begins to arrive. False where no session awaits it: its octets need not be read.
    bool report_begins(const session_key& session, std::uint64_t order, std::uint64_t octets);
    result_answer fetch_result(const session_key& session);
    std::optional<load> current_load();

    /// First step of an ordered stop: no more calls, long polls are answered, sessions and processes end.
    void close();
    /// Call when no thread asks any more. Outbound connections are cut, the stores are flushed. Empty if all actors
    /// have ended, else the names of what still runs.
    std::string stop(std::chrono::milliseconds deadline = std::chrono::milliseconds(4000));

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace tsms::actors
