#pragma once
// What the SDK tells an app of itself (TR 3.5.2, AMB-191): bounded, and kept for whoever asks later.

#include "base/time.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace tsms::sdk {

enum class log_level {
    info,
    error, ///< a call fails, or something in it
};

/// No cookie, no credential, no token, no data of a service command, and of APDUs only how many there were and the last
/// status word: an app may show it to its user and send it to its maker.
struct log_message {
    std::uint64_t number = 0; ///< from 1 on, without gaps; the history forgets the oldest ones
    std::string at;           ///< ISO 8601, UTC, milliseconds, "Z"
    log_level level = log_level::info;
    std::string text; ///< one line of UTF-8 without control characters; what a backend or a card says in it is hostile
};

/// When a listener is told.
enum class log_delivery {
    at_once,
    with_errors, ///< as soon as there is an error: everything since the last time, the error with it
};

/// May be used from any thread.
class log_book {
public:
    using listener = std::function<void(const log_message&)>;
    static constexpr std::size_t most_messages = 500;
    static constexpr std::size_t longest_text = 512; ///< octets

    explicit log_book(const time_source& time = system_time()) : time_(time) {}

    void say(log_level level, std::string_view text);
    /// Null: nobody listens. Whoever is new gets the history, the oldest message first: at once, or with the next
    /// error. One that throws misses that message and no other one.
    void listen(listener to, log_delivery when);

private:
    void deliver();

    const time_source& time_;
    std::recursive_mutex mutex_; ///< also held while it is told: the order is that of the numbers
    std::deque<log_message> history_;
    std::uint64_t last_ = 0; ///< number of the newest
    listener listener_;
    log_delivery when_ = log_delivery::at_once;
    std::uint64_t told_ = 0; ///< number of the newest that the listener has got
};

} // namespace tsms::sdk
