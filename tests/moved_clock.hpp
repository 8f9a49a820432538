#pragma once
// Time that a test moves.

#include "base/time.hpp"

namespace tsms {

struct moved_clock final : time_source {
    steady_time steady_now{};
    wall_time wall_now{std::chrono::seconds(1'800'000'000)};

    steady_time steady() const override { return steady_now; }
    wall_time wall() const override { return wall_now; }
};

} // namespace tsms
