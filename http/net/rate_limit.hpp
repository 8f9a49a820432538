#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace tsms::net {

/// Token buckets by key. Thread-safe; forgets keys whose bucket is full again, so its size follows activity.
class rate_limiter {
public:
    using time = std::chrono::steady_clock::time_point;

    rate_limiter(double burst, double per_second) : burst_(burst), per_second_(per_second) {}

    /// Takes one token. 0 if there was one, else the seconds after which there is one again.
    int take(const std::string& key, time now);

private:
    struct bucket {
        double tokens;
        time updated;
    };
    void forget_full(time now);

    static constexpr std::size_t most_keys = 10000;
    double burst_;
    double per_second_;
    std::mutex mutex_;
    std::map<std::string, bucket> buckets_;
};

} // namespace tsms::net
