#include "app/tsms/listener.hpp"

namespace tsms::app {

net::tls_identity read_identity(const config& c, const std::string& certificate, const std::string& key) {
    return {read_text(c.file(certificate)), crypto::private_key::read(c.file(key))};
}

net::pace pace_of(int octets_per_second, int progress_seconds, int whole_seconds) {
    return {static_cast<std::size_t>(octets_per_second), std::chrono::seconds(progress_seconds),
            std::chrono::seconds(whole_seconds)};
}

std::string turned_away_text(const net::refusal_report& report, const std::string& section,
                             const net::server_options& limits) {
    const auto option = [&](const char* name) { return section + "." + name; };
    const auto who = "connection of " + (report.address.empty() ? "somebody" : report.address);
    const auto text = [&]() -> std::string {
        switch (report.why) {
        case net::refusal::address:
            return who + " refused: its address has " + std::to_string(limits.max_of_address) +
                   " already; if many clients share it, raise " + option("connections_per_address");
        case net::refusal::unproven:
            return who + " refused: half of all " + std::to_string(limits.max_connections) +
                   " connections have not completed a request; if there are so many new clients at once, raise " +
                   option("connections") + ", else block the addresses that ss -tn shows most";
        case net::refusal::full:
            return who + " refused: all " + std::to_string(limits.max_connections) + " connections are in use; raise " +
                   option("connections");
        case net::refusal::resources:
            return who +
                   " refused: the system gives no descriptor or thread; raise its limits (ulimit -n, ulimit -u, "
                   "TasksMax of systemd) or lower " +
                   option("connections");
        case net::refusal::displaced:
            return who +
                   " closed to make room: it did not go on while others had no place; if clients are that slow, "
                   "raise " +
                   option("connections") + " and " + option("connections_per_address");
        }
        return who + " refused";
    }();
    return text + " (turned away since the last such line: " + std::to_string(report.count) + ")";
}

std::string calls_refused_text(const net::refusal_report& report, const net::call_limits& limits) {
    const auto who = "call from " + report.address + " refused: ";
    const auto text = report.why == net::refusal::address
                          ? who + "its address has " + std::to_string(limits.most_of_address) +
                                " that are being carried out; if many handsets share it, raise "
                                "device.calls_at_once_per_address, else "
                                "shut the address out"
                          : who + "all " + std::to_string(limits.most) +
                                " that may be carried out at once are; raise device.calls_at_once, or lower "
                                "device.calls_at_once_per_address if few addresses have them";
    return text + " (turned away since the last such line: " + std::to_string(report.count) + ")";
}

net::server_options strangers_port(const config& c, const std::string& section, const log_sink& log) {
    const bool rest = section == "rest";
    const auto count = [](int n) { return static_cast<std::size_t>(n); };
    net::server_options o;
    o.address = rest ? c.rest_address : c.device_address;
    o.port = static_cast<std::uint16_t>(rest ? c.rest_port : c.device_port);
    o.identity =
        rest ? read_identity(c, c.rest_certificate, c.rest_key) : read_identity(c, c.device_certificate, c.device_key);
    o.max_connections = count(rest ? c.rest_connections : c.device_connections);
    o.max_of_address =
        std::min(o.max_connections, count(rest ? c.rest_connections_per_address : c.device_connections_per_address));
    o.handshake_deadline = std::chrono::seconds(rest ? c.rest_handshake_seconds : c.device_handshake_seconds);
    o.head_deadline = std::chrono::seconds(rest ? c.rest_head_seconds : c.device_head_seconds);
    o.head_limit = count(rest ? c.rest_head_octets : c.device_head_octets);
    o.header_limit = count(rest ? c.rest_head_fields : c.device_head_fields);
    o.keep_alive = std::chrono::milliseconds(rest ? c.rest_idle_milliseconds : c.device_idle_milliseconds);
    o.transfer = rest ? pace_of(c.rest_octets_per_second, c.rest_progress_seconds, c.rest_whole_seconds)
                      : pace_of(c.device_octets_per_second, c.device_progress_seconds, c.device_whole_seconds);
    net::server_options limits; // without the key, for a callback that lives as long as the server
    limits.max_connections = o.max_connections;
    limits.max_of_address = o.max_of_address;
    o.on_turned_away = [section, limits, log](const net::refusal_report& report) {
        log({severity::warning, turned_away_text(report, section, limits)});
    };
    return o;
}

void tell_connections(http::role_state& state, const net::connection_counts& counts) {
    const auto put = [&](const char* name, auto value) { state.metrics[name] = static_cast<double>(value); };
    const auto refused = [&](net::refusal why) { return counts.refused[static_cast<std::size_t>(why)]; };
    put("connections", counts.open);
    put("connections_unproven", counts.unproven);
    put("connections_accepted_total", counts.accepted);
    put(R"(connections_refused_total{reason="address"})", refused(net::refusal::address));
    put(R"(connections_refused_total{reason="unproven"})", refused(net::refusal::unproven));
    put(R"(connections_refused_total{reason="full"})", refused(net::refusal::full));
    put(R"(connections_refused_total{reason="resources"})", refused(net::refusal::resources));
    put("connections_displaced_total", refused(net::refusal::displaced));
    put("handshakes_failed_total", counts.handshakes_failed);
    put("handshakes_timed_out_total", counts.handshakes_timed_out);
    put("requests_timed_out_total", counts.requests_timed_out);
    put("answers_timed_out_total", counts.answers_timed_out);
    state.full = counts.full;
}

void tell_calls(http::role_state& state, const net::call_counts& counts) {
    const auto refused = [&](net::refusal why) {
        return static_cast<double>(counts.refused[static_cast<std::size_t>(why)]);
    };
    state.metrics["calls_at_once"] = static_cast<double>(counts.at_once);
    state.metrics[R"(calls_refused_total{reason="address"})"] = refused(net::refusal::address);
    state.metrics[R"(calls_refused_total{reason="full"})"] = refused(net::refusal::full);
    state.full = state.full || counts.full;
}

std::unique_ptr<net::tls_server> start_operations(const config& c, int port, net::handler handle) {
    if (port == 0)
        return nullptr;
    net::server_options options;
    options.port = static_cast<std::uint16_t>(port);
    options.max_connections = static_cast<std::size_t>(c.operations_connections);
    options.max_of_address = (options.max_connections + 1) / 2; // who is silent makes room after a second
    options.body_limit = 0;
    options.on_refusal = http::refused_operation;
    auto server = std::make_unique<net::tls_server>(std::move(options));
    server->start(std::move(handle));
    return server;
}

} // namespace tsms::app
