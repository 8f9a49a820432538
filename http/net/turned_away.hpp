#pragma once
// Whom a listener has turned away: counted, and told to the operator not more than once a minute.

#include "http/net/admission.hpp"

#include <array>

namespace tsms::net {

/// Those who were turned away since the last report.
struct refusal_report {
    refusal why{};            ///< the last one's reason
    std::string address = {}; ///< the last one's, numeric; empty where it is not known
    std::uint64_t count = 0;
};

/// Not safe for several threads.
class turned_away {
public:
    using time = admission::time;

    void note(refusal why, const std::string& address, time now);
    /// What is to be told now: an attack must not fill the log.
    std::optional<refusal_report> due(time now);

    const std::array<std::uint64_t, refusals>& counts() const { return counts_; } ///< by refusal, since the start
    /// Has somebody found no room (not only been at his address's bound) in the last ten seconds?
    bool lacked_room(time now) const;

private:
    std::array<std::uint64_t, refusals> counts_{};
    std::optional<time> out_of_room_; ///< last time that somebody found none
    refusal_report untold_;
    std::optional<time> told_;
};

} // namespace tsms::net
