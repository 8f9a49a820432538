#include "app/tsms/listener.hpp"

namespace tsms::app {

net::tls_identity read_identity(const config& c, const std::string& certificate, const std::string& key) {
    const auto key_pem = read_text(c.file(key));
    return {read_text(c.file(certificate)), crypto::secret(as_bytes(key_pem))};
}

std::unique_ptr<net::tls_server> start_operations(int port, net::handler handle) {
    if (port == 0)
        return nullptr;
    net::server_options options;
    options.port = static_cast<std::uint16_t>(port);
    options.max_connections = 8;
    options.body_limit = 0;
    auto server = std::make_unique<net::tls_server>(std::move(options));
    server->start(std::move(handle));
    return server;
}

} // namespace tsms::app
