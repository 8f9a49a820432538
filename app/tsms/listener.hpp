#pragma once

#include "actors/backend.hpp"
#include "app/tsms/config.hpp"
#include "http/net/calls_at_once.hpp"
#include "http/net/server.hpp"
#include "http/ops/operations.hpp"

namespace tsms::app {

net::tls_identity read_identity(const config& c, const std::string& certificate, const std::string& key);

/// What three options say of transfers.
net::pace pace_of(int octets_per_second, int progress_seconds, int whole_seconds);

/// What the configuration says of a port that strangers reach, and the log line about those who were turned away.
/// `section` is that of the options: "rest" or "device".
net::server_options strangers_port(const config& c, const std::string& section, const log_sink& log);

/// One line for the operator: who was turned away, why, and what can be done.
std::string turned_away_text(const net::refusal_report& report, const std::string& section,
                             const net::server_options& limits);

/// Likewise of calls of the TSM-API.
std::string calls_refused_text(const net::refusal_report& report, const net::call_limits& limits);

/// Adds to a role's state what its port has counted, and whether it is full.
void tell_connections(http::role_state& state, const net::connection_counts& counts);

/// Likewise what the device port has counted of calls.
void tell_calls(http::role_state& state, const net::call_counts& counts);

/// The operations port on loopback; null where the port is 0.
std::unique_ptr<net::tls_server> start_operations(const config& c, int port, net::handler handle);

} // namespace tsms::app
