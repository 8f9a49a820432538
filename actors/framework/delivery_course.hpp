#pragma once
// One delivery between its attempts: when the next one is due, and whether it is over (AMB-180, DIV-051). No clock, no
// store, no actor.

#include "actors/framework/backoff.hpp"
#include "actors/ports.hpp"
#include "model/records.hpp"

#include <algorithm>
#include <variant>

namespace tsms::actors {

enum class delivery_end {
    delivered,
    given_up, ///< the row stays, and the operator decides
    dropped,  ///< the operator has taken the row away
};

/// What the SPOS asks for with Retry-After, within bounds.
inline std::chrono::seconds pause_asked_for(const delivery_outcome& outcome) {
    return std::clamp(outcome.retry_after.value_or(std::chrono::seconds(0)), std::chrono::seconds(0),
                      longest_delivery_pause);
}

/// Follows the counts of its row. The body is not kept while it waits: it is read when the turn has come.
class delivery_course {
public:
    explicit delivery_course(const model::outbox_entry& row) : attempts_(row.attempts), waited_(row.waited) {}

    int attempts() const { return attempts_; }
    /// The pause before this attempt, which counts as waited once the attempt was made.
    std::chrono::seconds pause() const { return pause_; }

    /// Its turn has come. False: its row does not wait any more, so no attempt may be made.
    bool begin(const std::optional<model::outbox_entry>& row) {
        if (!row)
            return false;
        if (row->attempts < attempts_) // the operator wants it as patiently as a new one
            pause_ = std::chrono::seconds(0);
        count(*row);
        return true;
    }

    /// The store has settled an attempt: `waits` is the row with its new counts, or nothing where it does not wait.
    std::variant<std::chrono::seconds, delivery_end>
    after(const delivery_outcome& outcome, const std::optional<model::outbox_entry>& waits, bool given_up) {
        if (outcome.delivered())
            return delivery_end::delivered;
        if (given_up)
            return delivery_end::given_up;
        if (!waits)
            return delivery_end::dropped;
        count(*waits);
        return wait(pause_asked_for(outcome));
    }

    /// The next pause. Also where an attempt could not be stored: it is not counted then, and one that was a success is
    /// repeated, because deliveries may arrive twice (AMB-180).
    std::chrono::seconds wait(std::chrono::seconds at_least) {
        const auto backoff = delivery_pause(attempts_, waited_).value_or(longest_delivery_pause);
        return pause_ = std::max(backoff, at_least);
    }

private:
    void count(const model::outbox_entry& row) {
        attempts_ = row.attempts;
        waited_ = row.waited;
    }

    int attempts_;
    std::chrono::seconds waited_;
    std::chrono::seconds pause_{0}; ///< none before the first attempt of this run
};

} // namespace tsms::actors
