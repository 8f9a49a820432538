#pragma once

#include "actors/backend.hpp"
#include "app/tsms/config.hpp"

namespace tsms::app {

/// The operator's log on stderr, one line an event, human or JSON. Safe to call from several threads.
log_sink open_log(const config& c, const std::string& role);

} // namespace tsms::app
