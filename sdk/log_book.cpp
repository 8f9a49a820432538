#include "sdk/log_book.hpp"

#include "base/utf8.hpp"

#include <algorithm>

namespace tsms::sdk {

void log_book::say(log_level level, std::string_view text) {
    const std::lock_guard lock(mutex_);
    history_.push_back({++last_, iso8601(time_.wall()), level, text::quotable(text, longest_text)});
    if (history_.size() > most_messages)
        history_.pop_front();
    if (level == log_level::error || when_ == log_delivery::at_once)
        deliver();
}

void log_book::listen(listener to, log_delivery when) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(to);
    when_ = when;
    told_ = 0;
    if (when == log_delivery::at_once)
        deliver();
}

/// A listener may say something, or have another one listen: what is told is looked for anew each time.
void log_book::deliver() {
    while (listener_ && told_ < last_) {
        const auto oldest = history_.front().number;
        const auto next = std::max(told_ + 1, oldest);
        const auto message = history_[static_cast<std::size_t>(next - oldest)];
        told_ = next;
        const auto to = listener_; // it may be replaced by what it does
        try {
            to(message);
        } catch (const std::exception&) { // a log ends no call
        }
    }
}

} // namespace tsms::sdk
