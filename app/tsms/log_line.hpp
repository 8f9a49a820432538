#pragma once
// An event of the operator's log as text: one line for people or one JSON object, both with date and time zone.

#include "base/log_event.hpp"
#include "base/time.hpp"

namespace tsms::app {

/// "2026-11-29T06:30:12.123Z warning device: process 1, card 2: what it is". What others said in the event cannot end
/// the line and forge the next one.
std::string human_line(const log_event& e, wall_time at, const std::string& role);

/// The same with each of its parts as a member; whom it does not concern is left out.
std::string json_line(const log_event& e, wall_time at, const std::string& role);

} // namespace tsms::app
