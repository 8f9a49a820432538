#include "http/ops/operations.hpp"

#include "json/json.hpp"

#include <sstream>

namespace tsms::http {

net::response answer_operations(const net::request& request, const std::function<role_state()>& ask) {
    if (request.method != "GET")
        return {405, {{"Allow", "GET"}}, {}};
    if (request.path == "/health") {
        const auto state = ask();
        if (state.healthy)
            return net::json_response(200, R"({"status":"ok"})");
        return net::json_response(503, json::dump(json::object{{"status", "failing"}, {"trouble", state.trouble}}));
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
