#include "base/time.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace tsms {

const time_source& system_time() {
    static const struct : time_source {
        steady_time steady() const override { return std::chrono::steady_clock::now(); }
        wall_time wall() const override { return std::chrono::system_clock::now(); }
    } source;
    return source;
}

std::string iso8601(wall_time when) {
    using namespace std::chrono;
    const auto second = floor<seconds>(when);
    const auto milliseconds_of = duration_cast<milliseconds>(when - second).count();
    const std::time_t since_epoch = second.time_since_epoch().count();
    std::tm utc{};
    gmtime_r(&since_epoch, &utc);
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                  utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(milliseconds_of));
    return text.data();
}

} // namespace tsms
