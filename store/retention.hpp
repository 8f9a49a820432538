#pragma once
// What is forgotten by its age.

#include "store/ports/device_rows.hpp"

namespace tsms::store {

class retention {
public:
    explicit retention(device_rows& rows) : rows_(rows) {}

    /// May rows be deleted by their age now? To be asked about once an hour: for the next 24 times no, after the clock
    /// has gone forward by more than a day between two of them (DIV-053).
    bool may_forget(wall_time now) const;
    /// The card log, and the processes that ended before, with their intents (AMB-190).
    void forget_log_before(wall_time limit) const;
    /// Results of processes that ended before, and whose they are; answers to calls that were given before.
    void forget_results_before(wall_time limit) const;
    /// Deletes the secure components of which only phones speak and on which nothing of ours is, with their never
    /// deployed instances: those that an issuer has proven once, if they were named last, and their instances created,
    /// before `limit` (DIV-032); those that nobody has ever proven before `unproven_limit`, with their processes,
    /// intents and card log (DIV-062). How many.
    std::size_t forget_claims_before(wall_time limit, wall_time unproven_limit) const;

private:
    device_rows& rows_;
};

} // namespace tsms::store
