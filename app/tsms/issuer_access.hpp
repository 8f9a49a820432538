#pragma once

#include "actors/ports.hpp"
#include "app/tsms/config.hpp"
#include "store/instances.hpp"

namespace tsms::app {

/// A port to a configured issuer. Throws port_error{refused} where its configuration cannot be used.
std::unique_ptr<actors::issuer_port> connect(const config& c, const store::issuer_record& issuer);

/// No exchange of such a port takes longer.
std::chrono::seconds longest_issuer_exchange(const config& c);

/// Ports by name; each looks the issuer up when it is made, so that changes need no restart.
actors::issuer_ports issuers_of(const config& c);

} // namespace tsms::app
