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
        return std::make_unique<http::issuer_client>(std::move(options));
    } catch (const std::runtime_error& e) {
        throw actors::port_error(actors::port_cause::refused, "issuer ‘" + issuer.name + "’: " + e.what());
    }
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
