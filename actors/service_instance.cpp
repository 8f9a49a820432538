// One Service Instance in use: conducts its calls one after the other (process/calls/life_cycle_call), so that there is
// one writer of the instance's row.

#include "actors/framework/call_interpreter.hpp"
#include "actors/framework/waiting_calls.hpp"
#include "process/calls/admission.hpp"
#include "process/calls/life_cycle_call.hpp"

#include <algorithm>
#include <caf/all.hpp>

namespace tsms::actors {

namespace {

class service_instance final : public conductor_actor::base {
public:
    service_instance(caf::actor_config& config, std::string id, gate_actor gate,
                     std::shared_ptr<const environment> around)
        : conductor_actor::base(config), id_(std::move(id)), around_(std::move(around)),
          call_(
              *this, around_, [this] { take_up_next(); }, std::move(gate)) {
        set_down_handler([this](const caf::down_msg& down) { drop_gone(down.source); });
    }

    const char* name() const override { return "service_instance"; }

    behavior_type make_behavior() override {
        return {
            [this](const begin_call& b) -> caf::result<call_begun> { return begin(b); },
            [this](const tick& t) {
                call_.tick(t.now);
                refuse_late(t.now);
            },
            [this](const ask_idle&) { return !call_.busy(); },
        };
    }

    void on_exit() override {
        for (auto& w : waiting_.take_all())
            refuse_waiting(w, calls::tsm_stops);
        call_.stop();
    }

private:
    // -- before the process (AMB-131): a refusal leaves no trace --

    caf::result<call_begun> begin(const begin_call& b) {
        waiting_call w{b, make_response_promise<call_begun>(), around_->now() + around_->card_wait};
        auto promise = w.promise;
        for (const auto& session : b.former)
            if (auto left = waiting_.take(session))
                refuse_waiting(*left, calls::caller_gone);
        if (b.left) {
            promise.deliver(call_begun{});
            left_ = std::move(w);
            if (!call_.busy())
                take_up_next();
        } else if (inherits(b) && waiting_.push_first(w))
            monitor(b.session);
        else if (call_.busy() || left_)
            admit_second(std::move(w));
        else
            take_up(std::move(w));
        return promise;
    }

    /// What runs here ends for this call (DIV-113). Its app knows of the instance.
    bool inherits(const begin_call& b) const {
        const auto ends = [&](const std::string& session) {
            return std::ranges::find(b.former, session) != b.former.end();
        };
        return (call_.busy() && ends(call_.session_id())) || (left_ && ends(left_->call.session_id));
    }

    void take_up(waiting_call w) {
        monitor(w.call.session);
        const calls::life_cycle_terms terms{w.deadline, around_->remove_tsm_domain_when_last, w.call.parked_for};
        auto conducting = w.call.left ? calls::enter_again(*w.call.left, terms)
                                      : calls::conduct_life_cycle(request_of(w.call), terms);
        call_.start(std::move(w.call), std::move(w.promise), std::move(conducting));
    }

    /// That a process runs is only told to who may know of the instance, be it by keeping him waiting.
    void admit_second(waiting_call w) {
        request(around_->store, actor_deadline, load_instance{id_})
            .then(
                [this, w](const instance_loaded& l) mutable {
                    if (const auto foreign = calls::refuse_foreign(id_, l, w.call.request.provider))
                        return refuse_waiting(w, *foreign);
                    if (!call_.busy() && !left_)
                        return take_up(std::move(w));
                    if (waiting_.full())
                        return refuse_busy(std::move(w));
                    monitor(w.call.session);
                    waiting_.push(std::move(w));
                },
                [this, w](caf::error& e) mutable {
                    around_->log({severity::error, text_of(e), {.instance = id_}});
                    refuse_waiting(w, {model::error_category::tsm_not_available, internal_problem});
                });
    }

    void refuse_waiting(waiting_call& w, const model::refusal& why) {
        const auto now = iso8601(around_->time->wall());
        const auto told = model::failed_execution(w.call.request.dialect, why.category, why.details);
        around_->log({severity::info, "refused, " + told.message, {.session = w.call.session_id, .instance = id_}});
        w.promise.deliver(call_begun{model::refusal_of(w.call.request.what, told, now)});
    }

    /// Told when to come again: until then the phone of the process that runs has been heard of, or counts as lost.
    void refuse_busy(waiting_call w) {
        if (!call_.session()) // its phone has the result, and its end is being stored
            return refuse_waiting(w, calls::another_process_runs_for(std::chrono::seconds(1)));
        request(call_.session(), actor_deadline, ask_patience{})
            .then(
                [this, w](const phone_patience& p) mutable {
                    refuse_waiting(w, calls::another_process_runs_for(p.longest));
                },
                [this, w](caf::error&) mutable { refuse_waiting(w, model::another_process_runs); });
    }

    void refuse_late(steady_time now) {
        for (auto& w : waiting_.take_late(now))
            refuse_busy(std::move(w));
    }

    /// The gate ends the session of a call whose caller has gone or that it has given up.
    void drop_gone(const caf::actor_addr& session) {
        if (auto gone = waiting_.take(session))
            refuse_waiting(*gone, calls::caller_gone);
        else
            call_.caller_gone(session);
    }

    void take_up_next() {
        refuse_late(around_->now());
        if (auto left = std::exchange(left_, std::nullopt)) { // what is there begins before what comes
            left->deadline = around_->now() + around_->card_wait;
            return take_up(*std::move(left));
        }
        if (auto next = waiting_.next())
            take_up(*std::move(next));
    }

    std::string id_;
    std::shared_ptr<const environment> around_;
    call_interpreter<service_instance> call_;
    waiting_calls waiting_;
    std::optional<waiting_call> left_; ///< a process of a former life of the server, to be entered again
};

} // namespace

conductor_actor spawn_service_instance(caf::actor_system& system, std::string id, gate_actor gate,
                                       std::shared_ptr<const environment> around) {
    return system.spawn<service_instance>(std::move(id), std::move(gate), std::move(around));
}

} // namespace tsms::actors
