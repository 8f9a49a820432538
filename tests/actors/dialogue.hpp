#pragma once
// A dialogue of two readers, and a phone that answers it.

#include "actors/framework/dialogue.hpp"

#include <boost/test/unit_test.hpp>

namespace tsms::actors::test {

using namespace std::chrono_literals;

inline const steady_time t0{};

inline dialogue fresh() {
    dialogue d({{"eSE1", "eSE", "", ""}, {"SIM1", "uicc", "8900", ""}}, {20s, 300s, 32});
    d.opened(t0);
    return d;
}

inline gp::batch commands(std::size_t count) {
    gp::batch b;
    for (std::size_t i = 0; i < count; ++i)
        b.commands.emplace_back(gp::step::get_data, bytes{0x80, 0xE8, 0x00, static_cast<std::uint8_t>(i), 0x00});
    return b;
}

inline report processed(std::vector<std::vector<bytes>> responses = {}) {
    return {agent_status::processed, "", std::move(responses)};
}

/// A phone that reports and is given the next order.
inline order next_order(dialogue& d, const report& r, std::uint64_t number, steady_time now = t0) {
    BOOST_REQUIRE(std::holds_alternative<dialogue::wait>(d.report_arrived(r, number, now)));
    auto o = d.next(now);
    BOOST_REQUIRE(o);
    return *o;
}

} // namespace tsms::actors::test
