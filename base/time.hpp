#pragma once
// Where time comes from, and how it is written. Whoever decides by time takes a time_source, so that a test or a
// simulation can give its own.

#include <chrono>
#include <string>

namespace tsms {

using steady_time = std::chrono::steady_clock::time_point; ///< for deadlines and pauses; no setting of a clock moves it
using wall_time = std::chrono::system_clock::time_point;   ///< for what people read, and for what outlives a process

class time_source {
public:
    virtual ~time_source() = default;
    virtual steady_time steady() const = 0;
    virtual wall_time wall() const = 0;
};

/// The clocks of the machine. May be used from every thread.
const time_source& system_time();

/// TR 4.2.3: UTC with milliseconds, "2026-11-29T06:30:12.123Z".
std::string iso8601(wall_time when);

} // namespace tsms
