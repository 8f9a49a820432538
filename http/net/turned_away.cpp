#include "http/net/turned_away.hpp"

#include <utility>

namespace tsms::net {

namespace {

constexpr auto report_pause = std::chrono::seconds(60);
/// How long a listener counts as full after it has turned somebody away for lack of room.
constexpr auto full_for = std::chrono::seconds(10);

bool lacks_room(refusal why) {
    return why == refusal::unproven || why == refusal::full || why == refusal::resources;
}

} // namespace

void turned_away::note(refusal why, const std::string& address, time now) {
    ++counts_[static_cast<std::size_t>(why)];
    untold_ = {why, address, untold_.count + 1};
    if (lacks_room(why))
        out_of_room_ = now;
}

std::optional<refusal_report> turned_away::due(time now) {
    if (untold_.count == 0 || (told_ && now - *told_ < report_pause))
        return std::nullopt;
    told_ = now;
    return std::exchange(untold_, {});
}

bool turned_away::lacked_room(time now) const {
    return out_of_room_ && now - *out_of_room_ < full_for;
}

} // namespace tsms::net
