// The one address of the device role: gives out sessions, finds or revives the actors of instances and cards, and lets
// them go when nothing depends on them, so that memory follows activity.

#include "actors/framework/attempt.hpp"
#include "actors/framework/call_book.hpp"
#include "actors/framework/session_book.hpp"
#include "actors/spawn.hpp"
#include "process/calls/admission.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <map>

namespace tsms::actors {

namespace {

constexpr std::size_t identifier_octets = 16;
constexpr int idle_check_every = 30; ///< pulses
constexpr int log_trim_every = 3600; ///< likewise

class gate final : public gate_actor::base {
public:
    gate(caf::actor_config& config, std::shared_ptr<const environment> around, left_behind left)
        : gate_actor::base(config), around_(std::move(around)), book_(around_->sessions),
          calls_(around_->sessions.result_kept), parked_(std::move(left)), started_(around_->now()) {
        for (const auto* record : parked_.records())
            if (!record->proof.call_hash.empty())
                calls_.opened(former_call(*record), record->session);
        set_down_handler([this](const caf::down_msg& down) { forget_session(down.source); });
    }

    const char* name() const override { return "gate"; }

    behavior_type make_behavior() override {
        delayed_send(this, std::chrono::seconds(1), pulse{});
        return {
            [this](const call& c) -> caf::result<call_routed> { return open(c); },
            [this](const route_handshake& r) { return to_session(r, hand_shaken{false}); },
            [this](const route_first_report& r) { return to_session(r, order_given{no_session{}}); },
            [this](const route_report& r) { return to_session(r, order_given{no_session{}}); },
            [this](const route_beginning& r) { return to_session(r, report_awaited{false}); },
            [this](const route_fetch& r) { return to_session(r, result_fetched{no_session{}}); },
            [this](const route_cancel& r) { return to_session(r, session_cancelled{}); },
            [this](const find_card& f) {
                auto& known = cards_[f.id];
                if (!known.actor)
                    known.actor = spawn_secure_component(system(), *around_->time);
                ++known.uses;
                return card_handle{known.actor};
            },
            [this](const session_finished& f) { book_.finished(f.session_id); },
            [this](const caller_gone&) { forget_caller(caf::actor_cast<caf::actor_addr>(current_sender())); },
            [this](const ask_load&) -> caf::result<load> { return count(); },
            [this](const pulse&) {
                beat();
                delayed_send(this, std::chrono::seconds(1), pulse{});
            },
        };
    }

    /// Processes first: they are left to the next start, and must not take the end of a session for a phone that is
    /// lost.
    void on_exit() override {
        for (auto& [id, waiting] : opening_)
            waiting.answer(waiting.request.id ? call_routed{not_yet{}} : refusal(waiting.request, calls::tsm_stops));
        opening_.clear();
        for (auto& [id, conductor] : instances_)
            anon_send_exit(conductor.actor, caf::exit_reason::user_shutdown);
        for (auto& [id, session] : sessions_)
            anon_send_exit(session, caf::exit_reason::user_shutdown);
        for (auto& [id, card] : cards_)
            anon_send_exit(card.actor, caf::exit_reason::user_shutdown);
        sessions_.clear();
        instances_.clear();
        cards_.clear();
    }

private:
    template <class Handle> struct in_use {
        Handle actor;
        /// Counted, so that one that was idle a moment ago is not let go while it is wanted again.
        std::uint64_t uses = 0;
        std::uint64_t uses_last_time = 0; ///< at the last look
    };

    struct opening {
        call request;
        std::vector<caf::typed_response_promise<call_routed>> promises; ///< of the call and its repetitions
        std::vector<caf::actor_addr> callers;                           ///< who waits for them
        session_actor session;
        bool given_up = false; ///< nobody waits for it, and its conductor may not know yet
        bool left = false;     ///< its app has begun anew: a repetition begins nothing

        void answer(const call_routed& a) {
            for (auto& promise : promises)
                promise.deliver(a);
        }
    };

    /// The session answers that has this id and secret; where there is none, `nobody` is the answer.
    template <class Routed, class Answer> caf::result<Answer> to_session(const Routed& r, Answer nobody) {
        const auto session = session_of(r.session_id, r.message.secret);
        if (!session)
            return nobody;
        if constexpr (std::is_same_v<Answer, order_given>)
            ++load_.orders;
        return delegate(session, r.message);
    }

    call_routed refusal(const call& c, const model::refusal& why) const {
        return {model::refusal_of(c.what, model::failed_execution(c.dialect, why.category, why.details),
                                  iso8601(around_->time->wall()))};
    }

    caf::result<call_routed> open(const call& c) {
        ++load_.calls;
        const auto fate = calls_.find(c);
        if (std::holds_alternative<call_book::of_another>(fate))
            return refusal(c, calls::call_id_of_another);
        if (const auto* refused = std::get_if<result>(&fate))
            return call_routed{*refused};
        if (const auto* session = std::get_if<call_book::in_session>(&fate)) {
            const auto waiting = opening_.find(session->id);
            if (waiting == opening_.end())
                return call_routed{session_opened{session->id, c.id->secret}};
            if (waiting->second.given_up) // has it begun? its repetition learns that
                return call_routed{not_yet{}};
            waiting->second.callers.push_back(caf::actor_cast<caf::actor_addr>(current_sender()));
            return waiting->second.promises.emplace_back(make_response_promise<call_routed>());
        }
        return open_new(c);
    }

    call_routed refuse(const call& c, call_routed answer) {
        calls_.refused(c, std::get<result>(answer.answer), around_->now());
        return answer;
    }

    caf::result<call_routed> open_new(const call& c) {
        const auto former = end_former(c);
        // That there is none is an answer of an enquiry (TR 4.2.5.2, 4.2.5.7). A process needs one.
        if (c.cards.empty() && std::holds_alternative<model::life_cycle_function>(model::kind_of(c.what)))
            return refuse(c, refusal(c, {model::error_category::invalid_request, "handset.secureComponents is empty"}));
        if (auto refused = book_.refuse(c.address, c.caller_id))
            return call_routed{std::move(*refused)};
        if (book_.full() && !let_oldest_go())
            return refuse(c, refusal(c, {model::error_category::overload_protection,
                                         "too many sessions, please try again later"}));
        session_opened opened{to_hex(around_->random->take(identifier_octets)),
                              c.id ? c.id->secret : to_hex(around_->random->take(identifier_octets))};
        auto session = spawn_device_session(system(), opened, c.cards, gate_actor(this), around_);
        const auto caller = caf::actor_cast<caf::actor_addr>(current_sender()); // the promise takes the sender
        auto promise = make_response_promise<call_routed>();
        book_.opened(opened.session_id, c.address, c.caller_id);
        calls_.opened(c, opened.session_id);
        opening_.emplace(opened.session_id, opening{c, {promise}, {caller}, session});
        request(conductor_for(c), actor_deadline + around_->card_wait,
                begin_call{c, opened.session_id, session, proof_of(c, opened), {}, former, parked_for(c)})
            .then([this, opened](call_begun& b) { begun(opened, std::move(b)); },
                  [this, opened, c](caf::error& e) {
                      around_->log(
                          {severity::error, "a call was not answered: " + text_of(e), {.session = opened.session_id}});
                      const model::refusal why{model::error_category::tsm_not_available, internal_problem};
                      begun(opened, call_begun{std::get<result>(refusal(c, why).answer)});
                  });
        return promise;
    }

    void begun(const session_opened& opened, call_begun b) {
        auto waiting = opening_.extract(opened.session_id);
        if (waiting.empty())
            return;
        const auto& session = waiting.mapped().session;
        if (b.refusal) {
            book_.forget(opened.session_id);
            calls_.forget(opened.session_id);
            send_exit(session, caf::exit_reason::user_shutdown);
            if (waiting.mapped().left)
                refuse_left(waiting.mapped().request);
            else if (!waiting.mapped().given_up)
                waiting.mapped().answer(b.later ? call_routed{*b.later}
                                                : refuse(waiting.mapped().request, {*b.refusal}));
            return;
        }
        if (waiting.mapped().given_up) { // its session has ended, and so does what has begun
            calls_.forget(opened.session_id);
            refuse_left(waiting.mapped().request);
            return;
        }
        keep(opened.session_id, session, waiting.mapped().request.id.has_value());
        waiting.mapped().answer(call_routed{opened});
    }

    void refuse_left(const call& c) { refuse(c, refusal(c, calls::caller_gone)); }

    void keep(const std::string& id, const session_actor& session, bool has_id) {
        monitor(session);
        session_ids_.emplace(session.address(), id);
        sessions_.emplace(id, session);
        send(session, call_answered{has_id});
    }

    // -- calls that their app has left (DIV-113) --

    /// Who proves them by their callIds begins anew, and nobody waits for them any more: their processes end. An id
    /// that belongs to nothing, or to somebody else, is passed over. Their sessions.
    std::vector<std::string> end_former(const call& c) {
        std::vector<std::string> ended;
        for (const auto& hash : c.former) {
            const auto id = calls_.session_of(hash, c);
            if (!id)
                continue;
            ended.push_back(*id);
            if (const auto waiting = opening_.find(*id); waiting != opening_.end()) {
                waiting->second.left = true;
                waiting->second.answer({not_yet{}}); // whoever waits all the same
                waiting->second.callers.clear();
                give_up(waiting);
            } else if (const auto session = sessions_.find(*id); session != sessions_.end())
                send(session->second, give_way{});
            else if (auto left = parked_.take_process(*id))
                end_left(*std::move(left), model::interruption::begun_anew);
        }
        return ended;
    }

    // -- sessions of a former life of the server (DIV-108) --

    static model::session_proof proof_of(const call& c, const session_opened& opened) {
        model::session_proof proof{hash_of_secret(opened.secret), {}, {}, c.address, c.provider};
        if (c.id) {
            proof.call_hash = to_hex(c.id->hash);
            proof.call_digest = to_hex(c.id->digest);
        }
        return proof;
    }

    /// As far as it is known: for its repetition.
    static call former_call(const model::process_record& record) {
        const auto& proof = record.proof;
        call c;
        c.caller_id = record.caller;
        c.provider = proof.provider;
        c.address = proof.address;
        if (!proof.call_hash.empty())
            c.id = call_id{from_hex(proof.call_hash).value(), from_hex(proof.call_digest).value(), {}};
        return c;
    }

    /// Null: there is none that has this secret.
    session_actor session_of(const std::string& id, const std::string& secret) {
        const auto found = sessions_.find(id);
        if (found != sessions_.end())
            return found->second;
        const auto parked = parked_.take(id, secret);
        if (!parked)
            return {};
        return std::visit([&](const auto& one) { return revive({id, secret}, one); }, *parked);
    }

    /// Its process is entered again.
    session_actor revive(const session_opened& opened, const calls::left_process& left) {
        const auto& record = left.record;
        auto again = former_call(record);
        again.what = std::visit([](const auto& f) { return function(f); }, record.asked->what);
        again.cards = record.asked->cards;
        again.dialect = record.asked->dialect;
        auto session = spawn_device_session(system(), opened, again.cards, gate_actor(this), around_,
                                            record.acknowledged ? record.id : std::string());
        book_.opened(opened.session_id, record.proof.address, record.caller);
        keep(opened.session_id, session, again.id.has_value());
        begin_call begin{std::move(again), opened.session_id, session, record.proof, left};
        request(conductor_of(record.instance), actor_deadline, std::move(begin))
            .then([](const call_begun&) {},
                  [this, id = record.id](caf::error& e) {
                      around_->log(
                          {severity::error, "a process could not be entered again: " + text_of(e), {.process = id}});
                  });
        return session;
    }

    /// Its phone can still have the result.
    session_actor revive(const session_opened& opened, const store::ended_process& ended) {
        auto session = spawn_device_session(system(), opened, {}, gate_actor(this), around_, std::string());
        book_.opened(opened.session_id, ended.process.proof.address, ended.process.caller);
        keep(opened.session_id, session, !ended.process.proof.call_hash.empty());
        send(session, finish_session{model::result_of(ended.end.result.value()), {}});
        return session;
    }

    /// How long a process of the call's instance waits for its phone; nothing: none does.
    std::optional<std::chrono::seconds> parked_for(const call& c) const {
        const auto kind = model::kind_of(c.what);
        const auto* what = std::get_if<model::life_cycle_function>(&kind);
        if (!what || !parked_.waits(std::visit([](const auto& f) { return f.service_instance_id; }, *what)))
            return std::nullopt;
        return std::chrono::ceil<std::chrono::seconds>(started_ + around_->sessions.dialogue.phone_lost -
                                                       around_->now());
    }

    /// Its phone can still have the result.
    void end_left(calls::left_process left, model::interruption why) {
        request(around_->store, actor_deadline, end_parked_process{left, why})
            .then(
                [this, session = left.record.session](parked_process_ended& e) {
                    const auto unknown = e.ended ? parked_.add(*std::move(e.ended)) : session;
                    if (unknown)
                        calls_.forget(*unknown);
                },
                [this, left](caf::error& e) {
                    around_->log({severity::error,
                                  "it cannot be ended now, and is as soon as the store can: " + text_of(e),
                                  {.process = left.record.id}});
                    send(around_->store, abandon_process{left.record.id});
                    calls_.forget(left.record.session);
                });
    }

    /// Once: a phone that has not come back by now is lost, and a result has been kept long enough.
    void let_parked_go(steady_time now) {
        if (now - started_ < around_->sessions.dialogue.phone_lost)
            return;
        for (auto& left : parked_.take_processes())
            end_left(std::move(left), model::interruption::restart);
        if (now - started_ >= around_->sessions.dialogue.phone_lost + around_->sessions.result_kept)
            for (const auto& id : parked_.clear())
                calls_.forget(id);
    }

    conductor_actor conductor_for(const call& c) {
        return std::visit(
            [this]<class Function>(const Function& f) {
                if constexpr (model::runs_process<Function>)
                    return conductor_of(f.service_instance_id);
                else
                    return spawn_enquiry(system(), around_);
            },
            c.what);
    }

    conductor_actor conductor_of(const std::string& instance) {
        auto& known = instances_[instance];
        if (!known.actor)
            known.actor = spawn_service_instance(system(), instance, gate_actor(this), around_);
        ++known.uses;
        return known.actor;
    }

    caf::result<load> count() {
        load_.sessions = sessions_.size();
        load_.instances = instances_.size();
        load_.cards = cards_.size();
        auto promise = make_response_promise<load>();
        request(around_->outbox, actor_deadline, count_deliveries{})
            .then(
                [this, promise](const deliveries_counted& counted) mutable {
                    load_.deliveries_waiting = counted.waiting;
                    load_.deliveries_given_up = counted.given_up;
                    request(around_->store, store_deadline, ask_health{})
                        .then([this, promise](const store_health& h) mutable { deliver_load(promise, h); },
                              [this, promise](caf::error&) mutable { deliver_load(promise, {}); });
                },
                [this, promise](caf::error&) mutable { deliver_load(promise, {}); });
        return promise;
    }

    void deliver_load(caf::typed_response_promise<load> promise, const store_health& store) {
        auto now = load_;
        now.store_works = store.works;
        now.damaged_rows = store.damaged_rows;
        now.superseded = store.superseded;
        promise.deliver(now);
    }

    void beat() {
        const tick now{around_->now()};
        calls_.trim(now.now);
        for (auto& [id, session] : sessions_)
            send(session, now);
        for (auto& [id, card] : cards_)
            send(card.actor, now);
        for (auto& [id, conductor] : instances_)
            send(conductor.actor, now);
        let_parked_go(now.now);
        send(around_->outbox, now);
        send(around_->desk, now);
        if (beats_ % log_trim_every == 0)
            send(around_->store, trim_store{around_->card_log_kept, around_->claims_kept, around_->unproven_kept,
                                            around_->sessions.result_kept});
        if (++beats_ % idle_check_every == 0) {
            let_idle_go(instances_);
            let_idle_go(cards_);
        }
    }

    void forget_session(const caf::actor_addr& session) {
        const auto found = session_ids_.find(session);
        if (found == session_ids_.end())
            return;
        book_.forget(found->second);
        calls_.forget(found->second);
        sessions_.erase(found->second);
        session_ids_.erase(found);
    }

    /// A call that nobody waits for any more, neither who made it nor who has repeated it, is given up.
    void forget_caller(const caf::actor_addr& caller) {
        const auto found = std::ranges::find_if(
            opening_, [&](auto& waiting) { return std::erase(waiting.second.callers, caller) > 0; });
        if (found != opening_.end() && found->second.callers.empty())
            give_up(found);
    }

    void give_up(std::map<std::string, opening>::iterator found) {
        book_.forget(found->first);
        send_exit(found->second.session, caf::exit_reason::user_shutdown); // its conductor sees it and lets it go
        if (found->second.request.id) { // until it is known whether it has begun, its repetition begins nothing
            found->second.given_up = true;
            found->second.promises.clear();
        } else {
            opening_.erase(found);
        }
    }

    /// A result that nobody fetches must not keep a new session out. False if there is none.
    bool let_oldest_go() {
        const auto id = book_.oldest_finished();
        const auto found = id ? sessions_.find(*id) : sessions_.end();
        if (found == sessions_.end())
            return false;
        const auto session = found->second;
        forget_session(session.address());
        send_exit(session, caf::exit_reason::user_shutdown);
        return true;
    }

    template <class Map> void let_idle_go(Map& actors) {
        for (auto& [id, known] : actors) {
            // Who was given a handle since the last look may still be on the way with it (hazard 14): messages take
            // less than that.
            if (std::exchange(known.uses_last_time, known.uses) != known.uses)
                continue;
            request(known.actor, actor_deadline, ask_idle{})
                .then(
                    [this, &actors, id = id, uses = known.uses](bool idle) {
                        const auto found = actors.find(id);
                        if (!idle || found == actors.end() || found->second.uses != uses)
                            return;
                        send_exit(found->second.actor, caf::exit_reason::user_shutdown);
                        actors.erase(found);
                    },
                    [&actors, id = id](caf::error& e) {
                        if (e == caf::sec::request_receiver_down) // one that is only slow may hold a lease
                            actors.erase(id);
                    });
        }
    }

    std::shared_ptr<const environment> around_;
    std::map<std::string, opening> opening_; ///< by session id
    std::map<std::string, session_actor> sessions_;
    std::map<caf::actor_addr, std::string> session_ids_;
    std::map<std::string, in_use<conductor_actor>> instances_;
    std::map<std::string, in_use<card_actor>> cards_;
    session_book book_;
    call_book calls_;
    parked_sessions parked_;
    steady_time started_;
    load load_;
    int beats_ = 0;
};

} // namespace

gate_actor spawn_gate(caf::actor_system& system, std::shared_ptr<const environment> around, left_behind left) {
    return system.spawn<gate>(std::move(around), std::move(left));
}

} // namespace tsms::actors
