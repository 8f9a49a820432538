// Results on their way to SPOS-Services (AMB-180). The row in the store is the truth: it counts attempts and the time
// waited, and an operator may change it at any moment (tsms outbox). When an attempt is due is a matter of the steady
// clock and of this run: after a restart everything is due at once, as far as the bounds let it (DIV-051).

#include "actors/framework/attempt.hpp"
#include "actors/framework/backoff.hpp"
#include "actors/framework/peer_queues.hpp"
#include "actors/spawn.hpp"

#include <algorithm>
#include <caf/all.hpp>

namespace tsms::actors {

namespace {

/// One attempt on a thread of its own.
class spos_delivery final : public delivery_actor::base {
public:
    using delivery_actor::base::base;

    const char* name() const override { return "spos_delivery"; }

    behavior_type make_behavior() override {
        return {[this](const attempt_delivery& a) {
            send(a.outbox, attempt_made{a.delivery, a.port->deliver(a.delivery.spos, a.delivery.body)});
            quit();
        }};
    }
};

/// A delivery that waits for its next attempt.
struct waiting_delivery {
    store::outbox_entry entry;
    std::chrono::seconds pause{0}; ///< that counts as waited when the attempt has been made
};
using queues = peer_queues<waiting_delivery>;

class spos_outbox final : public outbox_actor::base {
public:
    spos_outbox(caf::actor_config& config, outbox_parts parts)
        : outbox_actor::base(config), parts_(std::move(parts)), queues_(parts_.bounds) {}

    const char* name() const override { return "spos_outbox"; }

    behavior_type make_behavior() override {
        load();
        return {
            [this](const deliver_result& d) {
                take_up(d.delivery);
                start_due();
            },
            [this](const attempt_made& a) { settle(a); },
            [this](const tick&) {
                load();
                queues_.forget_idle(parts_.now());
                start_due();
            },
            [this](const count_deliveries&) {
                return deliveries_counted{known_.size(), given_up_};
            },
        };
    }

    /// Outbound sockets are cut so that the deliveries' threads end; the results stay in the outbox.
    void on_exit() override {
        for (auto& [id, attempt] : in_flight_)
            attempt.port->cancel();
        parts_.store = nullptr;
    }

private:
    struct attempt_in_flight {
        queues::started work;
        std::shared_ptr<spos_port> port;
    };

    /// Two services may name one server with different certificates: what becomes of the one says nothing of the other.
    static std::string peer_of(const store::outbox_entry& d) { return d.spos.url + '\n' + d.spos.certificate_pem; }

    // -- what there is to do --

    void load() {
        if (std::exchange(loading_, true))
            return;
        const auto up_to = newest_;
        request(parts_.store, actor_deadline, load_outbox{loaded_})
            .then(
                [this, up_to](const outbox_loaded& o) {
                    loading_ = false;
                    if (!o.changed)
                        return;
                    loaded_ = true;
                    given_up_ = o.given_up;
                    follow(o.deliveries, up_to);
                    start_due();
                },
                [this](const caf::error& e) {
                    loading_ = false;
                    parts_.log({severity::error, "cannot read the outbox, next attempt in a second: " + text_of(e)});
                });
    }

    /// What an operator has changed: dropped deliveries go, those that he wants to be tried again are due now. One that
    /// is newer than the question may be missing in the answer.
    void follow(const std::vector<store::outbox_entry>& rows, std::int64_t up_to) {
        std::map<std::int64_t, const store::outbox_entry*> by_id;
        for (const auto& row : rows)
            by_id.emplace(row.id, &row);
        const auto taken = queues_.take([&](const std::string&, lane, const waiting_delivery& w) {
            const auto row = by_id.find(w.entry.id);
            return row == by_id.end() ? w.entry.id <= up_to : row->second->attempts < w.entry.attempts;
        });
        for (const auto& w : taken)
            known_.erase(w.entry.id);
        for (const auto& row : rows)
            take_up(row);
    }

    void take_up(const store::outbox_entry& d) {
        newest_ = std::max(newest_, d.id);
        if (known_.insert(d.id).second)
            queues_.put(peer_of(d), lane::fresh, parts_.now(), {d, std::chrono::seconds(0)});
    }

    // -- attempts --

    void start_due() {
        while (auto work = queues_.next(parts_.now())) {
            auto port = parts_.ports();
            const auto entry = work->job.entry;
            in_flight_.emplace(entry.id, attempt_in_flight{*std::move(work), port});
            send(parts_.spawn_delivery(system()), attempt_delivery{entry, std::move(port), outbox_actor(this)});
        }
    }

    void settle(const attempt_made& a) {
        const auto& work = in_flight_.at(a.delivery.id).work;
        queues_.finished(work.peer, work.where);
        if (a.outcome.delivered())
            queues_.trust(work.peer, parts_.now());
        else
            queues_.distrust(work.peer, parts_.now() + pause_asked_for(a.outcome));
        start_due();
        const settle_delivery s{a.delivery.id, a.outcome.delivered(), work.job.pause, a.outcome.detail};
        request(parts_.store, actor_deadline, s)
            .then([this, a](const delivery_settled& settled) { settled_as(a, settled); },
                  [this, a](const caf::error& e) { not_stored(a, text_of(e)); });
    }

    void settled_as(const attempt_made& a, const delivery_settled& settled) {
        in_flight_.erase(a.delivery.id);
        if (settled.waits) {
            const auto pause = wait(*settled.waits, a.outcome);
            return tell(severity::warning, a.delivery,
                        "SPOS did not take the result (" + a.outcome.detail + "), attempt " +
                            std::to_string(settled.waits->attempts) + ", next one in " + std::to_string(pause.count()) +
                            " s");
        }
        known_.erase(a.delivery.id);
        given_up_ += settled.given_up;
        if (a.outcome.delivered())
            tell(severity::info, a.delivery, "result delivered to SPOS");
        else if (settled.given_up)
            tell(severity::error, a.delivery,
                 "SPOS did not take the result (" + a.outcome.detail + "), given up; it is kept (tsms outbox list)");
        else
            tell(severity::info, a.delivery, "SPOS did not take the result, which the operator has dropped");
        start_due();
    }

    /// The attempt is not counted. One that was a success is repeated: deliveries may arrive twice (AMB-180).
    void not_stored(const attempt_made& a, const std::string& why) {
        in_flight_.erase(a.delivery.id);
        tell(severity::error, a.delivery,
             "the outbox could not be written; the result is delivered again later: " + why);
        wait(a.delivery, a.outcome);
    }

    /// How long.
    std::chrono::seconds wait(const store::outbox_entry& entry, const delivery_outcome& outcome) {
        const auto backoff = delivery_pause(entry.attempts, entry.waited).value_or(longest_delivery_pause);
        const auto pause = std::max(backoff, pause_asked_for(outcome));
        queues_.put(peer_of(entry), lane::fresh, parts_.now() + pause, {entry, pause});
        return pause;
    }

    static std::chrono::seconds pause_asked_for(const delivery_outcome& outcome) {
        return std::clamp(outcome.retry_after.value_or(std::chrono::seconds(0)), std::chrono::seconds(0),
                          longest_delivery_pause);
    }

    void tell(severity how, const store::outbox_entry& entry, const std::string& what) {
        parts_.log({how, (entry.process.empty() ? "eligibility check" : "process " + entry.process) + ": " + what});
    }

    outbox_parts parts_;
    queues queues_;
    std::map<std::int64_t, attempt_in_flight> in_flight_; ///< until the store has settled it
    std::set<std::int64_t> known_;                        ///< waiting or in flight
    std::int64_t newest_ = 0;
    std::size_t given_up_ = 0;
    bool loaded_ = false;
    bool loading_ = false;
};

} // namespace

delivery_actor spawn_spos_delivery(caf::actor_system& system) {
    return system.spawn<spos_delivery, caf::detached>();
}

outbox_actor spawn_spos_outbox(caf::actor_system& system, outbox_parts parts) {
    return system.spawn<spos_outbox>(std::move(parts));
}

} // namespace tsms::actors
