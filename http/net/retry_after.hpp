#pragma once
// When a server wants to be asked again (RFC 9110 10.2.3).

#include "http/net/message.hpp"

#include <chrono>
#include <optional>

namespace tsms::net {

/// The response's Retry-After: delta-seconds or a date, then as far from the response's own Date as it says (from `now`
/// where it has none), so that two clocks that differ do not matter. Never negative, at most a year. Nothing if there
/// is none, or one that is malformed.
std::optional<std::chrono::seconds> retry_after(const response& r, std::chrono::system_clock::time_point now);

} // namespace tsms::net
