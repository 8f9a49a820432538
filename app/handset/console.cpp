#include "app/handset/console.hpp"

#include <algorithm>
#include <array>
#include <iostream>

namespace tsms::app {

using model::instance_state;
using model::operation;

namespace {

constexpr std::array<std::pair<instance_state, std::string_view>, 9> states{{
    {instance_state::unknown, "UNKNOWN"},
    {instance_state::not_deployed, "NOT_DEPLOYED"},
    {instance_state::initialized, "INITIALIZED"},
    {instance_state::installed, "INSTALLED"},
    {instance_state::personalized, "PERSONALIZED"},
    {instance_state::activated, "ACTIVATED"},
    {instance_state::operational, "OPERATIONAL"},
    {instance_state::suspended, "SUSPENDED"},
    {instance_state::in_error, "IN_ERROR"},
}};

constexpr std::array<std::pair<operation, std::string_view>, 12> operations{{
    {operation::no_operation, "NO_OPERATION"},
    {operation::service_deployment_installation, "SERVICE_DEPLOYMENT_INSTALLATION"},
    {operation::service_deployment_personalization, "SERVICE_DEPLOYMENT_PERSONALIZATION"},
    {operation::service_deployment_activation, "SERVICE_DEPLOYMENT_ACTIVATION"},
    {operation::service_deployment_finalize, "SERVICE_DEPLOYMENT_FINALIZE"},
    {operation::service_update_installation, "SERVICE_UPDATE_INSTALLATION"},
    {operation::service_update_personalization, "SERVICE_UPDATE_PERSONALIZATION"},
    {operation::service_update_activation, "SERVICE_UPDATE_ACTIVATION"},
    {operation::service_update_finalize, "SERVICE_UPDATE_FINALIZE"},
    {operation::service_suspension, "SERVICE_SUSPENSION"},
    {operation::service_resumption, "SERVICE_RESUMPTION"},
    {operation::service_termination, "SERVICE_TERMINATION"},
}};

template <class Table, class Key> std::string_view name_in(const Table& table, Key key) {
    const auto* row = std::ranges::find(table, key, &Table::value_type::first);
    return row == table.end() ? std::string_view("UNKNOWN") : row->second;
}

constexpr int bar_width = 30;

/// Texts come from the backend and from cards: control characters must not reach the terminal.
std::string clean(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
    return text;
}

std::string line(std::string_view label, const std::string& value) {
    if (value.empty())
        return {};
    std::string text(label);
    text.resize(std::max<std::size_t>(text.size() + 1, 14), ' ');
    return text + clean(value) + "\n";
}

std::string text_of(const model::technical_information& t) {
    std::string text = line("service", t.service_id) + line("version", t.service_version_tag) +
                       line("flavor", t.flavor_name.empty() ? t.flavor_id : t.flavor_name) +
                       line("profile", t.profile_id);
    for (const auto& [key, value] : t.sp_parameters)
        text += line("parameter", key + " = " + value);
    return text;
}

std::string text_of(const model::service_instance_info& i) {
    return line("instance", i.id) + line("state", std::string(state_name(i.state))) + line("reader", i.reader) +
           line("last", std::string(operation_name(i.last_operation))) + text_of(i.technical);
}

std::string text_of(const model::execution& e) {
    if (e.status == model::error_category::none)
        return {};
    return line("failed", e.message + " (" + std::to_string(static_cast<int>(e.status)) + ")");
}

std::string text_of(const model::process_info& p) {
    return line("process", p.process_id) + text_of(p.outcome);
}

struct text_writer {
    std::string operator()(const model::create_service_instance_result& r) const {
        return (r.service_instance ? text_of(*r.service_instance) : "") + text_of(r.outcome);
    }
    std::string operator()(const model::get_service_instances_result& r) const {
        std::string text;
        for (const auto& i : r.service_instances)
            text += text_of(i) + "\n";
        if (r.service_instances.empty() && r.outcome.status == model::error_category::none)
            text = "no instance of this service on the handset\n";
        return text + text_of(r.outcome);
    }
    std::string operator()(const model::deploy_service_result& r) const {
        static constexpr std::array outcomes{"done", "failed", "not executed"};
        std::string text =
            text_of(r.process) + line("state", std::string(state_name(r.state))) + line("reader", r.reader);
        for (std::size_t i = 0; i < r.commands.size(); ++i) {
            const auto& c = r.commands[i];
            text += line("command " + std::to_string(i + 1), outcomes.at(static_cast<std::size_t>(c.status)));
            for (const auto& p : c.personalization_results)
                for (const auto& pair : p.results)
                    text += line("  " + clean(pair.tag), p.application_instance_aid + ": " + pair.response);
        }
        return text + text_of(r.technical);
    }
    std::string operator()(const model::suspend_or_resume_result& r) const { return text_of(r.process); }
    std::string operator()(const model::terminate_service_result& r) const { return text_of(r.process); }
    std::string operator()(const model::service_deployment_available_result& r) const {
        return line("deployment", r.deployment_available ? r.version + " is available" : "device not eligible") +
               (r.new_technical ? text_of(*r.new_technical) : "") + text_of(r.outcome);
    }
    std::string operator()(const model::service_update_available_result& r) const {
        return line("update", r.update_available ? r.new_version + " is available" : "no update available") +
               (r.new_technical ? text_of(*r.new_technical) : "") + text_of(r.outcome);
    }
};

} // namespace

std::string_view state_name(instance_state state) {
    return name_in(states, state);
}
std::string_view operation_name(operation operation) {
    return name_in(operations, operation);
}

progress_view::~progress_view() {
    if (drawn_)
        std::cerr << "\n";
}

void progress_view::onProcessStart(const model::process_start& processStartInfo) {
    std::cerr << "process " << clean(processStartInfo.process_id) << " started\n";
}

void progress_view::onProcessProgress(const model::process_progress& processProgressInfo) {
    const auto& p = processProgressInfo;
    if (!terminal_) {
        std::cerr << p.progress << " % " << operation_name(p.what) << "\n";
        return;
    }
    const auto filled = static_cast<std::size_t>(p.progress * bar_width / 100);
    std::cerr << "\r\x1b[K[" << std::string(filled, '#') << std::string(bar_width - filled, ' ') << "] " << p.progress
              << " % " << operation_name(p.what) << std::flush;
    drawn_ = true;
}

std::string result_text(const model::tsm_api_result& result) {
    return std::visit(text_writer{}, result);
}

json::value statistics_json(const sdk::statistics& s) {
    const auto number = [](std::uint64_t n) { return json::value(static_cast<std::int64_t>(n)); };
    return json::object{{"exchanges", number(s.exchanges)},
                        {"bytesSent", number(s.bytes_sent)},
                        {"bytesReceived", number(s.bytes_received)},
                        {"milliseconds", number(s.milliseconds)},
                        {"apdus", number(s.apdus)}};
}

} // namespace tsms::app
