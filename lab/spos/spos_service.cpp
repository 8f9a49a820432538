#include "lab/spos/spos_service.hpp"

#include "http/wire/process_result.hpp"
#include "lab/json_file.hpp"

#include <algorithm>

namespace tsms::lab {

namespace {

net::response refuse(int status, const std::string& text) {
    return net::json_response(status, json::dump(json::object{{"error", text}}));
}

constexpr std::pair<model::operation, std::string_view> operation_names[] = {
    {model::operation::service_deployment_installation, "install"},
    {model::operation::service_deployment_personalization, "personalize"},
    {model::operation::service_deployment_activation, "activate"},
    {model::operation::service_update_installation, "update"},
    {model::operation::service_update_personalization, "update personalization"},
    {model::operation::service_update_activation, "update activation"},
    {model::operation::service_suspension, "suspend"},
    {model::operation::service_resumption, "resume"},
    {model::operation::service_termination, "terminate"},
};

constexpr std::pair<model::instance_state, std::string_view> state_names[] = {
    {model::instance_state::not_deployed, "NOT_DEPLOYED"}, {model::instance_state::initialized, "INITIALIZED"},
    {model::instance_state::installed, "INSTALLED"},       {model::instance_state::personalized, "PERSONALIZED"},
    {model::instance_state::activated, "ACTIVATED"},       {model::instance_state::operational, "OPERATIONAL"},
    {model::instance_state::suspended, "SUSPENDED"},       {model::instance_state::in_error, "IN_ERROR"},
};

/// The reader of process results lets only listed values in.
template <class Enum, std::size_t N> std::string name(const std::pair<Enum, std::string_view> (&names)[N], Enum value) {
    return std::string(
        std::find_if(std::begin(names), std::end(names), [&](const auto& row) { return row.first == value; })->second);
}

} // namespace

spos_service::spos_service(options o) : options_(std::move(o)) {
    if (options_.file.empty())
        return;
    std::vector<json::value> kept;
    if (is_single_document(options_.file)) {
        const auto document = load_json(options_.file).value();
        const auto* all = document.as_array();
        if (!all)
            throw json::parse_error(options_.file.string() + ": process results are expected");
        kept = *all;
    } else if (auto lines = load_journal(options_.file)) {
        kept = *std::move(lines);
    }
    for (const auto& element : kept)
        remember(wire::parse_process_result(element));
    save_journal(options_.file, kept);
}

void spos_service::remember(model::process_result result) {
    processes_.insert(result.process_id);
    results_.push_back(std::move(result));
}

net::response spos_service::handle(const net::request& request) {
    if (request.path != "/process-results")
        return refuse(404, "there is no such resource");
    if (request.method != "POST") {
        auto response = refuse(405, "only POST is possible");
        response.headers.add("Allow", "POST");
        return response;
    }
    return receive(request);
}

net::response spos_service::receive(const net::request& request) try {
    const auto result = wire::parse_process_result(json::parse(request.body));
    std::lock_guard lock(mutex_);
    if (options_.fail_first > 0) {
        --options_.fail_first;
        if (options_.log)
            options_.log("refused a delivery on purpose, " + std::to_string(options_.fail_first) + " more to refuse");
        return refuse(503, "not now");
    }
    // Without a process (AMB-140) the whole content has to tell a repetition.
    const bool known = result.process_id.empty() ? std::find(results_.begin(), results_.end(), result) != results_.end()
                                                 : processes_.contains(result.process_id);
    if (!known) {
        if (!options_.file.empty()) // before it counts as known: the TSM sends it again if this fails
            append_to_journal(options_.file, wire::to_json(result));
        remember(result);
        if (options_.on_result)
            options_.on_result(result);
    }
    return {};
} catch (const json::parse_error& e) {
    return refuse(400, e.what());
}

std::vector<model::process_result> spos_service::results() const {
    std::lock_guard lock(mutex_);
    return results_;
}

std::string describe(const model::process_result& result) {
    std::string operations;
    for (auto op : result.requested_operations)
        operations += (operations.empty() ? "" : ", ") + name(operation_names, op);
    if (operations.empty())
        operations = "eligibility check";
    auto line = result.end_date + "  " + operations + " of service " + result.service_id + " " + result.version_tag;
    if (!result.service_instance_id.empty())
        line += ", instance " + result.service_instance_id;
    line += ": " + name(state_names, result.start_state) + " -> " + name(state_names, result.end_state);
    return line + (result.message.empty() ? ", ok" : ", " + result.message);
}

} // namespace tsms::lab
