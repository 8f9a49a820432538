#pragma once
// The functions of the TSM-API with their parameters and results (TR 4.2.5). The set stands here and nowhere else:
// whoever treats the functions one by one visits the variant, so that a new one does not compile until it is thought of
// there.

#include "model/life_cycle.hpp"
#include "model/results.hpp"

#include <variant>

namespace tsms::model {

// `name` is the TR's name, and the last segment of the path.

struct create_service_instance {
    static constexpr std::string_view name = "createServiceInstance";
    using result = create_service_instance_result;
    std::string service_id;
    std::string version;
};
struct get_service_instances {
    static constexpr std::string_view name = "getServiceInstances";
    using result = get_service_instances_result;
    std::string service_id;
};
struct deploy_service {
    static constexpr std::string_view name = "deployService";
    using result = deploy_service_result;
    std::string service_instance_id;
    std::vector<command_request> commands;
    bool finalize = false;
};
struct update_service {
    static constexpr std::string_view name = "updateService";
    using result = update_service_result;
    std::string service_instance_id;
    std::string new_version;
    std::vector<command_request> commands;
    bool finalize = false;
};
struct suspend_or_resume_service {
    static constexpr std::string_view name = "suspendOrResumeService";
    using result = suspend_or_resume_result;
    std::string service_instance_id;
    bool suspension_control = false; ///< true: suspend
};
struct terminate_service {
    static constexpr std::string_view name = "terminateService";
    using result = terminate_service_result;
    std::string service_instance_id;
};
struct check_service_deployment_available {
    static constexpr std::string_view name = "checkServiceDeploymentAvailable";
    using result = service_deployment_available_result;
    std::string service_id;
    std::string version; ///< tag or pattern (AMB-136)
};
struct check_service_update_available {
    static constexpr std::string_view name = "checkServiceUpdateAvailable";
    using result = service_update_available_result;
    std::string service_instance_id;
    std::string new_version; ///< tag or pattern (AMB-136)
};

using tsm_api_function = std::variant<create_service_instance, get_service_instances, deploy_service, update_service,
                                      suspend_or_resume_service, terminate_service, check_service_deployment_available,
                                      check_service_update_available>;

/// Functions that run a process on one Service Instance: their result has a ProcessInfo (TR 4.2.3.9).
template <class Function>
concept runs_process = requires(typename Function::result r) { r.process; };
using life_cycle_function = std::variant<deploy_service, update_service, suspend_or_resume_service, terminate_service>;

using life_cycle_result =
    std::variant<deploy_service_result, update_service_result, suspend_or_resume_result, terminate_service_result>;

/// Functions that look at the handset's cards and change nothing on them.
using enquiry_function = std::variant<create_service_instance, get_service_instances,
                                      check_service_deployment_available, check_service_update_available>;

/// Each function is one or the other.
using function_kind = std::variant<life_cycle_function, enquiry_function>;
function_kind kind_of(const tsm_api_function& function);

/// Alternatives in the order of tsm_api_function.
using tsm_api_result = std::variant<create_service_instance_result, get_service_instances_result, deploy_service_result,
                                    update_service_result, suspend_or_resume_result, terminate_service_result,
                                    service_deployment_available_result, service_update_available_result>;

tsm_api_result result_of(const life_cycle_result& result);

/// What the function returns when it is refused before a process begins (AMB-130): every mandatory attribute, no
/// process id, no command executed. `now` is ISO 8601.
tsm_api_result refusal_of(const tsm_api_function& function, const execution& why, const std::string& now);
const execution& outcome_of(const tsm_api_result& result);

/// A secure component as the handset announced it. Nothing here is verified.
struct announced_card {
    std::string reader;  ///< name of the SE reader (OMAPI)
    std::string se_type; ///< as in SERAM: eSE, iSE, uicc, euicc, ieuicc, undefined
    std::string se_id;   ///< empty: not known
    std::string atr;     ///< hex, empty: not known

    friend bool operator==(const announced_card&, const announced_card&) = default;
};

} // namespace tsms::model
