#pragma once
// The TSM-API between SDK and backend (DESIGN 3 "Device", docs/tsm-api-wire.md): one JSON document for each function of
// TR 4.2.5, in both directions. Readers throw json::parse_error, whose text is fit for the sender.

#include "model/results.hpp"
#include "json/json.hpp"

#include <variant>

namespace tsms::wire {

/// A secure component that the app can reach.
struct handset_component {
    std::string reader;  ///< name of the SE reader (OMAPI)
    std::string se_type; ///< as in SERAM: eSE, iSE, uicc, euicc, ieuicc, undefined
    std::string se_id;   ///< empty: not known
    std::string atr;     ///< hex, empty: not known
    friend bool operator==(const handset_component&, const handset_component&) = default;
};

struct handset {
    std::string caller_id; ///< AMB-142: hash of the app's certificate, hex
    std::vector<handset_component> components;
    friend bool operator==(const handset&, const handset&) = default;
};

// The functions with their parameters; `name` is the TR's name and the last segment of the path.

struct create_service_instance {
    static constexpr std::string_view name = "createServiceInstance";
    using result = model::create_service_instance_result;
    std::string service_id;
    std::string version;
};
struct get_service_instances {
    static constexpr std::string_view name = "getServiceInstances";
    using result = model::get_service_instances_result;
    std::string service_id;
};
struct deploy_service {
    static constexpr std::string_view name = "deployService";
    using result = model::deploy_service_result;
    std::string service_instance_id;
    std::vector<model::command_request> commands;
    bool finalize = false;
};
struct update_service {
    static constexpr std::string_view name = "updateService";
    using result = model::update_service_result;
    std::string service_instance_id;
    std::string new_version;
    std::vector<model::command_request> commands;
    bool finalize = false;
};
struct suspend_or_resume_service {
    static constexpr std::string_view name = "suspendOrResumeService";
    using result = model::suspend_or_resume_result;
    std::string service_instance_id;
    bool suspension_control = false;
};
struct terminate_service {
    static constexpr std::string_view name = "terminateService";
    using result = model::terminate_service_result;
    std::string service_instance_id;
};
struct check_service_deployment_available {
    static constexpr std::string_view name = "checkServiceDeploymentAvailable";
    using result = model::service_deployment_available_result;
    std::string service_id;
    std::string version; ///< or pattern (AMB-136)
};
struct check_service_update_available {
    static constexpr std::string_view name = "checkServiceUpdateAvailable";
    using result = model::service_update_available_result;
    std::string service_instance_id;
    std::string new_version; ///< or pattern
};

using tsm_api_function = std::variant<create_service_instance, get_service_instances, deploy_service, update_service,
                                      suspend_or_resume_service, terminate_service, check_service_deployment_available,
                                      check_service_update_available>;

/// Alternatives in the order of tsm_api_function.
using tsm_api_result = std::variant<model::create_service_instance_result, model::get_service_instances_result,
                                    model::deploy_service_result, model::update_service_result,
                                    model::suspend_or_resume_result, model::terminate_service_result,
                                    model::service_deployment_available_result, model::service_update_available_result>;

struct tsm_api_call {
    tsm_api_function function;
    handset phone;
};

std::string_view function_name(const tsm_api_function& function);
bool is_function(std::string_view name);

json::value to_json(const tsm_api_call& call);
/// `name` is the function's; is_function(name) holds. A list of commands that is null or has null or unknown entries is
/// refused here (AMB-106), their number and order are judged by model/life_cycle.hpp.
tsm_api_call parse_call(std::string_view name, const json::value& document);

/// The TR's result object.
json::value to_json(const tsm_api_result& result);
/// Unknown states become UNKNOWN (AMB-118), unknown error categories UNSPECIFIED.
tsm_api_result parse_result(std::string_view name, const json::value& document);

/// What the function returns when it is refused before a process starts (AMB-130): no process id, no command executed.
/// `now` is ISO 8601.
tsm_api_result refusal_of(const tsm_api_function& function, model::error_category category, std::string_view details,
                          const std::string& now);
const model::execution& outcome_of(const tsm_api_result& result);

/// The answer to a call that needs the card: where to be Local Agent.
struct session_opened {
    std::string session_id;
    std::string ra_endpoint; ///< of the SERAM endpoints: an absolute URL on the host of the call, or a path alone
};
using tsm_api_answer = std::variant<tsm_api_result, session_opened>;

json::value to_json(const tsm_api_answer& answer);
tsm_api_answer parse_answer(std::string_view name, const json::value& document);

/// Content of a SERAM deviceAppNotification. A result comes in the Stop order and saves its own exchange.
using notification = std::variant<model::process_start, model::process_progress, tsm_api_result>;

std::string notification_text(const notification& content);
/// Nothing where the type is not known: a newer backend. Throws for anything that is malformed.
std::optional<notification> parse_notification(std::string_view name, std::string_view text);

} // namespace tsms::wire
