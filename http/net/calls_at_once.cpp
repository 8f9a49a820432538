#include "http/net/calls_at_once.hpp"

namespace tsms::net {

calls_at_once::place::~place() {
    if (of_)
        of_->leave(network_);
}

calls_at_once::place calls_at_once::enter(const std::string& network, time now) {
    std::optional<refusal> refused;
    std::optional<refusal_report> report;
    {
        const std::lock_guard lock(mutex_);
        const auto own = by_network_.find(network);
        if (own != by_network_.end() && own->second >= limits_.most_of_address) // he alone is kept waiting
            refused = refusal::address;
        else if (all_ >= limits_.most)
            refused = refusal::full;
        if (!refused) {
            ++by_network_[network];
            ++all_;
            return place(*this, network);
        }
        turned_away_.note(*refused, network, now);
        report = turned_away_.due(now);
    }
    if (report && report_)
        report_(*report);
    return place(*refused);
}

void calls_at_once::leave(const std::string& network) {
    const std::lock_guard lock(mutex_);
    --all_;
    const auto own = by_network_.find(network);
    if (--own->second == 0)
        by_network_.erase(own);
}

call_counts calls_at_once::counted(time now) const {
    const std::lock_guard lock(mutex_);
    return {all_, turned_away_.counts(), all_ >= limits_.most || turned_away_.lacked_room(now)};
}

} // namespace tsms::net
