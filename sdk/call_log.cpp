#include "sdk/call_log.hpp"

#include <algorithm>

namespace tsms::sdk {

void call_log::begins(const wire::seram_order& order) {
    tell_answers();
    std::size_t commands = 0;
    bool stop = false;
    for (const auto& command : order.commands) {
        if (const auto* apdus = std::get_if<wire::seram_apdus>(&command))
            commands += apdus->commands.size();
        stop = stop || std::holds_alternative<wire::seram_stop>(command);
    }
    book_.say(log_level::info, "order of the backend: commands " + std::to_string(commands) +
                                   (order.secure_element ? " for reader '" + order.secure_element->id + "'" : "") +
                                   (stop ? ", stop" : ""));
}

void call_log::answered(bytes_view r_apdu) {
    constexpr std::size_t status_octets = 2;
    ++answers_;
    status_word_ = to_hex(r_apdu.last(std::min(r_apdu.size(), status_octets)));
}

void call_log::process_starts(const std::string& id) {
    book_.say(log_level::info, "process " + id + " starts");
}

/// Of the order before.
void call_log::tell_answers() {
    if (answers_ > 0)
        book_.say(log_level::info, "commands that were answered: " + std::to_string(answers_) + ", the last one with " +
                                       (status_word_.empty() ? "nothing" : status_word_));
    answers_ = 0;
}

std::function<void(const std::string&)> errors_to(log_book& book, std::function<void(const std::string&)> also) {
    return [&book, also = std::move(also)](const std::string& line) {
        book.say(log_level::error, line);
        if (also)
            also(line);
    };
}

void tell_begin(log_book& book, std::string_view function, std::size_t components) {
    book.say(log_level::info, std::string(function) + " begins, secure components " + std::to_string(components));
}

void tell_end(log_book& book, std::string_view function, const model::tsm_api_result& result) {
    const auto& outcome = model::outcome_of(result);
    const bool good = outcome.status == model::error_category::none;
    book.say(good ? log_level::info : log_level::error, std::string(function) + " ends, status " +
                                                            std::to_string(static_cast<int>(outcome.status)) +
                                                            (good ? "" : ": " + outcome.message));
}

} // namespace tsms::sdk
