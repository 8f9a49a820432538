#pragma once
// Drives a life-cycle process: every effect goes out, every answer goes in, however soon or late it comes. Knows no
// actor.

#include "process/effect.hpp"

#include <functional>

namespace tsms::actors {

template <class Outcome> class process_runner {
public:
    /// `perform` gets each effect and sees to it that answer() is called exactly once, at once or later. `ended` is
    /// called once, with the outcome, or null and the text of an exception that no process may throw: a bug, after
    /// which the card is in doubt.
    process_runner(process::process<Outcome> process, std::function<void(const process::effect&)> perform,
                   std::function<void(const Outcome*, const std::string&)> ended)
        : process_(std::move(process)), perform_(std::move(perform)), ended_(std::move(ended)) {}

    void start() {
        drive([this] { return process_.start(); });
    }

    void answer(process::answer_variant reply) {
        if (over_) // to a wish of a process that broke before it
            return;
        pending_.emplace(std::move(reply));
        if (!driving_) // else the loop below takes it: effects that are answered at once must not nest
            drive([this] { return take_pending(); });
    }

private:
    const process::effect* take_pending() {
        auto reply = std::move(*pending_);
        pending_.reset();
        return process_.answer(std::move(reply));
    }

    template <class First> void drive(First first) {
        driving_ = true;
        std::optional<Outcome> outcome;
        std::string bug;
        try {
            const auto* wish = first();
            while (wish) {
                perform_(*wish);
                if (!pending_) {
                    driving_ = false;
                    return;
                }
                wish = take_pending();
            }
            outcome = process_.result();
        } catch (const std::exception& e) {
            bug = e.what();
        }
        driving_ = false;
        over_ = true;
        ended_(outcome ? &*outcome : nullptr, bug); // outside, so that what it throws does not end the process again
    }

    process::process<Outcome> process_;
    std::function<void(const process::effect&)> perform_;
    std::function<void(const Outcome*, const std::string&)> ended_;
    std::optional<process::answer_variant> pending_;
    bool driving_ = false;
    bool over_ = false;
};

} // namespace tsms::actors
