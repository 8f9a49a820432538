#include "process/command_statuses.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

/// Nothing: the finalization is nobody's command.
std::optional<model::service_command> command_of(gp::phase during) {
    switch (during) {
    case gp::phase::install:
        return model::service_command::install;
    case gp::phase::personalize:
        return model::service_command::personalize;
    case gp::phase::activate:
        return model::service_command::activate;
    case gp::phase::finalize:
        break;
    }
    return std::nullopt;
}

} // namespace

std::vector<model::command_status> statuses_of(const std::vector<command_request>& commands,
                                               const std::optional<ending>& failed) {
    using enum model::command_status;
    std::vector<model::command_status> list(commands.size(), execution_success);
    if (!failed || failed->during == gp::phase::finalize || commands.empty())
        return list;
    auto failing = commands.begin();
    if (failed->during)
        if (const auto named = std::ranges::find(commands, command_of(*failed->during), &command_request::what);
            named != commands.end())
            failing = named;
    const auto at = failing - commands.begin();
    std::fill(list.begin() + at, list.end(), not_executed);
    list[static_cast<std::size_t>(at)] = execution_failed;
    return list;
}

} // namespace tsms::process
