#include "actors/framework/stranger_budget.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace tsms::actors {

namespace {

constexpr std::array all_scopes{stranger_budget::scope::address, stranger_budget::scope::card,
                                stranger_budget::scope::all};
constexpr std::chrono::duration<double> refill_time = std::chrono::hours(1); ///< of an empty bucket
constexpr std::chrono::seconds report_pause{60};

} // namespace

int stranger_budget::limit_of(scope s) const {
    switch (s) {
    case scope::address:
        return limits_.of_address;
    case scope::card:
        return limits_.of_card;
    case scope::all:
        break;
    }
    return limits_.in_all;
}

std::optional<std::string> stranger_budget::key_of(scope s, const payer& who) {
    const bool proven = who.of_card == standing::proven;
    switch (s) {
    case scope::address: // whoever claims a card that was proven once is told the same as for any other
        return proven ? std::nullopt : std::optional(who.address);
    case scope::card: // nobody elsewhere can spend what a card that was proven has at its own address
        if (who.card.empty())
            return std::nullopt;
        return who.of_card == standing::unproven ? who.card : who.card + " at " + who.address;
    case scope::all:
        break;
    }
    return proven ? std::nullopt : std::optional<std::string>("");
}

double stranger_budget::available(scope s, const std::string& key, time now) const {
    const double most = limit_of(s);
    const auto& buckets = purse_of(s).buckets;
    const auto found = buckets.find(key);
    if (found == buckets.end())
        return most;
    const std::chrono::duration<double> passed = now - found->second.updated;
    return std::min(most, found->second.tokens + most * (passed / refill_time));
}

void stranger_budget::change(scope s, const std::string& key, double by, time now) {
    const double most = limit_of(s);
    purse_of(s).buckets[key] = {std::clamp(available(s, key, now) + by, 0.0, most), now};
}

bool stranger_budget::has_room(scope s, const std::string& key, time now) {
    auto& buckets = purse_of(s).buckets;
    if (buckets.size() < most_buckets || buckets.contains(key))
        return true;
    std::erase_if(buckets, [&](const auto& entry) { return available(s, entry.first, now) >= limit_of(s); });
    return buckets.size() < most_buckets;
}

stranger_budget::refusal stranger_budget::refuse(scope s, double missing, time now) {
    const auto seconds = std::ceil(missing * refill_time.count() / limit_of(s));
    refusal r{s, std::chrono::seconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(seconds))), 0};
    auto& purse = purse_of(s);
    ++purse.unreported;
    if (!purse.reported || now - *purse.reported >= report_pause) {
        purse.reported = now;
        r.unreported = std::exchange(purse.unreported, 0);
    }
    return r;
}

std::optional<stranger_budget::refusal> stranger_budget::take(const payer& who, int traces, time now) {
    const std::lock_guard lock(mutex_);
    for (const auto s : all_scopes) {
        const auto key = key_of(s, who);
        if (!key)
            continue;
        const auto wanted = std::min(traces, limit_of(s)); // a small limit is slow, and never a lock
        const auto missing = wanted - available(s, *key, now);
        if (missing > 0)
            return refuse(s, missing, now);
        if (!has_room(s, *key, now)) // more callers than we keep account of
            return refuse(scope::all, 1, now);
    }
    for (const auto s : all_scopes)
        if (const auto key = key_of(s, who))
            change(s, *key, -traces, now);
    return std::nullopt;
}

void stranger_budget::give_back(const payer& who, int traces, time now) {
    const std::lock_guard lock(mutex_);
    for (const auto s : all_scopes)
        if (const auto key = key_of(s, who); key && has_room(s, *key, now))
            change(s, *key, traces, now);
}

void stranger_budget::fine(const payer& who, int traces, time now) {
    const std::lock_guard lock(mutex_);
    if (const auto key = key_of(scope::address, who); key && has_room(scope::address, *key, now))
        change(scope::address, *key, -traces, now);
}

std::string report_of(const stranger_budget::refusal& r, const payer& who) {
    const auto text = [&](const std::string& whose, const std::string& option, const std::string& remedy) {
        return whose + " has caused as much for secure components that nobody has proven as " + option +
               " allows; refused " + std::to_string(r.unreported) + " times since the last such line; " + remedy;
    };
    switch (r.of) {
    case stranger_budget::scope::address:
        return text("address " + who.address, "device.unproven_per_address",
                    "if many new handsets share this address, raise it, else shut the address out");
    case stranger_budget::scope::card:
        return text(
            "one claimed secure component (last from address " + who.address + ")", "device.unproven_per_card",
            "if it is a real card, find out in this log why its processes fail before its issuer has proven it");
    case stranger_budget::scope::all:
        break;
    }
    return text("all addresses together (last " + who.address + ")", "device.unproven_in_all",
                "if so many new handsets are expected, raise it, else see which apps call and revoke their credential "
                "(tsms app revoke)");
}

} // namespace tsms::actors
