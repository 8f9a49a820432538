#pragma once
// What the functions of the TSM-API are asked and what they return (TR 4.2.3, 4.2.5). Attribute for attribute the
// norm's.

#include "model/device.hpp"

namespace tsms::model {

/// TR 4.2.3.2–4.2.3.5
struct command_request {
    service_command what = service_command::install;
    std::map<std::string, std::string> data; ///< installationData or personalizationData
    bool suspension_control = false;         ///< of activate

    friend bool operator==(const command_request&, const command_request&) = default;
};

/// TR 4.2.3.1, the ServiceInstance that an app sees.
struct service_instance_info {
    std::string id;
    instance_state state = instance_state::unknown;
    technical_information technical; ///< never null (AMB-138)
    operation last_operation = operation::no_operation;
    std::string reader;
};

/// TR 4.2.3.7
struct process_start {
    std::string process_id;
    std::string caller_id;
    std::string start_date; ///< ISO 8601, UTC, milliseconds, "Z"
};

/// TR 4.2.3.8
struct process_progress {
    std::string process_id;
    int progress = 0; ///< 0…100; 100 only on success (AMB-133)
    operation what = operation::no_operation;
};

/// executionStatus and executionMessage of every result, in the dialect of who asked (DIV-119). The message is empty
/// exactly when the status is `none` (AMB-141).
struct execution {
    error_category status = error_category::none;
    std::string message;
};

/// The execution that failed with this category of V1.0.4 and these details, for who speaks this dialect.
inline execution failed_execution(dialect d, error_category category, std::string_view details) {
    return {spoken(d, category), error_message(d, category, details)};
}

/// TR 4.2.3.9
struct process_info {
    std::string process_id; ///< empty if no process has been created (AMB-130)
    execution outcome;
    std::string start_date; ///< ISO 8601, UTC, milliseconds, "Z"
    std::string end_date;
};

/// TR 4.2.3.12
struct command_response_pair {
    std::string tag;
    std::string command;  ///< hex
    std::string response; ///< hex
};

/// TR 4.2.3.11
struct personalization_result {
    std::string application_instance_aid; ///< hex
    std::vector<command_response_pair> results;
};

/// TR 4.2.3.10
struct service_command_result {
    command_status status = command_status::not_executed;
    std::vector<personalization_result> personalization_results;
};

/// TR 4.2.5.1
struct create_service_instance_result {
    std::optional<service_instance_info> service_instance;
    execution outcome;
};

/// TR 4.2.5.2
struct get_service_instances_result {
    std::vector<service_instance_info> service_instances;
    execution outcome;
};

/// TR 4.2.5.3
struct deploy_service_result {
    process_info process;
    instance_state state = instance_state::unknown;
    technical_information technical;
    std::vector<service_command_result> commands; ///< one for each requested command (AMB-149)
    std::string reader;
};

/// TR 4.2.5.4
struct update_service_result : deploy_service_result {};

/// TR 4.2.5.5
struct suspend_or_resume_result {
    process_info process;
};

/// TR 4.2.5.6
struct terminate_service_result {
    process_info process;
};

/// TR 4.2.5.7
struct service_deployment_available_result {
    bool deployment_available = false; ///< 0 DEVICE_NOT_ELIGIBLE, 1 DEPLOYMENT_AVAILABLE
    std::string version;
    std::optional<technical_information> new_technical;
    execution outcome;
};

/// TR 4.2.5.8
struct service_update_available_result {
    bool update_available = false; ///< 0 NO_UPDATE_AVAILABLE, 1 UPDATE_AVAILABLE
    std::string new_version;
    std::optional<technical_information> new_technical;
    execution outcome;
};

} // namespace tsms::model
