#include "app/tsms/issuer_access.hpp"

#include "app/tsms/listener.hpp"
#include "http/issuer_client.hpp"

namespace tsms::app {

std::unique_ptr<actors::issuer_port> connect(const config& c, const store::issuer_record& issuer) {
    try {
        net::client_options options;
        options.base_url = issuer.url;
        options.ca_pem = issuer.certificate_pem;
        options.identity = read_identity(c, c.client_certificate, c.client_key);
        options.read_timeout = std::chrono::seconds(c.issuer_answer_seconds);
        options.connect_timeout = std::chrono::seconds(c.tsm_connect_seconds);
        options.transfer = pace_of(c.tsm_octets_per_second, c.tsm_progress_seconds, c.tsm_whole_seconds);
        options.body_limit = http::most_of_issuer_message;
        return std::make_unique<http::issuer_client>(std::move(options));
    } catch (const std::runtime_error& e) {
        throw actors::port_error(actors::port_cause::refused, "issuer ‘" + issuer.name + "’: " + e.what());
    }
}

std::chrono::seconds longest_issuer_exchange(const config& c) {
    const auto transfer = pace_of(c.tsm_octets_per_second, c.tsm_progress_seconds, c.tsm_whole_seconds);
    const auto once = std::chrono::seconds(c.tsm_connect_seconds + c.issuer_answer_seconds) +
                      2 * transfer.time_for(http::most_of_issuer_message);
    return std::chrono::ceil<std::chrono::seconds>(2 * once); // a connection that breaks is tried once more
}

actors::issuer_ports issuers_of(const config& c) {
    return [c](const std::string& name) -> std::unique_ptr<actors::issuer_port> {
        const store::instance_db db(c.instances_db());
        for (const auto& issuer : db.issuers())
            if (issuer.name == name)
                return connect(c, issuer);
        return nullptr;
    };
}

} // namespace tsms::app
