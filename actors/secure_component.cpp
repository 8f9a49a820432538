#include "actors/spawn.hpp"

#include <caf/all.hpp>
#include <deque>

namespace tsms::actors {

namespace {

/// A lease belongs to a process of one conductor; a conductor that dies gives it back.
class secure_component final : public card_actor::base {
public:
    secure_component(caf::actor_config& config, const time_source& time) : card_actor::base(config), time_(time) {
        set_down_handler([this](const caf::down_msg& down) {
            if (holder_ && holder_->conductor == down.source)
                pass_on();
        });
    }

    const char* name() const override { return "secure_component"; }

    behavior_type make_behavior() override {
        return {
            [this](const lease_card& l) -> caf::result<card_leased> {
                const auto conductor =
                    caf::actor_cast<caf::actor_addr>(current_sender()); // the promise takes the sender
                auto promise = make_response_promise<card_leased>();
                waiting_.push_back({l, conductor, promise});
                if (!holder_)
                    pass_on();
                return promise;
            },
            [this](const return_card& r) {
                if (holder_ && holder_->process == r.process_id)
                    pass_on();
            },
            [this](const tick& t) { refuse_late(t.now); },
            [this](const ask_idle&) { return !holder_ && waiting_.empty(); },
        };
    }

    void on_exit() override { refuse_late(steady_time::max()); }

private:
    struct tenant {
        std::string process;
        caf::actor_addr conductor;
    };
    struct waiter {
        lease_card asked;
        caf::actor_addr conductor;
        caf::typed_response_promise<card_leased> promise;
    };

    /// To the first that still waits: a lease that nobody takes would keep everybody off the card.
    void pass_on() {
        holder_.reset();
        while (!holder_ && !waiting_.empty()) {
            auto next = std::move(waiting_.front());
            waiting_.pop_front();
            const auto conductor = caf::actor_cast<caf::strong_actor_ptr>(next.conductor);
            const bool granted = conductor && next.asked.deadline > time_.steady();
            if (granted) {
                holder_ = tenant{next.asked.process_id, next.conductor};
                monitor(caf::actor_cast<caf::actor>(conductor));
            }
            next.promise.deliver(card_leased{granted});
        }
    }

    void refuse_late(steady_time now) {
        std::deque<waiter> patient;
        for (auto& w : waiting_) {
            if (w.asked.deadline <= now)
                w.promise.deliver(card_leased{false});
            else
                patient.push_back(std::move(w));
        }
        waiting_ = std::move(patient);
    }

    const time_source& time_;
    std::optional<tenant> holder_;
    std::deque<waiter> waiting_;
};

} // namespace

card_actor spawn_secure_component(caf::actor_system& system, const time_source& time) {
    return system.spawn<secure_component>(std::cref(time));
}

} // namespace tsms::actors
