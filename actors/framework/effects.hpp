#pragma once
// Interprets the effects of a process for the call that plays it: each becomes a message to the actor that can do
// it, and its answer the effect's answer. A timed-out or dead actor is an answer too.

#include "actors/framework/redaction.hpp"
#include "actors/framework/remarks.hpp"
#include "actors/framework/stranger.hpp"
#include "actors/framework/timely.hpp"
#include "process/calls/effect.hpp"

#include <caf/send.hpp>

namespace tsms::actors {

/// Whose effects they are.
struct process_context {
    model::process_record record;
    session_actor session;
    std::string issuer; ///< name of the card's issuer; empty if none is known
    std::shared_ptr<stranger_account> stranger;
};

/// For the actor `self`, as long as the process runs. `answer` gets exactly one answer for each effect, but for one
/// whose carrying-out throws: that can have another one.
template <class Self> class effect_interpreter : public std::enable_shared_from_this<effect_interpreter<Self>> {
public:
    effect_interpreter(Self& self, std::shared_ptr<const environment> around, process_context context,
                       std::function<void(calls::answer_variant)> answer)
        : self_(self), around_(std::move(around)), context_(std::move(context)), answer_(std::move(answer)) {}
    effect_interpreter(const effect_interpreter&) = delete;
    effect_interpreter& operator=(const effect_interpreter&) = delete;

    void perform(const process::effect& e) {
        say(words_of(e));
        std::visit([this](const auto& effect) { this->perform_one(effect); },
                   static_cast<const process::effect_variant&>(e));
    }

    /// Once a second: a lease that nobody uses ends, and the process may wait for the phone longer than that. Nor does
    /// a user who has cancelled, or begun anew, wait for an issuer.
    void tick(steady_time now) {
        if (waits_for_issuer_)
            stop_waiting_if_unwanted();
        if (now - held_ < around_->lease_term / 3)
            return;
        held_ = now;
        self_.request(around_->store, actor_deadline, timely(*around_, hold_lease{id()}))
            .then([](const answered&) {}, [](const caf::error&) {}); // whoever has lost it is told when he goes on
    }

    /// For the sequence log (TR 3.5.1). It is written with the next APDUs; what is left at the end take_said() gives.
    void say(const std::string& text) {
        if (!text.empty())
            said_.push_back(remark(id(), text));
    }

    std::vector<store::card_log_entry> take_said() { return std::exchange(said_, {}); }

    /// Nobody waits for the issuer any more.
    void end() {
        if (!issuer_)
            return;
        line_->cut();
        caf::anon_send_exit(std::exchange(issuer_, nullptr), caf::exit_reason::user_shutdown);
    }

private:
    void answer(process::answer_variant reply) {
        say(words_of(reply));
        answer_(std::move(reply));
    }
    void fail(model::error_category category, const std::string& details, bool phone_lost = false) {
        answer(process::failed{category, details, phone_lost});
    }
    log_subject subject() const {
        return {.process = id(),
                .session = context_.record.session,
                .instance = context_.record.instance,
                .card = context_.record.card};
    }
    /// What went wrong inside the TSM is the operator's matter: the app is told only that something has.
    void fail_inside(const std::string& cause) {
        around_->log({severity::error, cause, subject()});
        say(std::string(store::inside_the_tsm) + cause);
        fail(model::error_category::internal_error, internal_problem);
    }

    /// Sends a message; `then` gets what it is answered. This is alive until then, and what is thrown is a bug that is
    /// the effect's answer.
    template <class Answer, class Handle, class Message, class Then>
    void request(const Handle& whom, std::chrono::seconds deadline, Message message, Then then) {
        request<Answer>(whom, deadline, std::move(message), std::move(then),
                        [this](caf::error& e) { fail_inside(text_of(e)); });
    }
    template <class Answer, class Handle, class Message, class Then, class Otherwise>
    void request(const Handle& whom, std::chrono::seconds deadline, Message message, Then then, Otherwise otherwise) {
        self_.request(whom, deadline, std::move(message))
            .then([me = this->shared_from_this(), then](Answer& a) { me->guard(then, a); },
                  [me = this->shared_from_this(), otherwise](caf::error& e) { me->guard(otherwise, e); });
    }
    template <class Work, class Reply> void guard(const Work& work, Reply& reply) {
        try {
            work(reply);
        } catch (const std::exception& e) {
            answer_(calls::broke{e.what()});
        }
    }

    /// Asks an actor whose answer is the effect's answer.
    template <class Handle, class Message>
    void ask(const Handle& whom, std::chrono::seconds deadline, Message message) {
        request<answered>(whom, deadline, std::move(message), [this](answered& a) {
            if (const auto* inside = std::get_if<process::failed>(&a.value))
                return fail_inside(inside->details);
            answer(std::move(a.value));
        });
    }

    const std::string& id() const { return context_.record.id; }
    /// A moment after its session has heard from the desk, whatever that says.
    std::chrono::seconds issuer_answers() const { return issuer_answers_within(*around_) + std::chrono::seconds(5); }

    // -- the phone --

    /// One transaction for these and what was said before them.
    void log(std::vector<store::card_log_entry> entries) {
        auto all = take_said();
        std::move(entries.begin(), entries.end(), std::back_inserter(all));
        if (!all.empty())
            self_.send(around_->store, log_apdus{std::move(all)});
    }

    void perform_one(const process::announce_start& a) {
        while_held([this, a] { announce(a); });
    }

    void announce(const process::announce_start& a) {
        const auto reads = a.reads ? a.reads->commands : gp::batch{};
        log(log_of_commands(id(), reads));
        request<process_announced>(
            context_.session, session_answers_within(around_->sessions, reads),
            announce_process{{id(), context_.record.caller, context_.record.started}, a.reads},
            [this, reads](process_announced& told) {
                log(log_of_answers(id(), reads, told.answer));
                announced(told);
            },
            session_gone());
    }
    /// A session that does not answer any more: its phone is lost.
    std::function<void(caf::error&)> session_gone() {
        return [this](caf::error& e) {
            around_->log({severity::warning, "its session has ended: " + text_of(e), subject()});
            fail(model::error_category::execution_interrupted, "the session ended", true);
        };
    }

    void announced(process_announced& a) {
        if (!a.acknowledged) // AMB-132
            return fail(model::error_category::execution_interrupted, a.detail, a.phone_lost);
        request<stored>(around_->store, actor_deadline, timely(*around_, acknowledge_start{id()}),
                        [this, reads = std::move(a.answer)](const stored&) { answer(reads); });
    }

    void perform_one(const process::exchange& x) {
        while_held([this, x] { send_order(x); });
    }

    /// An order leaves, for the phone or an issuer, only while the card is this process's (DIV-101).
    void while_held(std::function<void()> go_on) {
        held_ = around_->now();
        request<answered>(around_->store, actor_deadline, timely(*around_, hold_lease{id()}),
                          [this, go_on](answered& a) {
                              if (const auto* lost = std::get_if<process::failed>(&a.value))
                                  return fail_inside(lost->details);
                              go_on();
                          });
    }

    void send_order(const process::exchange& x) {
        log(log_of_commands(id(), x.commands));
        request<order_performed>(
            context_.session, session_answers_within(around_->sessions, x.commands),
            perform_order{x.reader, x.commands},
            [this, sent = x.commands](order_performed& p) {
                if (!p.unwanted.empty()) // AMB-148
                    return fail(model::error_category::execution_interrupted, p.unwanted);
                log(log_of_answers(id(), sent, p.answer));
                answer(std::move(p.answer));
            },
            [this, sent = x.commands](caf::error& e) {
                around_->log({severity::error, text_of(e), subject()});
                gp::batch_answer none{{}, gp::transmission::phone_lost, internal_problem};
                log(log_of_answers(id(), sent, none));
                answer(std::move(none));
            });
    }

    // -- the issuer --

    void perform_one(const process::open_issuer_session& o) {
        while_held([this, o] { while_wanted([this, o] { open(o); }); });
    }
    /// An issuer gets no order after a cancel that was accepted (AMB-148).
    void while_wanted(std::function<void()> go_on) {
        request<user_wish>(
            context_.session, actor_deadline, ask_wish{},
            [this, go_on](const user_wish& wish) {
                if (!wish.unwanted.empty())
                    return fail(model::error_category::execution_interrupted, wish.unwanted);
                go_on();
            },
            session_gone());
    }
    void open(const process::open_issuer_session& o) {
        if (const auto refused = context_.stranger->order(o.order.id))
            return answer(*refused);
        if (!issuer_) {
            line_ = std::make_shared<issuer_line>();
            issuer_ = spawn_issuer_session(self_.system(), context_.issuer, line_, around_);
        }
        ask_issuer(o, [this, order = o.order.id](answered& a) {
            const auto* failed = std::get_if<process::failed>(&a.value);
            if (failed && failed->category == model::error_category::network_connection_error)
                context_.stranger->not_taken(order);
            answer(std::move(a.value));
        });
    }
    /// `then` gets the answer, if it is still waited for.
    template <class Message> void ask_issuer(const Message& message, std::function<void(answered&)> then) {
        waits_for_issuer_ = ++exchanges_;
        const auto this_one = [this, number = exchanges_] { return waits_for_issuer_ == number; };
        request<answered>(
            issuer_, issuer_answers(), message,
            [this, this_one, then](answered& a) {
                if (!this_one())
                    return;
                waits_for_issuer_ = 0;
                then(a);
            },
            [this, this_one](caf::error& e) {
                if (!this_one())
                    return;
                waits_for_issuer_ = 0;
                fail_inside(text_of(e));
            });
    }
    /// The exchange is cut, whether it waits for its turn or for the issuer: what that says is not waited for any more
    /// (AMB-148, DIV-113).
    void stop_waiting_if_unwanted() {
        request<user_wish>(
            context_.session, actor_deadline, ask_wish{},
            [this, number = waits_for_issuer_](const user_wish& wish) {
                if (wish.unwanted.empty() || waits_for_issuer_ != number)
                    return;
                waits_for_issuer_ = 0;
                line_->cut();
                fail(model::error_category::execution_interrupted, wish.unwanted);
            },
            [](const caf::error&) {}); // of a session that has ended the process hears by its next order
    }
    void perform_one(const process::relay_to_issuer& r) {
        while_held([this, r] { relay(r); });
    }
    void relay(const process::relay_to_issuer& r) {
        ask_issuer(r, [this, whole = !r.interrupted](answered& a) {
            context_.stranger->judged(a.value, whole);
            answer(std::move(a.value));
        });
    }

    void perform_one(const process::fetch_issuer_keys&) {
        while_held([this] { find_issuer_and_fetch_keys(); });
    }
    void find_issuer_and_fetch_keys() {
        request<issuer_found>(around_->store, actor_deadline, find_issuer{context_.issuer},
                              [this](const issuer_found& f) {
                                  if (!f.issuer)
                                      return fail_inside(no_issuer(context_.issuer));
                                  fetch_keys({f.issuer->transport_key});
                              });
    }

    void fetch_keys(const crypto::transport_key_handle& under) {
        request<material_fetched>(issuer_, issuer_answers(), fetch_material{}, [this, under](material_fetched& m) {
            if (!m.material)
                return answer(m.failure);
            ask(around_->hsm, key_deadline, take_over_keys{under, std::move(*m.material), context_.issuer});
        });
    }

    // -- keys and what is kept --

    void perform_one(const process::derive_session& d) { ask(around_->hsm, key_deadline, d); }
    void perform_one(const process::generate_keys& g) { ask(around_->hsm, key_deadline, g); }
    void perform_one(const process::encrypt_keys& e) { ask(around_->hsm, key_deadline, e); }
    void perform_one(const process::encrypt_data& e) { ask(around_->hsm, key_deadline, e); }
    void perform_one(const process::random_octets& r) { answer(around_->random->take(r.count)); }
    void perform_one(const process::read_load_image& r) { ask(around_->catalog, catalog_deadline, r); }
    void perform_one(const process::journal_intent& j) {
        ask(around_->store, actor_deadline, timely(*around_, write_intent{id(), j.what}));
    }
    void perform_one(const process::commit& c) {
        auto instance = c.instance;
        instance.running_process = id(); // until the end is stored, whatever the process says
        ask(around_->store, actor_deadline, timely(*around_, commit_step{id(), std::move(instance), c.card}));
    }

    Self& self_;
    std::shared_ptr<const environment> around_;
    process_context context_;
    std::function<void(calls::answer_variant)> answer_;
    steady_time held_ = around_->now(); ///< when the lease was asked for last
    issuer_actor issuer_;
    std::shared_ptr<issuer_line> line_;       ///< to the issuer
    std::uint64_t exchanges_ = 0;             ///< with the issuer
    std::uint64_t waits_for_issuer_ = 0;      ///< number of the one whose answer is waited for; 0: of none
    std::vector<store::card_log_entry> said_; ///< and not yet written
};

} // namespace tsms::actors
