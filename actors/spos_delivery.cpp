// One result on its way to its SPOS-Service (AMB-180), from its row in the outbox to its end. The row is the truth: it
// counts attempts and the time waited, and an operator may change it at any moment (tsms outbox). When an attempt is
// due is a matter of the steady clock and of this run (DIV-051).

#include "actors/framework/attempt.hpp"
#include "actors/framework/delivery_course.hpp"
#include "actors/spawn.hpp"
#include "base/overloaded.hpp"

#include <caf/all.hpp>

namespace tsms::actors {

namespace {

delivery_outcome deliver(const attempt_delivery& a) {
    try {
        return a.port->deliver(a.row.spos, a.row.body);
    } catch (const std::exception& e) {
        return {delivery_outcome::kind::unreachable, 0, e.what()};
    }
}

class spos_worker final : public spos_worker_actor::base {
public:
    using spos_worker_actor::base::base;

    const char* name() const override { return "spos_worker"; }

    behavior_type make_behavior() override {
        return {[this](const attempt_delivery& a) {
            send(a.delivery, attempt_made{deliver(a)});
            quit();
        }};
    }
};

class spos_delivery final : public delivery_actor::base {
public:
    spos_delivery(caf::actor_config& config, const model::outbox_entry& row, outbox_actor outbox,
                  std::shared_ptr<const outbox_parts> parts)
        : delivery_actor::base(config), id_(row.id), process_(row.process), provider_(row.provider), course_(row),
          outbox_(std::move(outbox)), parts_(std::move(parts)) {
        set_exception_handler([](std::exception_ptr& fault) -> caf::error {
            try {
                std::rethrow_exception(fault);
            } catch (const std::exception& e) {
                return error_of(e.what());
            }
        });
    }

    const char* name() const override { return "spos_delivery"; }

    behavior_type make_behavior() override {
        return {
            [this](const take_turn&) { read_row(); },
            [this](const attempt_made& a) { store_outcome(a.outcome); },
            [this](const row_dropped&) { quit(); },
        };
    }

    /// The outbound socket is cut so that the worker's thread ends; the result stays in the outbox.
    void on_exit() override {
        if (port_)
            port_->cancel();
        outbox_ = nullptr;
        parts_.reset();
    }

private:
    void read_row() {
        request(parts_->store, actor_deadline, load_delivery{id_})
            .then([this](const delivery_loaded& l) { attempt_with(l.row); },
                  [this](const caf::error& e) {
                      send(outbox_, turn_used{id_, std::nullopt});
                      tell(severity::error,
                           "the outbox could not be read; the result is delivered later: " + text_of(e));
                      await_turn(course_.wait(std::chrono::seconds(0)));
                  });
    }

    void attempt_with(const std::optional<model::outbox_entry>& row) {
        if (course_.begin(row)) {
            port_ = parts_->ports();
            return send(parts_->spawn_worker(system()), attempt_delivery{*row, port_, delivery_actor(this)});
        }
        send(outbox_, turn_used{id_, std::nullopt});
        end(delivery_end::dropped);
    }

    void store_outcome(const delivery_outcome& outcome) {
        port_.reset();
        send(outbox_, turn_used{id_, outcome});
        const settle_delivery s{id_, outcome.delivered(), course_.pause(), outcome.detail};
        request(parts_->store, actor_deadline, s)
            .then([this, outcome](const delivery_settled& settled) { go_on(outcome, settled); },
                  [this, outcome](const caf::error& e) {
                      tell(severity::error,
                           "the outbox could not be written; the result is delivered again later: " + text_of(e));
                      await_turn(course_.wait(pause_asked_for(outcome)));
                  });
    }

    void go_on(const delivery_outcome& outcome, const delivery_settled& settled) {
        const auto not_taken = "SPOS did not take the result (" + outcome.detail + ")";
        std::visit(overloaded{
                       [&](std::chrono::seconds pause) {
                           tell(severity::warning, not_taken + ", attempt " + std::to_string(course_.attempts()) +
                                                       ", next one in " + std::to_string(pause.count()) + " s");
                           await_turn(pause);
                       },
                       [&](delivery_end how) {
                           if (how == delivery_end::delivered)
                               tell(severity::info, "result delivered to SPOS");
                           else if (how == delivery_end::given_up)
                               tell(severity::error, not_taken + ", given up; it is kept (tsms outbox list)");
                           else
                               tell(severity::info, "SPOS did not take the result, which the operator has dropped");
                           end(how);
                       },
                   },
                   course_.after(outcome, settled.waits, settled.given_up));
    }

    void await_turn(std::chrono::seconds pause) {
        send(outbox_, turn_awaited{id_, course_.attempts(), parts_->time->steady() + pause});
    }

    void end(delivery_end how) {
        send(outbox_, delivery_ended{id_, how == delivery_end::given_up});
        quit();
    }

    void tell(severity how, const std::string& what) {
        parts_->log({how,
                     process_.empty() ? "eligibility check: " + what : what,
                     {.process = process_, .provider = provider_}});
    }

    std::int64_t id_;
    std::string process_; ///< empty: an eligibility check
    std::string provider_;
    delivery_course course_;
    std::shared_ptr<spos_port> port_; ///< of the attempt that is under way
    outbox_actor outbox_;
    std::shared_ptr<const outbox_parts> parts_;
};

} // namespace

spos_worker_actor spawn_spos_worker(caf::actor_system& system) {
    return system.spawn<spos_worker, caf::detached>();
}

delivery_actor spawn_spos_delivery(caf::actor_system& system, const model::outbox_entry& row, outbox_actor outbox,
                                   std::shared_ptr<const outbox_parts> parts) {
    return system.spawn<spos_delivery, caf::lazy_init>(row, std::move(outbox), std::move(parts));
}

} // namespace tsms::actors
