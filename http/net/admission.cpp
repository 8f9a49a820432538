#include "http/net/admission.hpp"

namespace tsms::net {

admission::held admission::of(const std::string& network) const {
    const auto found = by_network_.find(network);
    return found == by_network_.end() ? held{} : found->second;
}

template <class Eligible> admission::entries::iterator admission::longest_waiting(Eligible eligible) {
    auto longest = all_.end();
    for (auto it = all_.begin(); it != all_.end(); ++it)
        if (it->second.waits && eligible(it->second) &&
            (longest == all_.end() || it->second.since < longest->second.since))
            longest = it;
    return longest;
}

/// A waiting connection of the address that has most by `count`, if it has at least `least`.
admission::entries::iterator admission::of_heaviest(std::size_t held::*count, std::size_t least, bool only_unproven) {
    std::size_t most = 0;
    for (const auto& [who, e] : all_)
        if (e.waits && (e.unproven || !only_unproven))
            most = std::max(most, of(e.network).*count);
    if (most < least)
        return all_.end();
    return longest_waiting(
        [&](const entry& e) { return (e.unproven || !only_unproven) && of(e.network).*count == most; });
}

/// Whose connection makes room for a newcomer where that is needed; nobody's, and why, where there is none.
std::optional<refusal> admission::make_room(const std::string& network, time now, entries::iterator& leaves) {
    const auto mine = of(network);
    const auto own = [&] {
        return longest_waiting(
            [&](const entry& e) { return e.network == network && e.unproven && now - e.since >= limits_.grace; });
    };
    std::optional<refusal> why;
    leaves = all_.end();
    if (mine.all >= limits_.most_of_address) {
        why = refusal::address;
    } else if (unproven_ >= limits_.most_unproven) {
        why = refusal::unproven;
        leaves = of_heaviest(&held::unproven, mine.unproven + 1, true);
    } else if (all_.size() >= limits_.most) {
        why = refusal::full;
        leaves = of_heaviest(&held::all, mine.all + 2, true);
        if (leaves == all_.end())
            leaves = of_heaviest(&held::all, mine.all + 2, false);
    }
    if (why && leaves == all_.end())
        leaves = own();
    return leaves == all_.end() ? why : std::nullopt;
}

admission::verdict admission::enter(const std::string& network, time now) {
    verdict v;
    entries::iterator leaves;
    v.refused = make_room(network, now, leaves);
    if (v.refused)
        return v;
    if (leaves != all_.end()) {
        v.displaced = leaves->first;
        remove(leaves);
    }
    v.admitted = next_++;
    all_.emplace(v.admitted, entry{network, now});
    auto& counted = by_network_[network];
    ++counted.all;
    ++counted.unproven;
    ++unproven_;
    return v;
}

void admission::prove(id who) {
    const auto found = all_.find(who);
    if (found == all_.end() || !found->second.unproven)
        return;
    found->second.unproven = false;
    --by_network_[found->second.network].unproven;
    --unproven_;
}

void admission::serving(id who) {
    prove(who);
    if (const auto found = all_.find(who); found != all_.end())
        found->second.waits = false;
}

void admission::waiting(id who, time now) {
    if (const auto found = all_.find(who); found != all_.end()) {
        found->second.waits = true;
        found->second.since = now;
    }
}

void admission::leave(id who) {
    if (const auto found = all_.find(who); found != all_.end())
        remove(found);
}

void admission::remove(entries::iterator which) {
    const auto counted = by_network_.find(which->second.network);
    if (which->second.unproven) {
        --counted->second.unproven;
        --unproven_;
    }
    if (--counted->second.all == 0)
        by_network_.erase(counted);
    all_.erase(which);
}

} // namespace tsms::net
