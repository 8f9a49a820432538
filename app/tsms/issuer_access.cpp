#include "app/tsms/issuer_access.hpp"

#include "app/tsms/listener.hpp"
#include "http/issuer_client.hpp"

namespace tsms::app {

namespace {

/// Without who it is for.
net::client_options limits_of(const config& c) {
    net::client_options options;
    options.read_timeout = std::chrono::seconds(c.issuer_answer_seconds);
    options.connect_timeout = std::chrono::seconds(c.tsm_connect_seconds);
    options.transfer = pace_of(c.tsm_octets_per_second, c.tsm_progress_seconds, c.tsm_whole_seconds);
    return options;
}

} // namespace

std::unique_ptr<actors::issuer_port> connect(const config& c, const model::issuer_record& issuer) {
    try {
        auto options = limits_of(c);
        options.base_url = issuer.url;
        options.ca_pem = issuer.certificate_pem;
        options.identity = read_identity(c, c.client_certificate, c.client_key);
        return std::make_unique<http::issuer_client>(std::move(options));
    } catch (const std::runtime_error& e) {
        throw actors::port_error(actors::port_cause::refused, "issuer ‘" + issuer.name + "’: " + e.what());
    }
}

std::chrono::seconds longest_issuer_exchange(const config& c) {
    return std::chrono::ceil<std::chrono::seconds>(http::longest_issuer_exchange(limits_of(c)));
}

actors::issuer_ports issuers_of(const config& c) {
    return [c](const model::issuer_record& issuer) { return connect(c, issuer); };
}

} // namespace tsms::app
