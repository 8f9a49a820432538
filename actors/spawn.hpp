#pragma once
// Makes the actors. What each is for stands in interfaces.hpp.

#include "actors/backend.hpp"
#include "actors/framework/attempt.hpp"
#include "actors/framework/parked_sessions.hpp"
#include "actors/framework/stranger_budget.hpp"
#include "actors/interfaces.hpp"

#include "base/log_event.hpp"
#include "base/time.hpp"
#include "crypto/random.hpp"
#include "crypto/vault.hpp"

#include <mutex>

namespace tsms::actors {

/// What conductors share. Handles stay valid for the life of the actor system.
struct environment {
    store_actor store;
    catalog_actor catalog;
    hsm_actor hsm;
    outbox_actor outbox;
    issuer_ports issuers;
    issuer_desk_actor desk;
    std::chrono::seconds lease_term{900};      ///< of a process's card
    std::chrono::seconds issuer_patience{60};  ///< a process waits so long in all for an issuer that is busy
    std::chrono::seconds issuer_exchange{120}; ///< and so long for one exchange that is under way
    std::shared_ptr<const spos_port> spos;     ///< to encode results
    log_sink log;
    crypto::random_source* random = nullptr;
    session_settings sessions;
    std::chrono::seconds card_wait{8}; ///< how long a process waits for a card that is in use (AMB-228)
    bool remove_tsm_domain_when_last = true;
    std::chrono::hours card_log_kept{42 * 24};
    std::chrono::hours claims_kept{90 * 24};
    std::chrono::hours unproven_kept{72};
    std::shared_ptr<stranger_budget> strangers = std::make_shared<stranger_budget>(stranger_limits{});
    /// Of creations that failed: handsets whose chips nobody serves must not keep those waiting that are served.
    std::shared_ptr<stranger_budget> failed_creations = std::make_shared<stranger_budget>(stranger_limits{});
    const time_source* time = &system_time();
    std::int64_t life = 0; ///< epoch of the server's start: order numbers carry it (DIV-108)

    steady_time now() const { return time->steady(); }
    /// Orders of this life have greater numbers, those of former lives smaller ones.
    std::uint64_t orders_before() const { return static_cast<std::uint64_t>(life) << 24; }
};

/// The session itself answers for a lost phone, within this time.
inline std::chrono::seconds session_answers_within(const session_settings& s, const gp::batch& work = {}) {
    return s.dialogue.longest(octets_on_the_way(work)) + std::chrono::seconds(60);
}

/// Waiting and exchanging.
inline std::chrono::seconds issuer_answers_within(const environment& around) {
    return around.issuer_patience + around.issuer_exchange;
}

/// Cuts an issuer's exchange from outside: its thread hears nothing while it waits for the network.
class issuer_line {
public:
    void attach(std::shared_ptr<issuer_port> port) {
        const std::lock_guard lock(mutex_);
        port_ = std::move(port);
        if (cut_)
            port_->cancel();
    }
    void cut() {
        const std::lock_guard lock(mutex_);
        cut_ = true;
        if (port_)
            port_->cancel();
    }

    bool is_cut() const {
        const std::lock_guard lock(mutex_);
        return cut_;
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<issuer_port> port_;
    bool cut_ = false;
};

hsm_actor spawn_hsm(caf::actor_system& system, std::shared_ptr<crypto::key_vault> vault);
catalog_actor spawn_catalog_store(caf::actor_system& system, std::shared_ptr<const store::deployments> catalog);
/// What ends processes by the same store.
struct process_endings {
    std::function<std::size_t()> what_was_left; ///< those with which nobody goes on: how many there were
    /// One of a former life for which nobody has come, or whose app has begun anew.
    std::function<std::optional<store::ended_process>(const end_parked_process&)> parked = {};
};
store_actor spawn_instance_store(caf::actor_system& system, std::shared_ptr<store::device_store> db,
                                 const time_source& time, log_sink log, process_endings endings);
/// An actor for one exchange, on a thread of its own; it quits when it has told the desk.
issuer_worker_actor spawn_issuer_worker(caf::actor_system& system);
struct issuer_desk_parts {
    log_sink log;
    peer_bounds bounds = default_issuer_bounds;
    const time_source* time = &system_time();
    std::function<issuer_worker_actor(caf::actor_system&)> spawn_worker = spawn_issuer_worker;
};
issuer_desk_actor spawn_issuer_desk(caf::actor_system& system, issuer_desk_parts parts);
issuer_actor spawn_issuer_session(caf::actor_system& system, std::string name, std::shared_ptr<issuer_line> line,
                                  std::shared_ptr<const environment> around);
/// An actor for one attempt, on a thread of its own; it quits when it has told the delivery.
spos_worker_actor spawn_spos_worker(caf::actor_system& system);
struct outbox_parts {
    store_actor store;
    std::function<std::shared_ptr<spos_port>()> ports;
    log_sink log;
    peer_bounds bounds = default_spos_bounds;
    const time_source* time = &system_time();
    std::function<spos_worker_actor(caf::actor_system&)> spawn_worker = spawn_spos_worker;
};
/// Waits for take_turn. It quits when its row has ended, and when the outbox says that the row is gone.
delivery_actor spawn_spos_delivery(caf::actor_system& system, const model::outbox_entry& row, outbox_actor outbox,
                                   std::shared_ptr<const outbox_parts> parts);
outbox_actor spawn_spos_outbox(caf::actor_system& system, outbox_parts parts);
/// Tells the gate when it has its result. `goes_on`: the session was one of a former life of the server, in which
/// the phone has acknowledged the start of this process; empty: of none.
session_actor spawn_device_session(caf::actor_system& system, session_opened opened, std::vector<announced_card> cards,
                                   gate_actor gate, std::shared_ptr<const environment> around,
                                   std::optional<std::string> goes_on = {});
card_actor spawn_secure_component(caf::actor_system& system, const time_source& time);
conductor_actor spawn_service_instance(caf::actor_system& system, std::string id, gate_actor gate,
                                       std::shared_ptr<const environment> around);
conductor_actor spawn_enquiry(caf::actor_system& system, std::shared_ptr<const environment> around);
gate_actor spawn_gate(caf::actor_system& system, std::shared_ptr<const environment> around, left_behind left = {});

} // namespace tsms::actors
