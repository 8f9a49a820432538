#include "http/net/retry_after.hpp"

#include "base/ascii.hpp"
#include "base/number.hpp"

#include <algorithm>
#include <ctime>

namespace tsms::net {

namespace {

constexpr std::chrono::seconds longest = std::chrono::hours(24 * 366);

/// The three forms of an HTTP-date (RFC 9110 5.6.7). The program never sets a locale, so names are English.
std::optional<std::time_t> parse_date(const std::string& text) {
    for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
        std::tm utc{};
        const char* end = ::strptime(text.c_str(), form, &utc);
        if (end && *end == '\0')
            return ::timegm(&utc);
    }
    return std::nullopt;
}

std::optional<std::chrono::seconds> parse_seconds(const std::string& text) {
    if (!text::is_digits(text))
        return std::nullopt;
    const auto seconds = text::number<std::int64_t>(text); // nothing: more digits than a number has
    return std::chrono::seconds(std::min<std::int64_t>(seconds.value_or(longest.count()), longest.count()));
}

} // namespace

std::optional<std::chrono::seconds> retry_after(const response& r, std::chrono::system_clock::time_point now) {
    const auto* text = r.headers.find("Retry-After");
    if (!text)
        return std::nullopt;
    if (const auto seconds = parse_seconds(*text))
        return seconds;
    const auto when = parse_date(*text);
    if (!when)
        return std::nullopt;
    const auto* said = r.headers.find("Date");
    const auto then = said ? parse_date(*said) : std::nullopt;
    const auto from = then.value_or(std::chrono::system_clock::to_time_t(now));
    return std::clamp(std::chrono::seconds(*when - from), std::chrono::seconds(0), longest);
}

} // namespace tsms::net
