#pragma once
// A development PKI in a folder, so that the lab's servers speak mutual TLS with nothing but --tls-dir: a CA (ca.pem),
// the server's certificate, and a client certificate for the TSM (tsm.pem, tsm-key.pem). What is there is kept; several
// servers share a folder.

#include "http/net/server.hpp"

#include <filesystem>

namespace tsms::lab {

struct tls_files {
    net::tls_identity server;
    std::string ca_pem; ///< anchors of the clients' certificates
    std::filesystem::path ca;
    std::filesystem::path client_certificate;
    std::filesystem::path client_key;
};

/// `name` names the server's files (NAME.pem, NAME-key.pem); its certificate is for 127.0.0.1, ::1 and localhost.
/// Throws std::runtime_error and crypto::error.
tls_files prepare_tls(const std::filesystem::path& folder, const std::string& name);

/// A file of certificates or of a key. Throws std::runtime_error.
std::string read_text(const std::filesystem::path& file);

} // namespace tsms::lab
