#pragma once

#include "app/tsms/config.hpp"
#include "base/log_event.hpp"
#include "base/time.hpp"

namespace tsms::app {

/// The operator's log on stderr, one line an event, human or JSON. Safe to call from several threads.
log_sink open_log(const config& c, const std::string& role, const time_source& time);

} // namespace tsms::app
