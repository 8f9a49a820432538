#pragma once
// A role of the server: what one of the two processes does (AMB-192).

#include "actors/backend.hpp"
#include "app/tsms/config.hpp"
#include "store/upkeep.hpp"

#include <memory>

namespace tsms::app {

/// A running role. Listening when it has been made.
class role {
public:
    virtual ~role() = default;
    /// Empty if everything has ended, else who still runs.
    virtual std::string stop() = 0;
};

/// The databases of a role, checked; what is the matter with them later goes to the log.
store::upkeep::options upkeep_of(std::vector<store::database_file> writes, std::vector<store::database_file> reads,
                                 log_sink log);

std::unique_ptr<role> start_rest_role(const config& c, log_sink log);
std::unique_ptr<role> start_device_role(const config& c, log_sink log);

/// Runs a role until SIGTERM or SIGINT. The exit code says whether it ended cleanly.
int run_role(const config& c, const std::string& name);

} // namespace tsms::app
