#pragma once
// The operations port: /health, /ready and /metrics, plain HTTP on loopback.

#include "http/net/message.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tsms::http {

struct role_state {
    bool healthy = false; ///< it can do its work; who is not should be started anew
    bool full = false;    ///< it is healthy and has no room: it should be sent nobody else, and not be started anew
    std::map<std::string, double> metrics; ///< name without the prefix "tsms_" → value
    std::string trouble;                   ///< what makes it unhealthy, and what helps
};

/// For net::server_options::on_refusal.
net::response refused_operation(int status, std::string_view reason);

/// Answers for a role whose state `ask` tells.
net::response answer_operations(const net::request& request, const std::function<role_state()>& ask);

} // namespace tsms::http
