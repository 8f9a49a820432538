#pragma once
// The lab's servers: one TLS listener each, until SIGINT or SIGTERM.

#include "http/net/server.hpp"
#include "lab/tls_files.hpp"

namespace CLI {
class App;
}

namespace tsms::lab_app {

struct listener_options {
    explicit listener_options(std::uint16_t default_port) : port(default_port) {}

    std::uint16_t port;
    std::string tls_dir;
    std::vector<std::string> client_cas; ///< files with further trust anchors of clients
    bool json = false;

    void add_to(CLI::App& command);
};

class listener {
public:
    /// From here on SIGINT and SIGTERM are only taken by run(). `name` names the certificate in the TLS folder.
    listener(const listener_options& options, const std::string& name);

    std::string url() const;
    const lab::tls_files& files() const { return files_; }

    /// Serves until a signal comes.
    void run(net::handler handle);

private:
    lab::tls_files files_;
    std::unique_ptr<net::tls_server> server_;
};

} // namespace tsms::lab_app
