#include "app/tsms/trace_reading.hpp"

#include "gp/status_words.hpp"
#include "model/device.hpp"

#include <algorithm>
#include <ranges>

namespace tsms::app {

namespace {

using sort = trace_line::sort;

std::string_view step_of(std::string_view note) {
    return note.substr(0, note.find_first_of(",:"));
}

std::string hex_of(std::uint16_t sw) {
    const std::uint8_t octets[] = {static_cast<std::uint8_t>(sw >> 8), static_cast<std::uint8_t>(sw)};
    return to_hex(octets);
}

trace_line command_line(const store::traced_entry& e) {
    constexpr std::string_view mark = ", redacted";
    trace_line line{sort::command, e.logged.at, e.logged.note, e};
    const auto step = step_of(e.logged.note);
    line.redacted = std::string_view(e.logged.note).substr(step.size()).starts_with(mark);
    if (line.redacted)
        line.text.erase(step.size(), mark.size());
    return line;
}

/// Where the app was told only that it is an internal problem.
std::string inner_cause(const std::vector<trace_line>& lines) {
    for (const auto& line : lines | std::views::reverse)
        if (line.what == sort::remark && line.text.starts_with(store::inside_the_tsm))
            return "; " + line.text;
    return {};
}

/// Status word and meaning at the step of the command.
void explain(trace_line& line) {
    const auto sw = line.answer->status_word;
    if (!sw) { // a SELECT may be answered so (docs/lab.md, omapi-quiet)
        line.meaning = "an answer without a status word";
        return;
    }
    const auto step = gp::step_named(step_of(line.command.logged.note));
    const auto meaning = gp::explain(step.value_or(gp::step::relayed), *sw);
    line.meaning = meaning.text;
    line.refused = !meaning.accepted;
}

/// Pairs what an order's commands and answers are: the former come first, all of them.
class order_reader {
public:
    explicit order_reader(std::vector<trace_line>& out) : out_(out) {}

    void take(const store::traced_entry& e) {
        if (is_remark(e.logged)) {
            close();
            out_.push_back({sort::remark, e.logged.at, e.logged.note});
        } else if (!e.logged.response) {
            if (answered_ > 0)
                close();
            out_.push_back(command_line(e));
            ++sent_;
        } else if (e.logged.apdu.empty() && !e.logged.note.empty()) {
            out_.push_back({sort::ending, e.logged.at, e.logged.note});
            sent_ = answered_ = 0;
        } else {
            answer(e);
        }
    }

private:
    void close() { sent_ = answered_ = 0; }
    void answer(const store::traced_entry& e) {
        if (answered_ == sent_) // its command was left out, or never written
            return out_.push_back({sort::ending, e.logged.at, "an answer whose command is not here: " + e.logged.apdu});
        auto& line = out_[out_.size() - sent_ + answered_++];
        line.answer = e;
        explain(line);
    }

    std::vector<trace_line>& out_;
    std::size_t sent_ = 0, answered_ = 0; ///< of the order that is read
};

/// An issuer's words name its own steps, and of its commands nobody else knows more.
bool names(const std::string& message, const trace_line& line) {
    const auto step = step_of(line.command.logged.note);
    return message.find("(" + std::string(step) + ")") != std::string::npos ||
           (step == to_string(gp::step::relayed) && message.find("issuer") != std::string::npos);
}

/// The last one whose step and status word the message names, else the first one without an answer in an order that
/// broke off.
trace_line* culprit(const std::string& message, std::vector<trace_line>& lines) {
    for (auto& line : lines | std::views::reverse)
        if (line.what == sort::command && line.refused && names(message, line) &&
            message.find(hex_of(*line.answer->status_word)) != std::string::npos)
            return &line;
    trace_line* silent = nullptr;
    for (auto& line : lines | std::views::reverse) {
        if (line.what == sort::remark && silent)
            break;
        if (line.what == sort::command && (!line.answer || !line.answer->status_word))
            silent = &line;
    }
    return silent && names(message, *silent) ? silent : nullptr;
}

std::string_view remedy_by_category(model::error_category category) {
    using enum model::error_category;
    switch (category) {
    case none:
        return "";
    case execution_interrupted:
        return "the app calls again, with the phone at hand: the next process looks at the card before it changes it";
    case content_related_error:
        return "the service provider changes the Service, or makes room on the card";
    case sc_inaccessible:
        return "the operator looks at the card (tsms card show) and asks its issuer";
    case sc_channel_not_available:
        return "the app closes its own logical channels and calls again";
    case nfc_not_activated:
        return "the user switches NFC on";
    case tsm_not_available:
    case network_connection_error:
    case overload_protection:
    case under_maintenance:
        return "the app calls again later; the operator looks whether the issuer answers (tsms issuer ping)";
    case issuer_error:
        return "the operator asks the issuer of the card (tsms issuer ping)";
    case internal_error:
        return "the operator looks into the server's log at this time, and at the profile of the card";
    case invalid_request:
    case not_authenticated:
    case no_eligible_sc:
    case orphaned_service_instance:
    case invalid_state:
    case already_exists:
    case unauthorized:
    case not_found:
    case device_integrity_check_failed:
        return "the app asks for something else";
    case unspecified:
        return "the operator asks the maker of the card what its status word means";
    }
    return "";
}

/// What the process itself has said of it, in the remark of its end.
std::string who_can_help(const std::vector<trace_line>& lines) {
    constexpr std::string_view begin = "who can help: ", end = ", state ";
    for (const auto& line : lines | std::views::reverse) {
        const auto at = line.what == sort::remark ? line.text.find(begin) : std::string::npos;
        if (at == std::string::npos)
            continue;
        const auto from = at + begin.size();
        const auto to = std::min(line.text.rfind(end), line.text.size());
        return line.text.substr(from, std::max(to, from) - from);
    }
    return {};
}

bool helps_to_repeat(const std::vector<trace_line>& lines) {
    return std::ranges::any_of(lines, [](const auto& line) {
        return line.what == sort::remark && line.text.find("a repetition of the call may succeed") != std::string::npos;
    });
}

bool has_failed(const store::traced_process& p) {
    return p.has_ended && p.status != 0;
}

} // namespace

std::vector<trace_line> lines_of(const store::traced_process& p) {
    std::vector<trace_line> lines;
    order_reader read(lines);
    // What is left out may end within an order: its rest could not be told apart.
    auto from = p.entries.begin();
    if (p.left_out > 0)
        from = std::ranges::find_if(p.entries, [](const auto& e) { return is_remark(e.logged); });
    std::for_each(from, p.entries.end(), [&](const auto& e) { read.take(e); });
    if (has_failed(p))
        if (auto* line = culprit(p.message, lines))
            line->failed = true;
    return lines;
}

std::string cause_of(const store::traced_process& p, const std::vector<trace_line>& lines) {
    if (!has_failed(p))
        return {};
    const auto failed = std::ranges::find(lines, true, &trace_line::failed);
    if (failed == lines.end())
        return p.message + inner_cause(lines);
    const auto sw = failed->answer ? failed->answer->status_word : std::nullopt;
    return p.message + "; the card " +
           (sw ? "answered " + hex_of(*sw) + " (" + failed->meaning + ") to " : "did not answer ") + failed->text;
}

std::string remedy_of(const store::traced_process& p, const std::vector<trace_line>& lines) {
    if (!p.has_ended)
        return "it runs, or its server has died in it: the next start goes on with it when the phone comes back, or "
               "ends it";
    if (!has_failed(p))
        return {};
    const auto who = who_can_help(lines);
    if (!who.empty())
        return "who can help: " + who;
    const auto category = model::category_of(p.status);
    if (category == model::error_category::sc_inaccessible && helps_to_repeat(lines)) // it was only taken away
        return std::string(remedy_by_category(model::error_category::execution_interrupted));
    return category ? std::string(remedy_by_category(*category)) : std::string();
}

} // namespace tsms::app
