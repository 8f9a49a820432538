#include "actors/spawn.hpp"

#include "actors/framework/attempt.hpp"
#include "actors/framework/timely.hpp"
#include "crypto/secret.hpp"

#include <caf/all.hpp>

namespace tsms::actors {

namespace {

/// A report may come again while the first one waits, and who sent it twice may listen to either.
constexpr std::size_t most_connections = 2;

/// Carries messages between the phone, the dialogue and the owner. Held promises are answered when the session ends.
class device_session final : public session_actor::base {
public:
    device_session(caf::actor_config& config, session_opened opened, std::vector<announced_card> cards, gate_actor gate,
                   std::shared_ptr<const environment> around, std::optional<std::string> goes_on)
        : session_actor::base(config), opened_(std::move(opened)), gate_(std::move(gate)), around_(std::move(around)),
          dialogue_(std::move(cards), around_->sessions.dialogue, around_->orders_before()) {
        if (goes_on)
            dialogue_.goes_on(*std::move(goes_on));
    }

    const char* name() const override { return "device_session"; }

    behavior_type make_behavior() override {
        return {
            [this](const call_answered& c) {
                call_has_id_ = c.has_id;
                dialogue_.opened(now());
            },
            [this](const shake_hands& s) { return hand_shaken{may_enter(s.secret) && dialogue_.handshake(now())}; },
            [this](const report_first& r) -> caf::result<order_given> {
                if (!may_enter(r.secret))
                    return order_given{no_session{}};
                return give_order(dialogue_.first_report(r.since, now()));
            },
            [this](const report_back& r) -> caf::result<order_given> {
                if (!may_enter(r.secret))
                    return order_given{no_session{}};
                tell_of_former_life(r);
                return give_order(dialogue_.report_arrived(r.content, r.order, now()));
            },
            [this](const report_begins& r) {
                return report_awaited{may_enter(r.secret) && dialogue_.report_begins(r.order, r.octets, now())};
            },
            [this](const fetch_result& f) -> result_fetched {
                if (!may_enter(f.secret))
                    return {no_session{}};
                if (!outcome_)
                    return {not_ready{}};
                return {*outcome_};
            },
            [this](const cancel_session& c) -> caf::result<session_cancelled> {
                if (!may_enter(c.secret))
                    return session_cancelled{};
                return cancel();
            },
            [this](const give_way&) {
                if (!dialogue_.give_way())
                    return;
                pass_on(now());
                note_end([] {});
            },
            [this](const announce_process& a) -> caf::result<process_announced> {
                owner_announced_ = make_response_promise<process_announced>();
                dialogue_.announce(a.start, a.reads);
                pass_on(now());
                return owner_announced_;
            },
            [this](const perform_order& p) -> caf::result<order_performed> {
                owner_performed_ = make_response_promise<order_performed>();
                dialogue_.perform(p.reader, p.commands);
                pass_on(now());
                return owner_performed_;
            },
            [this](const finish_session& f) {
                outcome_ = f.outcome;
                finished_at_ = now();
                dialogue_.finish(f.outcome, f.completed);
                pass_on(now());
                send(gate_, session_finished{opened_.session_id});
            },
            [this](const ask_wish&) { return user_wish{dialogue_.unwanted()}; },
            [this](const ask_patience&) { return phone_patience{dialogue_.patience(now())}; },
            [this](const tick& t) {
                pass_on(t.now);
                // A call that comes again must find it, and not begin anew (DIV-107).
                const bool wanted = call_has_id_ || !dialogue_.never_came();
                if (finished_at_ && (!wanted || t.now - *finished_at_ >= around_->sessions.result_kept))
                    quit();
            },
        };
    }

    void on_exit() override {
        answer_phone({come_again_with(dialogue_.last_number())}); // and finds its session or that there is none
        if (owner_announced_.pending())
            owner_announced_.deliver(process_announced{false, "the session ended", true, {}});
        if (owner_performed_.pending())
            owner_performed_.deliver(order_performed{{{}, gp::transmission::phone_lost, "the session ended"}});
        gate_ = nullptr;
    }

private:
    steady_time now() const { return around_->now(); }
    bool may_enter(const std::string& secret) const {
        return crypto::equal(as_bytes(secret), as_bytes(opened_.secret));
    }

    /// It is told when no other life of the server can go on with the process.
    caf::result<session_cancelled> cancel() {
        if (!dialogue_.cancel())
            return session_cancelled{cancel_answer::too_late};
        pass_on(now());
        auto promise = make_response_promise<session_cancelled>();
        note_end([promise]() mutable { promise.deliver(session_cancelled{cancel_answer::cancelled}); });
        return promise;
    }

    /// No other life of the server goes on with its process.
    void note_end(std::function<void()> then) {
        request(around_->store, actor_deadline, timely(*around_, note_cancel{opened_.session_id}))
            .then([then](const stored&) { then(); },
                  [this, then](caf::error& e) {
                      around_->log({severity::error,
                                    "that it is not wanted is not stored, so a restart would go on with its process: " +
                                        text_of(e),
                                    {.session = opened_.session_id}});
                      then();
                  });
    }

    void tell_of_former_life(const report_back& r) {
        if (r.order > 0 && r.order <= around_->orders_before() && !r.content.responses.empty())
            around_->log({severity::info,
                          "a report to an order of the server's former life is not believed",
                          {.session = opened_.session_id}});
    }

    caf::result<order_given> give_order(dialogue::turn turn) {
        if (auto* again = std::get_if<order>(&turn))
            return order_given{std::move(*again)};
        if (std::holds_alternative<dialogue::unknown_order>(turn))
            return order_given{no_session{}};
        if (phone_.size() == most_connections) { // one that the phone has given up
            phone_.front().deliver(order_given{no_session{}});
            phone_.erase(phone_.begin());
        }
        auto promise = phone_.emplace_back(make_response_promise<order_given>());
        pass_on(now());
        return promise;
    }

    /// Everything that can be told now: events to the owner, an order to the phone that waits.
    void pass_on(steady_time now) {
        while (auto event = dialogue_.take_event(now))
            std::visit([this](auto& e) { tell_owner(e); }, *event);
        if (auto next = dialogue_.next(now))
            answer_phone({std::move(*next)});
    }

    void answer_phone(const order_given& answer) {
        for (auto& connection : std::exchange(phone_, {}))
            connection.deliver(answer);
    }

    void tell_owner(dialogue::start_acknowledged& a) {
        if (owner_announced_.pending())
            owner_announced_.deliver(process_announced{true, {}, false, std::move(a.answer)});
    }
    void tell_owner(dialogue::start_refused& r) {
        if (owner_announced_.pending())
            owner_announced_.deliver(process_announced{false, r.detail, r.phone_lost, {}});
    }
    void tell_owner(dialogue::work_cancelled& c) {
        if (owner_performed_.pending())
            owner_performed_.deliver(order_performed{{}, std::move(c.why)});
    }
    void tell_owner(gp::batch_answer& a) {
        if (owner_performed_.pending())
            owner_performed_.deliver(order_performed{std::move(a)});
    }

    session_opened opened_;
    gate_actor gate_;
    std::shared_ptr<const environment> around_;
    dialogue dialogue_;
    std::optional<result> outcome_;
    std::optional<steady_time> finished_at_;
    bool call_has_id_ = false;
    std::vector<caf::typed_response_promise<order_given>> phone_; ///< connections that wait for the same order
    caf::typed_response_promise<process_announced> owner_announced_;
    caf::typed_response_promise<order_performed> owner_performed_;
};

} // namespace

session_actor spawn_device_session(caf::actor_system& system, session_opened opened, std::vector<announced_card> cards,
                                   gate_actor gate, std::shared_ptr<const environment> around,
                                   std::optional<std::string> goes_on) {
    return system.spawn<device_session>(std::move(opened), std::move(cards), std::move(gate), std::move(around),
                                        std::move(goes_on));
}

} // namespace tsms::actors
