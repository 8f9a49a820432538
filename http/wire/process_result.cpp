#include "http/wire/process_result.hpp"

#include <algorithm>
#include <array>

namespace tsms::wire {

namespace {

using model::error_category;
using model::instance_state;
using model::operation;

/// The finalize operations (13, 23) are none that an app requests, so the TR does not list them here.
constexpr std::array requestable{
    operation::service_deployment_installation,
    operation::service_deployment_personalization,
    operation::service_deployment_activation,
    operation::service_update_installation,
    operation::service_update_personalization,
    operation::service_update_activation,
    operation::service_suspension,
    operation::service_resumption,
    operation::service_termination,
};

constexpr std::array states{
    instance_state::not_deployed, instance_state::initialized, instance_state::installed, instance_state::personalized,
    instance_state::activated,    instance_state::operational, instance_state::suspended, instance_state::in_error,
};

template <class Enum, std::size_t N>
Enum one_of(const std::array<Enum, N>& listed, std::int64_t number, const char* what) {
    const auto* found =
        std::find_if(listed.begin(), listed.end(), [&](Enum e) { return static_cast<int>(e) == number; });
    if (found == listed.end())
        throw json::parse_error(std::string(what) + ": " + std::to_string(number) +
                                " is not in the list of TR 4.3.3.1");
    return *found;
}

error_category category(std::int64_t number) {
    if (number < 0 || number > 1000)
        throw json::parse_error("executionStatus: out of range");
    return static_cast<error_category>(number);
}

} // namespace

json::value to_json(const model::process_result& result) {
    json::array operations;
    for (auto op : result.requested_operations)
        if (std::find(requestable.begin(), requestable.end(), op) != requestable.end())
            operations.emplace_back(static_cast<int>(op));
    return json::object{
        {"processId", result.process_id},
        {"executionStatus", static_cast<int>(result.status)},
        {"executionMessage", result.message},
        {"startDate", result.start_date},
        {"endDate", result.end_date},
        {"serviceId", result.service_id},
        {"versionTag", result.version_tag},
        {"serviceInstanceId", result.service_instance_id},
        {"requestedOperations", std::move(operations)},
        {"serviceStartState", static_cast<int>(result.start_state)},
        {"serviceEndState", static_cast<int>(result.end_state)},
    };
}

model::process_result parse_process_result(const json::value& document) {
    json::reader r(json::root_object(document));
    model::process_result result;
    result.process_id = r.string_or("processId", "");
    result.status = category(r.integer("executionStatus"));
    result.message = r.string_or("executionMessage", "");
    result.start_date = r.string("startDate");
    result.end_date = r.string("endDate");
    result.service_id = r.string("serviceId");
    result.version_tag = r.string("versionTag");
    result.service_instance_id = r.string("serviceInstanceId");
    for (const auto& element : r.array("requestedOperations")) {
        const auto* number = element.as_integer();
        if (!number)
            throw json::parse_error("requestedOperations: an integer is expected");
        result.requested_operations.push_back(one_of(requestable, *number, "requestedOperations"));
    }
    result.start_state = one_of(states, r.integer("serviceStartState"), "serviceStartState");
    result.end_state = one_of(states, r.integer("serviceEndState"), "serviceEndState");
    return result;
}

} // namespace tsms::wire
