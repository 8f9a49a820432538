#include "http/net/door.hpp"

#include "http/net/address.hpp"

#include <utility>

namespace tsms::net {

namespace {

/// One line in the operator's log in so long: an attack must not fill the disk.
constexpr auto report_pause = std::chrono::seconds(60);
/// How long a listener counts as full after it has turned somebody away for lack of room.
constexpr auto full_for = std::chrono::seconds(10);

bool lacks_room(refusal why) {
    return why == refusal::unproven || why == refusal::full || why == refusal::resources;
}

} // namespace

std::optional<door::id> door::enter(std::shared_ptr<descriptor> fd, const std::string& address) {
    const auto now = std::chrono::steady_clock::now();
    std::shared_ptr<descriptor> leaves;
    std::optional<refusal_report> report;
    std::optional<id> in;
    {
        const std::lock_guard lock(mutex_);
        const auto verdict = account_.enter(peer_network(address), now);
        if (verdict.refused) {
            turned_away(*verdict.refused, address, now);
        } else {
            in = verdict.admitted;
            ++counts_.accepted;
            visitors_.emplace(*in, visitor{std::move(fd), address});
        }
        if (verdict.displaced) {
            const auto found = visitors_.find(*verdict.displaced);
            leaves = std::move(found->second.fd);
            turned_away(refusal::displaced, found->second.address, now);
            visitors_.erase(found);
        }
        report = due(now);
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
        turned_away(refusal::resources, address, now);
        report = due(now);
    }
    tell(report);
}

void door::turned_away(refusal why, const std::string& address, time now) {
    ++counts_.refused[static_cast<std::size_t>(why)];
    untold_ = {why, address, untold_.count + 1};
    if (lacks_room(why))
        out_of_room_ = now;
}

std::optional<refusal_report> door::due(time now) {
    if (untold_.count == 0 || (told_ && now - *told_ < report_pause))
        return std::nullopt;
    told_ = now;
    return std::exchange(untold_, {});
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

bool door::leave(id who) {
    const std::lock_guard lock(mutex_);
    account_.leave(who);
    return visitors_.erase(who) > 0;
}

void door::count(std::uint64_t connection_counts::*what) {
    const std::lock_guard lock(mutex_);
    ++(counts_.*what);
}

connection_counts door::counted() const {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    auto counts = counts_;
    counts.open = account_.size();
    counts.unproven = account_.unproven();
    counts.full = account_.full() || (out_of_room_ && now - *out_of_room_ < full_for);
    return counts;
}

} // namespace tsms::net
