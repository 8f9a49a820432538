#pragma once
// What a number of a stored row means; nothing where there is no such.

#include "model/device.hpp"

#include <algorithm>
#include <iterator>

namespace tsms::model {

inline constexpr instance_state all_states[] = {
    instance_state::unknown,     instance_state::not_deployed, instance_state::initialized,
    instance_state::installed,   instance_state::personalized, instance_state::activated,
    instance_state::operational, instance_state::suspended,    instance_state::in_error,
};
inline constexpr operation all_operations[] = {
    operation::no_operation,
    operation::service_deployment_installation,
    operation::service_deployment_personalization,
    operation::service_deployment_activation,
    operation::service_deployment_finalize,
    operation::service_update_installation,
    operation::service_update_personalization,
    operation::service_update_activation,
    operation::service_update_finalize,
    operation::service_suspension,
    operation::service_resumption,
    operation::service_termination,
};
inline constexpr script_way all_script_ways[] = {script_way::by_state, script_way::store_data, script_way::select};
inline constexpr service_command all_commands[] = {service_command::install, service_command::personalize,
                                                   service_command::activate};
inline constexpr command_status all_command_statuses[] = {
    command_status::execution_success, command_status::execution_failed, command_status::not_executed};

template <class E, std::size_t N> std::optional<E> of_number(const E (&all)[N], std::int64_t number) {
    const auto* found = std::ranges::find(all, number, [](E e) { return static_cast<std::int64_t>(e); });
    return found == std::end(all) ? std::nullopt : std::optional(*found);
}

} // namespace tsms::model
