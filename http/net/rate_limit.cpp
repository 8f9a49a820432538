#include "http/net/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace tsms::net {

namespace {

double seconds(std::chrono::steady_clock::duration d) {
    return std::chrono::duration<double>(d).count();
}

} // namespace

int rate_limiter::take(const std::string& key, time now) {
    const std::lock_guard lock(mutex_);
    if (buckets_.size() >= most_keys && !buckets_.contains(key)) {
        forget_full(now);
        if (buckets_.size() >= most_keys)
            return 1; // more callers at once than we keep account of
    }
    auto& b = buckets_.try_emplace(key, bucket{burst_, now}).first->second;
    b.tokens = std::min(burst_, b.tokens + seconds(now - b.updated) * per_second_);
    b.updated = now;
    if (b.tokens >= 1) {
        b.tokens -= 1;
        return 0;
    }
    return std::max(1, static_cast<int>(std::ceil((1 - b.tokens) / per_second_)));
}

void rate_limiter::forget_full(time now) {
    std::erase_if(buckets_, [&](const auto& entry) {
        return entry.second.tokens + seconds(now - entry.second.updated) * per_second_ >= burst_;
    });
}

} // namespace tsms::net
