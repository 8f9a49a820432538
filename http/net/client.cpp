#include "http/net/client.hpp"

#include "http/net/base_url.hpp"
#include "http/net/connection.hpp"
#include "http/net/http1.hpp"

namespace tsms::net {

namespace {

using clock = std::chrono::steady_clock;

base_url parse_base(const std::string& url) {
    auto base = parse_base_url(url);
    if (!base)
        throw configuration_error("'" + url + "' is no URL of the form https://host[:port][/path]");
    return *std::move(base);
}

} // namespace

struct tls_client::state {
    explicit state(client_options o) : options(std::move(o)), base(parse_base(options.base_url)) {
        context = client_context(options.ca_pem, options.identity);
    }

    void connect();
    void disconnect();
    void claim(std::shared_ptr<descriptor> fd);
    bool cancelled() const;
    response exchange(const std::string& text, std::string_view method);

    client_options options;
    base_url base;
    context_ptr context;
    std::optional<connection> open;
    traffic counted;

    mutable std::mutex mutex; ///< protects what cancel() touches
    std::shared_ptr<descriptor> fd;
    bool cancel_requested = false;
};

bool tls_client::state::cancelled() const {
    const std::lock_guard lock(mutex);
    return cancel_requested;
}

void tls_client::state::claim(std::shared_ptr<descriptor> claimed) {
    const std::lock_guard lock(mutex);
    fd = std::move(claimed);
    if (cancel_requested)
        throw network_error(network_cause::cancelled, "cancelled");
}

void tls_client::state::connect() {
    const auto deadline = clock::now() + options.connect_timeout;
    open.emplace(connect_tcp(base.host, base.port, deadline, [this](auto d) { claim(std::move(d)); }));
    open->connect_tls(context.get(), base.host, deadline);
    if (!options.pin_fingerprint.empty()) {
        const auto peer = open->peer();
        if (!peer || peer->fingerprint != options.pin_fingerprint)
            throw network_error(network_cause::tls, "the server's certificate is not the pinned one");
    }
}

void tls_client::state::disconnect() {
    open.reset();
    const std::lock_guard lock(mutex);
    fd.reset();
}

response tls_client::state::exchange(const std::string& text, std::string_view method) {
    claim(fd);
    if (open && open->stale())
        disconnect();
    if (!open)
        connect();
    ++counted.requests;
    counted.sent += text.size();
    progress sending(options.transfer, clock::now());
    sending.content(text.size());
    buffered_connection from{*open, {}};
    try {
        open->write(text, sending);
        open->wait_taken(sending);
        auto in =
            read_response(from, method, options.body_limit, clock::now() + options.read_timeout, options.transfer);
        counted.received += from.received;
        if (!in.keep_alive)
            disconnect();
        return std::move(in.message);
    } catch (const network_error&) {
        counted.received += from.received;
        throw;
    }
}

tls_client::tls_client(client_options options) : state_(std::make_unique<state>(std::move(options))) {}
tls_client::~tls_client() = default;
tls_client::tls_client(tls_client&&) noexcept = default;
tls_client& tls_client::operator=(tls_client&&) noexcept = default;

response tls_client::exchange(std::string_view method, std::string_view target, header_fields headers,
                              std::string_view body) {
    auto& s = *state_;
    const auto text = request_text(method, s.base.prefix + std::string(target), s.base.authority, headers, body);
    try {
        return s.exchange(text, method);
    } catch (const network_error& e) {
        s.disconnect();
        if (s.cancelled())
            throw network_error(network_cause::cancelled, "cancelled");
        const bool named = e.cause() == network_cause::resolve || e.cause() == network_cause::connect;
        throw network_error(e.cause(), named ? e.what() : "‘" + s.base.authority + "’: " + e.what());
    }
}

response tls_client::post_json(std::string_view target, std::string_view body, header_fields headers) {
    headers.set("Content-Type", "application/json");
    return exchange("POST", target, std::move(headers), body);
}

void tls_client::cancel() {
    const std::lock_guard lock(state_->mutex);
    state_->cancel_requested = true;
    if (state_->fd)
        state_->fd->shutdown();
}

void tls_client::renew() {
    const std::lock_guard lock(state_->mutex);
    state_->cancel_requested = false;
}

traffic tls_client::counted() const {
    return state_->counted;
}
const std::string& tls_client::host() const {
    return state_->base.host;
}

} // namespace tsms::net
