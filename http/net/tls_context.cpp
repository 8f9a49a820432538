#include "base/freed_by.hpp"
#include "http/net/connection.hpp"

#include <csignal>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

namespace tsms::net {

namespace {

using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free>>;

int no_pass_phrase(char*, int, int, void*) {
    return -1;
}

[[noreturn]] void refuse(const std::string& text) {
    ERR_clear_error();
    throw configuration_error("TLS: " + text);
}

bio_ptr reading(bytes_view data) {
    return bio_ptr(BIO_new_mem_buf(data.data(), static_cast<int>(data.size())));
}

std::vector<x509_ptr> read_certificates(const std::string& pem, const char* what) {
    std::vector<x509_ptr> all;
    const auto bio = reading(as_bytes(pem));
    while (auto* one = PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr))
        all.emplace_back(one);
    ERR_clear_error();
    if (all.empty())
        refuse(std::string(what) + " holds no certificate in PEM");
    return all;
}

context_ptr make_context(const SSL_METHOD* method) {
    context_ptr context(SSL_CTX_new(method));
    if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
        refuse("the library cannot be set up");
    // A peer that goes away is an error value, not a signal. OpenSSL writes to sockets without MSG_NOSIGNAL.
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_read_ahead(context.get(), 1); // head and body of a record with one system call
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

void use_identity(SSL_CTX* context, const tls_identity& identity) {
    auto chain = read_certificates(identity.certificate_pem, "the certificate file");
    if (SSL_CTX_use_certificate(context, chain.front().get()) != 1 ||
        SSL_CTX_use_PrivateKey(context, identity.key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
        refuse("the private key does not belong to the certificate");
    for (std::size_t i = 1; i < chain.size(); ++i)
        if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1)
            refuse("the certificate chain cannot be used");
}

void trust(SSL_CTX* context, const std::string& ca_pem, bool name_to_clients) {
    for (const auto& ca : read_certificates(ca_pem, "the CA file")) {
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get()) != 1)
            refuse("a CA certificate cannot be used");
        if (name_to_clients)
            SSL_CTX_add_client_CA(context, ca.get());
    }
}

} // namespace

void free_context::operator()(SSL_CTX* context) const {
    SSL_CTX_free(context);
}

context_ptr server_context(const tls_identity& identity, client_auth clients, const std::string& client_ca_pem) {
    auto context = make_context(TLS_server_method());
    use_identity(context.get(), identity);
    static constexpr unsigned char session_context[] = "tsms";
    SSL_CTX_set_session_id_context(context.get(), session_context, sizeof session_context - 1);
    if (clients != client_auth::none) {
        trust(context.get(), client_ca_pem, true);
        SSL_CTX_set_verify(context.get(),
                           SSL_VERIFY_PEER | (clients == client_auth::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                           nullptr);
    }
    return context;
}

context_ptr client_context(const std::string& ca_pem, const std::optional<tls_identity>& identity) {
    auto context = make_context(TLS_client_method());
    if (identity)
        use_identity(context.get(), *identity);
    if (!ca_pem.empty())
        trust(context.get(), ca_pem, false);
    else if (SSL_CTX_set_default_verify_paths(context.get()) != 1)
        refuse("the system's trust anchors cannot be read");
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    return context;
}

} // namespace tsms::net
