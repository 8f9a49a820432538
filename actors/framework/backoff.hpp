#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace tsms::actors {

/// Pause before the next attempt at a delivery (AMB-180): 5 s, doubled each time, at most an hour; nothing after 72
/// hours.
inline std::optional<std::chrono::seconds> delivery_pause(int attempts, std::chrono::nanoseconds since_created) {
    using namespace std::chrono_literals;
    if (since_created >= 72h)
        return std::nullopt;
    const int doublings = std::clamp(attempts - 1, 0, 10);
    return std::min<std::chrono::seconds>(5s * (1 << doublings), 1h);
}

} // namespace tsms::actors
