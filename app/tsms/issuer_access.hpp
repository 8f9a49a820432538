#pragma once

#include "actors/ports.hpp"
#include "app/tsms/config.hpp"
#include "model/records.hpp"

namespace tsms::app {

/// A port to a configured issuer. Throws port_error{refused} where its configuration cannot be used.
std::unique_ptr<actors::issuer_port> connect(const config& c, const model::issuer_record& issuer);

/// No exchange of such a port takes longer.
std::chrono::seconds longest_issuer_exchange(const config& c);

/// How the actors make them.
actors::issuer_ports issuers_of(const config& c);

} // namespace tsms::app
