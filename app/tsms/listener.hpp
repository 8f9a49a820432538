#pragma once

#include "app/tsms/config.hpp"
#include "http/net/server.hpp"

namespace tsms::app {

net::tls_identity read_identity(const config& c, const std::string& certificate, const std::string& key);

/// The operations port on loopback; null where the port is 0.
std::unique_ptr<net::tls_server> start_operations(int port, net::handler handle);

} // namespace tsms::app
