#include "http/ops/operations.hpp"

#include <sstream>

namespace tsms::http {

net::response answer_operations(const net::request& request, const std::function<role_state()>& ask) {
    if (request.method != "GET")
        return {405, {{"Allow", "GET"}}, {}};
    if (request.path == "/health") {
        const bool healthy = ask().healthy;
        return net::json_response(healthy ? 200 : 503, healthy ? R"({"status":"ok"})" : R"({"status":"failing"})");
    }
    if (request.path == "/metrics") { // Prometheus text format
        std::ostringstream text;
        const auto state = ask();
        text << "tsms_up " << (state.healthy ? 1 : 0) << "\n";
        for (const auto& [name, value] : state.metrics)
            text << "tsms_" << name << " " << value << "\n";
        return {200, {{"Content-Type", "text/plain; version=0.0.4"}}, text.str()};
    }
    return {404, {}, {}};
}

} // namespace tsms::http
