#include "http/ops/operations.hpp"

#include "json/json.hpp"

#include <sstream>

namespace tsms::http {

namespace {

const char* word_for(const role_state& state) {
    if (!state.healthy)
        return "failing";
    return state.full ? "full" : "ok";
}

} // namespace

net::response refused_operation(int status, std::string_view reason) {
    return net::json_response(status, json::dump(json::object{{"error", std::string(reason)}}));
}

net::response answer_operations(const net::request& request, const std::function<role_state()>& ask) {
    if (!request.is_get()) {
        auto refused = refused_operation(405, "method not allowed");
        refused.headers.add("Allow", net::allow_get);
        return refused;
    }
    if (request.path == "/health" || request.path == "/ready") {
        const auto state = ask();
        const bool good = state.healthy && (request.path == "/health" || !state.full);
        json::object told{{"status", word_for(state)}};
        if (!state.trouble.empty())
            told.set("trouble", state.trouble);
        return net::json_response(good ? 200 : 503, json::dump(told));
    }
    if (request.path == "/metrics") { // Prometheus text format
        std::ostringstream text;
        const auto state = ask();
        text << "tsms_up " << (state.healthy ? 1 : 0) << "\n";
        text << "tsms_full " << (state.full ? 1 : 0) << "\n";
        for (const auto& [name, value] : state.metrics)
            text << "tsms_" << name << " " << value << "\n";
        return {200, {{"Content-Type", "text/plain; version=0.0.4"}}, text.str()};
    }
    return refused_operation(404, "no such resource");
}

} // namespace tsms::http
