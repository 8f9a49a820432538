#pragma once
// What a process that was asked for ServiceCommands tells of each of them (TR 4.2.5.3, AMB-149).

#include "process/work.hpp"

namespace tsms::process {

/// Executed 0, failing 1, remaining 2. A finalization that fails leaves all of them executed; what fails in no phase at
/// all, before the first one or behind the last, fails the first command.
std::vector<model::command_status> statuses_of(const std::vector<command_request>& commands,
                                               const std::optional<ending>& failed);

} // namespace tsms::process
