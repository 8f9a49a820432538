#pragma once
// The life-cycle of a Service Instance (TR 3.2.2, Figure 4) as one table of what may be asked in which state, and where
// it leads. Pure functions: no I/O, no clock.

#include "model/device.hpp"

#include <optional>

namespace tsms::model {

struct refusal {
    error_category category;
    std::string details;
};

/// AMB-122.
inline const refusal another_process_runs{error_category::invalid_state, "another process is running"};

/// May this deployService begin (TR 4.2.5.3, AMB-100…107)? Nothing if it may.
std::optional<refusal> refuse_deploy(const service_instance& instance, const std::vector<service_command>& commands,
                                     bool finalize, bool orphaned);

/// May this updateService begin (TR 4.2.5.4, AMB-100, AMB-110)? Its Version is judged by refuse_version.
std::optional<refusal> refuse_update(const service_instance& instance, const std::vector<service_command>& commands,
                                     bool finalize, bool orphaned);

/// May an update lead to this Version (AMB-112)? `exists`: of the Service; `has_target`: it has a published Flavor for
/// the profile of the instance's card.
std::optional<refusal> refuse_version(const service_instance& instance, const std::string& tag, bool exists,
                                      bool has_target);

/// May this suspendOrResumeService begin (TR 4.2.5.5)?
std::optional<refusal> refuse_suspend_or_resume(const service_instance& instance, bool orphaned);

/// May this terminateService begin (TR 4.2.5.6)? Always, but for a process that is already running.
std::optional<refusal> refuse_terminate(const service_instance& instance);

/// From which state the operation counts: InError stands for the last stable state when the failed operation is
/// repeated (AMB-100).
instance_state effective_state(const service_instance& instance);

/// State after a command has been executed.
instance_state state_after(service_command command);

/// State after the finalizing call (AMB-107).
instance_state state_after_finalize(const service_instance& instance);

/// lastOperation of a deployService (TR 4.2.4.2, AMB-120).
operation deploy_operation(const std::vector<service_command>& commands, bool finalize);

/// requestedOperations of the ProcessResult (AMB-120).
std::vector<operation> requested_deploy_operations(const std::vector<service_command>& commands);

/// Operation that progress reports while a command is executed.
operation deploy_operation(service_command command);

/// The same of an updateService.
operation update_operation(const std::vector<service_command>& commands, bool finalize);
std::vector<operation> requested_update_operations(const std::vector<service_command>& commands);

/// A process has failed behind a change of a Service's component (TR 3.2.2): InError, with what AMB-100 remembers.
/// `before` is the state that the process began in; InError keeps the last stable one.
void fail(service_instance& instance, instance_state before, operation what);

/// What a row means that a crashed server left behind with a running process: InError if the process had written its
/// intent to change the card (`card_in_doubt`), else the state before it (AMB-101). The process is no longer running.
service_instance after_crash(service_instance instance, instance_state before, bool card_in_doubt);

} // namespace tsms::model
