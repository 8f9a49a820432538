#pragma once
// Values of the actors and messages of the wire, both directions.

#include "actors/messages.hpp"
#include "http/wire/seram.hpp"
#include "http/wire/tsm_api.hpp"

namespace tsms::http {

wire::seram_order to_wire(const actors::order& order);
actors::report from_wire(wire::seram_report report);

} // namespace tsms::http
