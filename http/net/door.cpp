#include "http/net/door.hpp"

#include "http/net/address.hpp"

#include <utility>

namespace tsms::net {

std::optional<door::id> door::enter(std::shared_ptr<descriptor> fd, const std::string& address) {
    const auto now = std::chrono::steady_clock::now();
    std::shared_ptr<descriptor> leaves;
    std::optional<refusal_report> report;
    std::optional<id> in;
    {
        const std::lock_guard lock(mutex_);
        const auto verdict = account_.enter(peer_network(address), now);
        if (verdict.refused) {
            turned_away_.note(*verdict.refused, address, now);
        } else {
            in = verdict.admitted;
            ++counts_.accepted;
            visitors_.emplace(*in, visitor{std::move(fd), address});
        }
        if (verdict.displaced) {
            const auto found = visitors_.find(*verdict.displaced);
            leaves = std::move(found->second.fd);
            turned_away_.note(refusal::displaced, found->second.address, now);
            visitors_.erase(found);
        }
        report = turned_away_.due(now);
    }
    if (leaves)
        leaves->shutdown();
    tell(report);
    return in;
}

void door::no_resources(std::optional<id> who, const std::string& address) {
    const auto now = std::chrono::steady_clock::now();
    std::optional<refusal_report> report;
    {
        const std::lock_guard lock(mutex_);
        if (who) {
            account_.leave(*who);
            visitors_.erase(*who);
        }
        turned_away_.note(refusal::resources, address, now);
        report = turned_away_.due(now);
    }
    tell(report);
}

void door::tell(const std::optional<refusal_report>& report) const {
    if (report && report_)
        report_(*report);
}

void door::prove(id who) {
    const std::lock_guard lock(mutex_);
    account_.prove(who);
}

void door::serving(id who) {
    const std::lock_guard lock(mutex_);
    account_.serving(who);
}

void door::waiting(id who) {
    const std::lock_guard lock(mutex_);
    account_.waiting(who, std::chrono::steady_clock::now());
}

void door::leave(id who) {
    const std::lock_guard lock(mutex_);
    account_.leave(who);
    visitors_.erase(who);
}

void door::count(std::uint64_t connection_counts::*what) {
    const std::lock_guard lock(mutex_);
    ++(counts_.*what);
}

connection_counts door::counted() const {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    auto counts = counts_;
    counts.refused = turned_away_.counts();
    counts.open = account_.size();
    counts.unproven = account_.unproven();
    counts.full = account_.full() || turned_away_.lacked_room(now);
    return counts;
}

} // namespace tsms::net
