#include "store/retention.hpp"

namespace tsms::store {

namespace {

void forget(device_rows& rows, const model::secure_component& card) {
    if (model::is_unproven(card)) { // what nobody's card did is worth no room either
        rows.card_log().forget_on(card.id);
        rows.processes().forget_on(card.id);
    }
    rows.instances().remove_on(card.id);
    rows.cards().remove(card.id);
    rows.audit().append("card forgotten", card.id);
}

std::size_t forget_claims(device_rows& rows, wall_time limit, bool proven_once) {
    std::size_t count = 0;
    for (const auto& card : rows.cards().only_claimed_before(limit, proven_once)) {
        if (!model::rests_on_claims(card) || card.doubt || card.quarantined)
            continue;
        forget(rows, card);
        ++count;
    }
    return count;
}

} // namespace

bool retention::may_forget(wall_time now) const {
    using namespace std::chrono_literals;
    constexpr auto forward = 26h;    ///< a step of the clock, or a server that was down
    constexpr auto shortest = 30min; ///< an asking that comes earlier does not count: a restart
    constexpr int held = 24;
    return rows_.change([&] {
        const auto asked = std::chrono::floor<std::chrono::seconds>(now);
        const auto last = rows_.last_forgetting();
        if (!last) {
            rows_.remember({asked, 0});
            return true;
        }
        const auto gap = asked - last->asked;
        if (gap >= 0s && gap < shortest)
            return last->held == 0;
        const int still = gap > forward ? held : std::max(0, last->held - 1);
        rows_.remember({asked, still});
        return still == 0;
    });
}

void retention::forget_log_before(wall_time limit) const {
    rows_.change([&] {
        rows_.card_log().forget_before(limit);
        rows_.processes().forget_ended_before(limit);
    });
}

void retention::forget_results_before(wall_time limit) const {
    rows_.change([&] {
        rows_.processes().forget_results_before(limit);
        rows_.answers().forget_before(limit);
    });
}

std::size_t retention::forget_claims_before(wall_time limit, wall_time unproven_limit) const {
    return rows_.change(
        [&] { return forget_claims(rows_, limit, true) + forget_claims(rows_, unproven_limit, false); });
}

} // namespace tsms::store
