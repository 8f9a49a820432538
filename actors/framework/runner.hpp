#pragma once
// Drives a life-cycle process: every effect goes out, every answer goes in, however soon or late it comes. Knows no actor.

#include "process/effect.hpp"

#include <functional>

namespace tsms::actors {

template <class Outcome> class process_runner {
public:
    /// `perform` gets each effect and sees to it that answer() is called exactly once, at once or later. `ended` gets the outcome, or
    /// null and the text of an exception that no process may throw: a bug, after which the card is in doubt.
    process_runner(process::process<Outcome> process, std::function<void(const process::effect&)> perform,
                   std::function<void(const Outcome*, const std::string&)> ended)
        : process_(std::move(process)), perform_(std::move(perform)), ended_(std::move(ended)) {}

    void start() {
        drive([this] { return process_.start(); });
    }

    void answer(process::answer_variant reply) {
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
            const auto outcome = process_.result();
            ended_(&outcome, {});
        } catch (const std::exception& e) {
            ended_(nullptr, e.what());
        }
        driving_ = false;
    }

    process::process<Outcome> process_;
    std::function<void(const process::effect&)> perform_;
    std::function<void(const Outcome*, const std::string&)> ended_;
    std::optional<process::answer_variant> pending_;
    bool driving_ = false;
};

} // namespace tsms::actors
