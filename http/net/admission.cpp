#include "http/net/admission.hpp"

#include <algorithm>

namespace tsms::net {

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
            most = std::max(most, e.network->second.*count);
    if (most < least)
        return all_.end();
    return longest_waiting(
        [&](const entry& e) { return (e.unproven || !only_unproven) && e.network->second.*count == most; });
}

/// Whose connection makes room for a newcomer where that is needed; nobody's, and why, where there is none.
std::optional<refusal> admission::make_room(networks::iterator network, time now, entries::iterator& leaves) {
    const auto& mine = network->second;
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
    const auto mine = by_network_.try_emplace(network).first;
    v.refused = make_room(mine, now, leaves);
    if (v.refused) {
        if (mine->second.all == 0)
            by_network_.erase(mine);
        return v;
    }
    v.admitted = next_++;
    all_.emplace(v.admitted, entry{mine, now});
    ++mine->second.all;
    ++mine->second.unproven;
    ++unproven_;
    if (leaves != all_.end()) { // now that its network has one more: the last one takes its count along
        v.displaced = leaves->first;
        remove(leaves);
    }
    return v;
}

void admission::prove(id who) {
    const auto found = all_.find(who);
    if (found == all_.end() || !found->second.unproven)
        return;
    found->second.unproven = false;
    --found->second.network->second.unproven;
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
    const auto counted = which->second.network;
    if (which->second.unproven) {
        --counted->second.unproven;
        --unproven_;
    }
    if (--counted->second.all == 0)
        by_network_.erase(counted);
    all_.erase(which);
}

} // namespace tsms::net
