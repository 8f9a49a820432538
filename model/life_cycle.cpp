#include "model/life_cycle.hpp"

#include "model/version_tag.hpp"

#include <algorithm>
#include <array>

namespace tsms::model {

namespace {

using enum instance_state;
constexpr auto I = service_command::install;
constexpr auto P = service_command::personalize;
constexpr auto A = service_command::activate;

struct combination {
    instance_state from;
    std::vector<service_command> commands;
};

/// TR 4.2.5.3, "The following combinations are supported", and INSTALLED: [Personalize] (Figure 4 transition 6,
/// AMB-102).
const std::vector<combination>& combinations() {
    static const std::vector<combination> table{
        {not_deployed, {I, A, P}}, {not_deployed, {I, A}}, {not_deployed, {I, P, A}}, {not_deployed, {I, P}},
        {not_deployed, {I}},       {installed, {A, P}},    {installed, {A}},          {personalized, {A}},
        {installed, {P, A}},       {installed, {P}},       {activated, {P}},          {activated, {}},
        {personalized, {}},
    };
    return table;
}

std::string_view name(service_command command) {
    switch (command) {
    case I:
        return "install";
    case P:
        return "personalize";
    case A:
        return "activate";
    }
    return "";
}

bool has_duplicates(const std::vector<service_command>& commands) {
    for (auto command : {I, P, A})
        if (std::count(commands.begin(), commands.end(), command) > 1)
            return true;
    return false;
}

bool is_deployment(operation o) {
    const int code = static_cast<int>(o);
    return code >= 10 && code < 20;
}

bool is_update(operation o) {
    const int code = static_cast<int>(o);
    return code >= 20 && code < 30;
}

bool is_suspension(operation o) {
    return o == operation::service_suspension || o == operation::service_resumption;
}

refusal invalid_state(std::string details) {
    return {error_category::invalid_state, std::move(details)};
}

const refusal orphan = {
    error_category::orphaned_service_instance,
    "the Flavor of the service instance has been removed; only suspend, resume and terminate are possible"};

/// Of a deploy and an update, in this order. `is_same`: an operation that this one goes on with after an error.
std::optional<refusal> refuse_commands(const service_instance& instance, const std::vector<service_command>& commands,
                                       bool finalize, bool orphaned, bool (*is_same)(operation)) {
    if (has_duplicates(commands) || commands.size() > 3)
        return refusal{error_category::invalid_request, "each service command may be given once"};
    if (commands.empty() && !finalize) // AMB-103
        return refusal{error_category::invalid_request,
                       "no service commands, and the deployment is not to be finalized"};
    if (!instance.running_process.empty()) // AMB-122
        return another_process_runs;
    if (orphaned) // AMB-114
        return orphan;
    if (instance.state == in_error && !is_same(instance.failed_operation)) // AMB-100
        return invalid_state("service instance is in error state");
    return std::nullopt;
}

bool is_supported(instance_state from, const std::vector<service_command>& commands) {
    const auto& table = combinations();
    return std::any_of(table.begin(), table.end(),
                       [&](const combination& row) { return row.from == from && row.commands == commands; });
}

} // namespace

instance_state effective_state(const service_instance& instance) {
    return instance.state == in_error ? instance.last_stable : instance.state;
}

std::optional<refusal> refuse_deploy(const service_instance& instance, const std::vector<service_command>& commands,
                                     bool finalize, bool orphaned) {
    if (const auto refusal = refuse_commands(instance, commands, finalize, orphaned, is_deployment))
        return refusal;
    const auto from = effective_state(instance);
    if (from == operational || from == suspended)
        return invalid_state("service is already deployed and finalized");
    for (auto command : commands) { // AMB-105: the set of executed commands, not only the last, counts
        const auto& executed = instance.executed;
        if (from != not_deployed && std::find(executed.begin(), executed.end(), command) != executed.end())
            return invalid_state("service command ‘" + std::string(name(command)) + "’ has already been executed");
    }
    if (is_supported(from, commands))
        return std::nullopt;
    if (from == not_deployed)
        return invalid_state("service not deployed yet");
    return invalid_state("service commands in this order are not supported in state " +
                         std::to_string(static_cast<int>(from)));
}

std::optional<refusal> refuse_update(const service_instance& instance, const std::vector<service_command>& commands,
                                     bool finalize, bool orphaned) {
    if (const auto refusal = refuse_commands(instance, commands, finalize, orphaned, is_update))
        return refusal;
    const auto from = effective_state(instance);
    if (from == not_deployed)
        return invalid_state("service not deployed yet");
    if (from != operational && from != suspended)
        return invalid_state("service deployment not finalized yet");
    if (!is_supported(not_deployed, commands)) // AMB-110
        return invalid_state("an update begins with the service command ‘install’, and these service commands in this "
                             "order are not supported");
    return std::nullopt;
}

std::optional<refusal> refuse_version(const service_instance& instance, const std::string& tag, bool exists,
                                      bool has_target) {
    const auto asked = parse_tag(tag);
    if (!asked) // AMB-136
        return refusal{error_category::invalid_request, "version ‘" + tag + "’ is not of the form a.b.c"};
    if (!exists)
        return refusal{error_category::not_found, "version ‘" + tag + "’ does not exist"};
    if (instance.state != in_error && parse_tag(instance.target.version_tag) == asked)
        return refusal{error_category::no_eligible_sc, "service is already updated to requested version"};
    if (!has_target)
        return refusal{error_category::no_eligible_sc, "version ‘" + tag +
                                                           "’ has no published Flavor for the profile of the secure "
                                                           "component of the service instance"};
    return std::nullopt;
}

std::optional<refusal> refuse_suspend_or_resume(const service_instance& instance, bool orphaned) {
    if (!instance.running_process.empty())
        return another_process_runs;
    if (instance.state == in_error) {
        if (orphaned) // AMB-114
            return orphan;
        if (!is_suspension(instance.failed_operation)) // AMB-100
            return invalid_state("service instance is in error state");
        return std::nullopt;
    }
    switch (instance.state) {
    case operational:
    case suspended:
        return std::nullopt;
    case not_deployed:
        return invalid_state("service not deployed yet");
    default:
        return orphaned ? orphan : invalid_state("service deployment not finalized yet");
    }
}

std::optional<refusal> refuse_terminate(const service_instance& instance) {
    if (!instance.running_process.empty())
        return another_process_runs;
    return std::nullopt;
}

instance_state state_after(service_command command) {
    switch (command) {
    case I:
        return installed;
    case P:
        return personalized;
    case A:
        return activated;
    }
    return unknown;
}

instance_state state_after_finalize(const service_instance& instance) {
    const bool was_activated =
        std::find(instance.executed.begin(), instance.executed.end(), A) != instance.executed.end();
    return was_activated && instance.suspend_on_finalize ? suspended : operational;
}

service_instance after_crash(service_instance instance, instance_state before, bool card_in_doubt) {
    if (instance.running_process.empty())
        return instance;
    instance.running_process.clear();
    instance.state = before;
    if (card_in_doubt && instance.unproven_operation != operation::no_operation)
        fail(instance, before, instance.unproven_operation);
    return instance;
}

void fail(service_instance& instance, instance_state before, operation what) {
    if (instance.half_personalized) // no state is left that it could go on from
        instance.last_stable = not_deployed;
    else if (before != in_error)
        instance.last_stable = before;
    instance.failed_operation = instance.last_operation = what;
    instance.state = in_error;
}

operation deploy_operation(service_command command) {
    switch (command) {
    case I:
        return operation::service_deployment_installation;
    case P:
        return operation::service_deployment_personalization;
    case A:
        return operation::service_deployment_activation;
    }
    return operation::no_operation;
}

operation deploy_operation(const std::vector<service_command>& commands, bool finalize) {
    return finalize || commands.empty() ? operation::service_deployment_finalize : deploy_operation(commands.back());
}

std::vector<operation> requested_deploy_operations(const std::vector<service_command>& commands) {
    if (commands.empty())
        return {operation::service_deployment_finalize};
    std::vector<operation> list;
    for (auto command : commands)
        list.push_back(deploy_operation(command));
    return list;
}

namespace {

/// TR 4.2.4.2 numbers the operations of an update as those of a deployment.
operation of_update(operation o) {
    return static_cast<operation>(static_cast<int>(o) + 10);
}

} // namespace

operation update_operation(const std::vector<service_command>& commands, bool finalize) {
    return of_update(deploy_operation(commands, finalize));
}

std::vector<operation> requested_update_operations(const std::vector<service_command>& commands) {
    auto list = requested_deploy_operations(commands);
    std::transform(list.begin(), list.end(), list.begin(), of_update);
    return list;
}

} // namespace tsms::model
