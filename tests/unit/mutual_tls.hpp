#pragma once
// A server that wants a client certificate, on a free port, and what a client needs to reach it.

#include "crypto/pki.hpp"
#include "http/net/client.hpp"
#include "http/net/server.hpp"

namespace tsms_test {

struct mutual_tls_pki {
    tsms::crypto::credential ca = tsms::crypto::make_ca("Test CA");
    tsms::crypto::credential server;
    tsms::crypto::credential client = tsms::crypto::make_client_certificate(ca, "TSM");
    mutual_tls_pki() {
        const std::vector<std::string> names{"127.0.0.1"};
        server = tsms::crypto::make_server_certificate(ca, "server", names);
    }
};

inline const mutual_tls_pki& pki() {
    static const mutual_tls_pki made;
    return made;
}

inline tsms::net::tls_identity client_identity() {
    return {pki().client.certificate_pem, pki().client.key};
}

class mutual_tls_server {
public:
    explicit mutual_tls_server(tsms::net::handler handle) : server_(options()) { server_.start(std::move(handle)); }

    std::string url() const { return "https://127.0.0.1:" + std::to_string(server_.port()); }

    tsms::net::client_options client_options() const {
        tsms::net::client_options o;
        o.base_url = url();
        o.ca_pem = pki().ca.certificate_pem;
        o.identity = client_identity();
        return o;
    }

private:
    static tsms::net::server_options options() {
        tsms::net::server_options o;
        o.identity = tsms::net::tls_identity{pki().server.certificate_pem, pki().server.key};
        o.clients = tsms::net::client_auth::required;
        o.client_ca_pem = pki().ca.certificate_pem;
        return o;
    }
    tsms::net::tls_server server_;
};

} // namespace tsms_test
