#pragma once
// Interprets the effects of the call that an actor conducts: each becomes a message to the actor that can do it, and
// its answer the effect's answer. A timed-out or dead actor is an answer too, and so is a bug.

#include "actors/framework/card_effects.hpp"
#include "actors/framework/effects.hpp"
#include "process/calls/effect.hpp"

#include <caf/typed_response_promise.hpp>

namespace tsms::actors {

inline calls::call_request request_of(const begin_call& b) {
    const auto& r = b.request;
    return {r.what, r.caller_id, r.provider, r.cards, b.session_id, b.proof, r.dialect};
}

/// A member of the actor `self`, as long as that lives; one call after the other.
template <class Self> class call_interpreter {
public:
    using promise = caf::typed_response_promise<call_begun>;

    /// `ended`: the call is over, and the next one may start from inside it. `gate`: knows the cards; nobody, where no
    /// call leases one.
    call_interpreter(Self& self, std::shared_ptr<const environment> around, std::function<void()> ended,
                     gate_actor gate = {})
        : self_(self), around_(std::move(around)), ended_(std::move(ended)), gate_(std::move(gate)),
          cards_(self, around_) {}
    call_interpreter(const call_interpreter&) = delete;
    call_interpreter& operator=(const call_interpreter&) = delete;

    bool busy() const { return call_.has_value(); }
    /// Of the call, as long as that has no outcome; else null.
    const session_actor& session() const { return begun_.session; }
    /// Its id, until the call is over.
    const std::string& session_id() const { return begun_.session_id; }

    /// `begun` is answered through `admission`.
    void start(begin_call begun, promise admission, calls::call<void> conducting) {
        begun_ = std::move(begun);
        admission_ = std::move(admission);
        gone_ = false;
        call_.emplace(std::move(conducting));
        go_on(call_->start());
    }

    void tick(steady_time now) {
        if (process_)
            process_->tick(now);
        if (paused_until_ && *paused_until_ <= now)
            take(ticket_, calls::done{});
    }

    /// Nobody waits any more for the call of this session. If it waits for its card, it does so no longer; else it
    /// hears of it where it would begin.
    void caller_gone(const caf::actor_addr& session) {
        if (!begun_.session || begun_.session.address() != session)
            return;
        gone_ = true;
        if (waits_for_card_)
            take(ticket_, calls::lease{false, true});
    }

    /// The actor ends. The call gets as far as it can without anybody's answer.
    void stop() {
        stopping_ = true;
        ended_ = [] {};
        take(ticket_, calls::stopping{});
        call_.reset();
        clear();
        gate_ = nullptr;
    }

private:
    // -- the call --

    /// Effects that are answered at once must not nest: `take` leaves their answers here.
    void go_on(const calls::effect* effect) {
        while (effect) {
            ++ticket_;
            performing_ = true;
            try {
                std::visit([this](const auto& e) { this->carry_out(e); },
                           static_cast<const calls::effect_variant&>(*effect));
            } catch (const std::exception& e) {
                reply_.reset(); // what it has said before is not what has become of it
                take(ticket_, calls::broke{e.what()});
            }
            performing_ = false;
            if (!reply_)
                return;
            effect = resume();
        }
        end();
    }

    /// The answer to the effect with this number. An effect has one; what comes later, or for a call that is over, is
    /// dropped.
    void take(std::uint64_t ticket, calls::answer_variant reply) {
        if (!call_ || ticket != ticket_ || reply_)
            return;
        reply_.emplace(std::move(reply));
        if (!performing_)
            go_on(resume());
    }

    const calls::effect* resume() {
        auto reply = std::move(*reply_);
        reply_.reset();
        waits_for_card_ = false;
        paused_until_.reset();
        ++ticket_;
        return call_->answer(std::move(reply));
    }

    /// The coroutine has ended: it is not on the stack any more.
    void end() {
        try {
            call_->result();
        } catch (const std::exception& e) {
            around_->log({severity::error,
                          std::string("the conducting of a call broke: ") + e.what(),
                          {.session = begun_.session_id}});
        } catch (const calls::stopping&) {
        }
        call_.reset();
        // Whatever became of it, a process that was entered again is not left without an end (DIV-108).
        if (begun_.left && !stopping_)
            self_.send(around_->store, abandon_process{begun_.left->record.id});
        clear();
        ended_();
    }

    /// What ends with a call, however it ends.
    void clear() {
        end_process_effects();
        write_what_was_said();
        give_card_back();
        account_.reset();
        process_id_.clear();
        paused_until_.reset();
        admission_ = {};
        begun_.session = nullptr;
    }

    // -- answers --

    void answer(calls::answer_variant reply) { take(ticket_, std::move(reply)); }

    /// Asks an actor whose answer is the effect's answer.
    template <class Handle, class Question>
    void ask(const Handle& whom, std::chrono::seconds deadline, Question question) {
        using reply = typename Question::result;
        self_.request(whom, deadline, std::move(question))
            .then([this, ticket = ticket_](reply& r) { take(ticket, std::move(r)); }, unanswered());
    }

    std::function<void(caf::error&)> unanswered() {
        return [this, ticket = ticket_](caf::error& e) { take(ticket, calls::unanswered(text_of(e))); };
    }

    std::function<void(process::answer_variant)> answer_of_process() {
        return [this, ticket = ticket_](process::answer_variant reply) { take(ticket, std::move(reply)); };
    }

    // -- catalog and rows --

    void carry_out(const survey_service& q) { ask(around_->catalog, catalog_deadline, q); }
    void carry_out(const find_target& q) { ask(around_->catalog, catalog_deadline, q); }
    void carry_out(const check_target& q) { ask(around_->catalog, catalog_deadline, q); }
    void carry_out(const load_instance& q) { ask(around_->store, actor_deadline, q); }
    void carry_out(const find_provider& q) { ask(around_->store, actor_deadline, q); }
    void carry_out(const find_kinds& q) { ask(around_->store, actor_deadline, q); }
    void carry_out(const find_cards& q) { ask(around_->store, actor_deadline, q); }
    void carry_out(const find_answer& q) { ask(around_->store, actor_deadline, q); }
    void carry_out(const create_row& q) { write(q); }
    /// Whoever does not hear what became of a beginning takes it back: else the process would have its card for ever.
    void carry_out(const begin_process& q) {
        if (gone_)
            return answer(calls::process_begun{model::beginning::begun, true});
        self_.request(around_->store, actor_deadline, timely(*around_, q))
            .then([this, ticket = ticket_](process_begun& r) { take(ticket, r); },
                  [this, id = q.process.id, ticket = ticket_](caf::error& e) {
                      self_.send(around_->store, abandon_process{id});
                      take(ticket, calls::unanswered(text_of(e)));
                  });
    }
    void carry_out(const end_process& q) { write(q); }
    void carry_out(const enqueue_delivery& q) { write(q); }

    template <class Question> void write(const Question& q) {
        ask(around_->store, actor_deadline, timely(*around_, q));
    }

    // -- the app and its phone --

    void carry_out(const calls::admit&) {
        if (admission_.pending())
            admission_.deliver(call_begun{std::nullopt});
        answer(calls::done{});
    }

    void carry_out(const calls::answer& a) {
        if (admission_.pending())
            admission_.deliver(call_begun{a.outcome, a.later});
        else if (begun_.session) // the phone works in it
            self_.send(begun_.session, finish_session{a.outcome, a.completed});
        begun_.session = nullptr;
        answer(calls::done{});
    }

    // -- the card --

    void carry_out(const calls::lease_card& l) {
        if (gone_ && !begun_.left) // else the process has begun, and needs its card to end
            return answer(calls::lease{false, true});
        waits_for_card_ = true;
        self_.request(gate_, actor_deadline, find_card{l.card})
            .then([this, l, ticket = ticket_](const card_handle& found) { lease(found.card, l, ticket); },
                  unanswered());
    }

    void lease(card_actor card, const calls::lease_card& l, std::uint64_t ticket) {
        if (ticket != ticket_)
            return;
        self_.request(card, around_->card_wait + std::chrono::seconds(2), lease_card{l.process_id, l.until})
            .then(
                [this, card, id = l.process_id, ticket](const card_leased& leased) {
                    if (leased.granted && ticket != ticket_) // it is not wanted any more
                        self_.send(card, return_card{id});
                    else if (leased.granted)
                        lease_ = {card, id};
                    take(ticket, calls::lease{leased.granted});
                },
                [this, ticket](caf::error& e) { take(ticket, calls::unanswered(text_of(e))); });
    }

    void carry_out(const calls::return_card&) {
        give_card_back();
        answer(calls::done{});
    }

    void give_card_back() {
        if (lease_.card)
            self_.send(lease_.card, return_card{lease_.process_id});
        lease_ = {};
    }

    // -- the process --

    void carry_out(const calls::process_begins& p) {
        if (!account_)
            account_ = std::make_shared<stranger_account>();
        process_ = std::make_shared<effect_interpreter<Self>>(
            self_, around_, process_context{p.record, begun_.session, p.issuer, account_},
            [this](calls::answer_variant reply) { take(of_process_, std::move(reply)); });
        process_id_ = p.record.id;
        process_->say((begun_.left ? "entered again: " : "") + words_of(p));
        answer(calls::done{});
    }

    void carry_out(const calls::perform& p) {
        if (!process_)
            return cards_.perform(begun_.session, p.what, answer_of_process());
        of_process_ = ticket_;
        process_->perform(p.what);
    }

    void carry_out(const calls::process_over&) {
        end_process_effects();
        answer(calls::done{});
    }

    void end_process_effects() {
        if (process_) {
            process_->end();
            said_last_ = process_->take_said();
        }
        process_.reset();
    }

    // -- who pays for a card that nobody has proven (DIV-061) --

    void carry_out(const calls::charge_process& c) {
        if (!account_)
            account_ = std::make_shared<stranger_account>(around_, begun_.request.address, c.card, c.instance);
        answer(calls::charged{account_->begin(c.what)});
    }
    void carry_out(const calls::close_account& s) {
        if (account_)
            account_->end(s.outcome);
        answer(calls::done{});
    }
    void carry_out(const calls::charge_trace& c) {
        answer(calls::charged{charge(*around_, payer_for(begun_.request.address, c.card), cost_of_trace)});
    }
    void carry_out(const calls::may_tell_of_failed_creation&) {
        answer(calls::permission{may_tell_of_failed_creation(*around_, begun_.request.address)});
    }

    // -- results for the SPOS --

    void carry_out(const calls::encode_result& e) { answer(around_->spos->encode(e.what)); }
    void carry_out(const calls::deliver& d) {
        self_.send(around_->outbox, deliver_result{d.entry});
        answer(calls::done{});
    }

    // -- time, chance, the operator --

    void carry_out(const calls::ask_time&) { answer(calls::moment{around_->time->steady(), around_->time->wall()}); }
    void carry_out(const calls::pause_for& p) { paused_until_ = around_->now() + p.how_long; }
    void carry_out(const calls::new_id&) { answer(around_->random->uuid()); }
    void carry_out(const calls::tell_operator& t) {
        auto event = t.event;
        if (event.of.session.empty())
            event.of.session = begun_.session_id;
        around_->log(event);
        keep(event);
        answer(calls::done{});
    }

    /// What is said of a process stands in its sequence log too, as soon as there is one: what is refused before leaves
    /// no trace (AMB-131).
    void keep(const log_event& event) {
        if (event.of.process.empty() || event.of.process != process_id_)
            return;
        if (process_)
            return process_->say(event.text);
        said_last_.push_back(remark(process_id_, event.text));
        write_what_was_said();
    }
    void write_what_was_said() {
        if (!said_last_.empty())
            self_.send(around_->store, log_apdus{std::exchange(said_last_, {})});
    }

    struct leased_card {
        card_actor card;
        std::string process_id;
    };

    Self& self_;
    std::shared_ptr<const environment> around_;
    std::function<void()> ended_;
    gate_actor gate_;
    card_effects<Self> cards_;
    std::optional<calls::call<void>> call_;
    begin_call begun_;
    promise admission_;
    std::uint64_t ticket_ = 0; ///< number of the effect that waits for its answer
    std::optional<calls::answer_variant> reply_;
    bool stopping_ = false;
    bool performing_ = false;
    std::optional<steady_time> paused_until_;
    bool waits_for_card_ = false;
    bool gone_ = false; ///< the caller
    leased_card lease_;
    std::shared_ptr<stranger_account> account_; ///< who pays, if nobody has proven the card
    std::shared_ptr<effect_interpreter<Self>> process_;
    std::string process_id_;                       ///< of the process that has begun in this call
    std::vector<store::card_log_entry> said_last_; ///< of it, behind its last APDUs; not yet written
    std::uint64_t of_process_ = 0;                 ///< number of the process's last effect
};

} // namespace tsms::actors
