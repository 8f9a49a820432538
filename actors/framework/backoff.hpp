#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace tsms::actors {

inline constexpr std::chrono::seconds longest_delivery_pause = std::chrono::hours(1);

/// Pause before the next attempt at a delivery (AMB-180): 5 s, doubled each time, at most an hour; nothing after 72
/// hours. `waited` is the sum of the pauses that were waited for: no clock that somebody sets has a part in it
/// (DIV-051), and 72 hours of it are more than 72 attempts.
inline std::optional<std::chrono::seconds> delivery_pause(int attempts, std::chrono::seconds waited) {
    using namespace std::chrono_literals;
    if (waited >= 72h)
        return std::nullopt;
    const int doublings = std::clamp(attempts - 1, 0, 10);
    return std::min<std::chrono::seconds>(5s * (1 << doublings), longest_delivery_pause);
}

} // namespace tsms::actors
