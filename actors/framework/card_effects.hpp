#pragma once
// Interprets the effects of a process that only asks the handset's cards: plain reads, and what proves a card. Nothing
// is kept of them.

#include "actors/framework/attempt.hpp"
#include "actors/spawn.hpp"

namespace tsms::actors {

/// A member of the actor `self`.
template <class Self> class card_effects {
public:
    using reply = std::function<void(process::answer_variant)>;

    card_effects(Self& self, std::shared_ptr<const environment> around) : self_(self), around_(std::move(around)) {}

    /// `reply` gets exactly one answer. The phone works in `session`.
    void perform(const session_actor& session, const process::effect& e, reply answer) {
        if (const auto* x = std::get_if<process::exchange>(&e))
            return carry(session, *x, std::move(answer));
        if (const auto* r = std::get_if<process::random_octets>(&e))
            return answer(around_->random->take(r->count));
        if (const auto* d = std::get_if<process::derive_session>(&e))
            return derive(*d, std::move(answer));
        answer(process::failed{model::error_category::internal_error, "this only asks cards", false});
    }

private:
    void carry(const session_actor& session, const process::exchange& x, reply answer) {
        self_
            .request(session, session_answers_within(around_->sessions, x.commands),
                     perform_order{x.reader, x.commands})
            .then(
                [answer](order_performed& p) {
                    if (!p.unwanted.empty()) // AMB-148
                        answer(process::failed{model::error_category::execution_interrupted, p.unwanted});
                    else
                        answer(std::move(p.answer));
                },
                [around = around_, answer](caf::error& e) {
                    answer(gp::batch_answer{{}, gp::transmission::phone_lost, inside(*around, e)});
                });
    }

    void derive(const process::derive_session& d, reply answer) {
        self_.request(around_->hsm, key_deadline, d)
            .then([answer](answered& a) { answer(std::move(a.value)); },
                  [around = around_, answer](caf::error& e) {
                      answer(process::failed{model::error_category::internal_error, inside(*around, e), false});
                  });
    }

    /// The operator is told what it was.
    static const char* inside(const environment& around, const caf::error& error) {
        around.log({severity::error, "reading a card: " + text_of(error)});
        return internal_problem;
    }

    Self& self_;
    std::shared_ptr<const environment> around_;
};

} // namespace tsms::actors
