#pragma once
// How the apps of a service provider prove who they are; part of `tsms provider`.

#include "app/tsms/config.hpp"

namespace CLI {
class App;
}

namespace tsms::app {

/// From now on the apps of this provider (its id) need a credential or an access token.
void demand_credentials(const config& c, const std::string& provider);

void add_provider_apps_commands(CLI::App& provider);

} // namespace tsms::app
