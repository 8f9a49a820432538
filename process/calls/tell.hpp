#pragma once

#include "process/calls/effect.hpp"

namespace tsms::calls {

/// Tells the operator. A log that fails ends nothing, and keeps no app waiting.
inline call<void> tell(log_event event) {
    try {
        co_await tell_operator{std::move(event)};
    } catch (const std::exception&) {
    }
}

} // namespace tsms::calls
