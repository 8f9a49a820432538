#include "sdk/progress.hpp"

#include "json/json.hpp"

#include <algorithm>

namespace tsms::sdk {

namespace {

/// The percent that a notification announces, if it is progress. What cannot be read fails when its turn comes.
std::optional<int> percent_of(const std::string& text) {
    try {
        const auto content = wire::parse_notification({}, text);
        if (const auto* progress = content ? std::get_if<model::process_progress>(&*content) : nullptr)
            return progress->progress;
    } catch (const std::exception&) {
    }
    return std::nullopt;
}

/// An R-APDU that is neither a success nor a warning (ISO/IEC 7816-4 5.6).
bool is_error(bytes_view r_apdu) {
    if (r_apdu.size() < 2)
        return true;
    const auto sw1 = r_apdu[r_apdu.size() - 2];
    return sw1 != 0x90 && (sw1 < 0x61 || sw1 > 0x63);
}

} // namespace

void order_progress::begins(const wire::seram_order& order) {
    marks_.clear();
    std::size_t commands = 0;
    for (const auto& command : order.commands) {
        if (const auto* apdus = std::get_if<wire::seram_apdus>(&command))
            commands += apdus->commands.size();
        else if (const auto* notification = std::get_if<wire::seram_notification>(&command))
            if (const auto percent = percent_of(notification->text))
                marks_.push_back({commands, *percent});
    }
    done_ = since_ = 0;
    refused_ = false;
    from_ = last_ ? last_->progress : 0;
}

void order_progress::answered(bytes_view c_apdu, bytes_view r_apdu) {
    ++done_;
    refused_ = refused_ || (is_secured(c_apdu.front()) && is_error(r_apdu));
    const auto next = std::ranges::find_if(marks_, [&](const mark& m) { return m.behind >= done_; });
    if (refused_ || !last_ || next == marks_.end() || next->percent <= from_)
        return;
    const auto part =
        static_cast<int>((done_ - since_) * static_cast<std::size_t>(next->percent - from_) / (next->behind - since_));
    auto between = *last_;
    between.progress = std::min(from_ + part, next->percent - 1); // the mark itself names what begins there
    if (between.progress > last_->progress)
        tell(between);
}

void order_progress::reached(model::process_progress mark) {
    if (refused_)
        return;
    if (last_)
        mark.progress = std::max(mark.progress, last_->progress);
    since_ = done_;
    from_ = mark.progress;
    if (!last_ || last_->progress != mark.progress || last_->what != mark.what)
        tell(mark);
}

void order_progress::tell(const model::process_progress& progress) {
    last_ = progress;
    tell_(progress);
}

} // namespace tsms::sdk
