#include "actors/framework/attempt.hpp"
#include "actors/framework/backoff.hpp"
#include "actors/spawn.hpp"

#include <algorithm>
#include <caf/all.hpp>

namespace tsms::actors {

namespace {

constexpr std::size_t most_in_flight = 8; ///< each is a thread; a SPOS that hangs must not take them all

struct attempt_delivery {
    store::outbox_entry delivery;
};
using delivery_actor = caf::typed_actor<caf::reacts_to<attempt_delivery>>;

} // namespace

} // namespace tsms::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tsms::actors::attempt_delivery)

namespace tsms::actors {

namespace {

/// One attempt on a thread of its own.
class spos_delivery final : public delivery_actor::base {
public:
    spos_delivery(caf::actor_config& config, std::shared_ptr<spos_port> port, outbox_actor outbox)
        : delivery_actor::base(config), port_(std::move(port)), outbox_(std::move(outbox)) {}

    const char* name() const override { return "spos_delivery"; }

    behavior_type make_behavior() override {
        return {[this](const attempt_delivery& a) {
            send(outbox_, attempt_made{a.delivery, port_->deliver(a.delivery.spos, a.delivery.body)});
            quit();
        }};
    }

    void on_exit() override { outbox_ = nullptr; }

private:
    std::shared_ptr<spos_port> port_;
    outbox_actor outbox_;
};

class spos_outbox final : public outbox_actor::base {
public:
    spos_outbox(caf::actor_config& config, store_actor store, std::function<std::shared_ptr<spos_port>()> ports,
                log_sink log)
        : outbox_actor::base(config), store_(std::move(store)), ports_(std::move(ports)), log_(std::move(log)) {}

    const char* name() const override { return "spos_outbox"; }

    behavior_type make_behavior() override {
        request(store_, actor_deadline, load_outbox{})
            .then(
                [this](outbox_loaded& o) { waiting_.insert(waiting_.end(), o.deliveries.begin(), o.deliveries.end()); },
                [this](const caf::error& e) { log_(severity::error, "cannot read the outbox: " + text_of(e)); });
        return {
            [this](const deliver_result& d) {
                waiting_.push_back(d.delivery);
                start_due();
            },
            [this](const attempt_made& a) {
                in_flight_.erase(std::find_if(in_flight_.begin(), in_flight_.end(),
                                              [&](const auto& f) { return f.first == a.delivery.id; }));
                settle(a);
                start_due();
            },
            [this](const tick&) { start_due(); },
            [this](const count_waiting&) { return std::uint64_t{waiting_.size() + in_flight_.size()}; },
        };
    }

    /// Outbound sockets are cut so that the deliveries' threads end; the results stay in the outbox.
    void on_exit() override {
        for (auto& [id, port] : in_flight_)
            port->cancel();
    }

private:
    void start_due() {
        const auto now = store::clock::now();
        while (in_flight_.size() < most_in_flight) {
            const auto due =
                std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& d) { return d.next_attempt <= now; });
            if (due == waiting_.end())
                return;
            auto port = ports_();
            in_flight_.emplace_back(due->id, port);
            auto delivery = spawn<spos_delivery, caf::detached>(std::move(port), outbox_actor(this));
            send(delivery, attempt_delivery{*due});
            waiting_.erase(due);
        }
    }

    void settle(const attempt_made& a) {
        settle_delivery s;
        s.id = a.delivery.id;
        s.delivered = a.outcome.delivered();
        s.error = a.outcome.detail;
        if (!s.delivered) {
            const auto now = store::clock::now();
            auto again = a.delivery;
            ++again.attempts;
            const auto pause = delivery_pause(again.attempts, now - again.created);
            s.given_up = !pause;
            if (pause) {
                again.next_attempt = s.next_attempt = now + *pause;
                waiting_.push_back(std::move(again));
            }
            log_(severity::warning,
                 "process " + a.delivery.process + ": SPOS did not take the result (" + a.outcome.detail + "), " +
                     (pause ? "next attempt in " + std::to_string(pause->count()) + " s" : "given up"));
        } else {
            log_(severity::info, "process " + a.delivery.process + ": result delivered to SPOS");
        }
        request(store_, actor_deadline, s)
            .then([](const stored&) {},
                  [this](const caf::error& e) {
                      log_(severity::error, "the outbox could not be written: " + text_of(e));
                  });
    }

    store_actor store_;
    std::function<std::shared_ptr<spos_port>()> ports_;
    log_sink log_;
    std::vector<store::outbox_entry> waiting_;
    std::vector<std::pair<std::int64_t, std::shared_ptr<spos_port>>> in_flight_;
};

} // namespace

outbox_actor spawn_spos_outbox(caf::actor_system& system, store_actor store,
                               std::function<std::shared_ptr<spos_port>()> ports, log_sink log) {
    return system.spawn<spos_outbox>(std::move(store), std::move(ports), std::move(log));
}

} // namespace tsms::actors
