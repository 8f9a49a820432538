// The REST role: the API of the service providers over access.db and catalog.db.

#include "app/tsms/listener.hpp"
#include "app/tsms/role.hpp"
#include "http/ops/operations.hpp"
#include "http/rest/api.hpp"

#include <atomic>

namespace tsms::app {

namespace {

class rest_role final : public role {
public:
    rest_role(const config& c, log_sink log)
        : upkeep_(upkeep_of(
              {{c.access_db(), store::database_name::access}, {c.catalog_db(), store::database_name::catalog}}, {},
              log)),
          catalog_(store::open_catalog(c.catalog_db())), access_(store::open_access(c.access_db())),
          api_(*catalog_, *access_, options_with(c, log)) {
        auto listen = strangers_port(c, "rest", log);
        if (!c.rest_client_ca.empty()) {
            listen.clients = net::client_auth::optional;
            listen.client_ca_pem = read_text(c.file(c.rest_client_ca));
        } else
            warn_of_locked_out(log);
        listen.plan_body = [this](const net::request& head) { return api_.plan_body(head); };
        listen.on_refusal = rest::refused_below_http;
        listen.on_exception = [log](const net::request& r, const std::exception& e) {
            log({severity::error, r.path + ": " + e.what()});
            return rest::broken_below_http();
        };
        server_ = std::make_unique<net::tls_server>(std::move(listen));
        operations_ = start_operations(c, c.operations_port ? c.operations_port + 1 : 0, [this](const net::request& r) {
            return http::answer_operations(r, [this] {
                auto trouble = upkeep_.trouble();
                http::role_state state{
                    trouble.empty(), false, {{"requests_total", static_cast<double>(requests_)}}, std::move(trouble)};
                tell_connections(state, server_->counted());
                return state;
            });
        });
        server_->start([this](const net::request& r) {
            ++requests_;
            return api_.handle(r);
        });
        upkeep_thread_ = std::make_unique<store::upkeep_thread>(
            upkeep_, [this] { catalog_->release_snapshots(); }, [this] { api_.write_refusals(); });
    }

    std::string stop() override {
        if (operations_)
            operations_->stop(std::chrono::milliseconds(200));
        return server_->stop(std::chrono::milliseconds(4000)) ? "" : "handlers of the REST port";
    }

private:
    /// Without a CA nobody is asked for a certificate, and who needs one is refused (AMB-008).
    void warn_of_locked_out(const log_sink& log) const {
        for (const auto& provider : access_->providers())
            if (!access_->client_certificates(provider.id).empty())
                log({severity::warning,
                     "every request of service provider ‘" + provider.name +
                         "’ is refused: it needs a client certificate, and rest.client_ca is empty; set it and "
                         "restart, or: tsms provider certificate --remove",
                     {.provider = provider.id}});
    }

    static rest::api_options options_with(const config& c, log_sink log) {
        const auto octets = [](int kib) { return static_cast<std::size_t>(kib) << 10; };
        rest::api_options o;
        o.uploads = {octets(c.load_file_kib), octets(c.script_kib), octets(c.certificate_kib)};
        o.json_limit = octets(c.json_kib);
        o.memory = octets(c.request_memory_mib) << 10;
        o.upload_room = octets(c.upload_room_mib) << 10;
        o.upload_folder = c.data;
        o.access_lifetime = std::chrono::minutes(c.access_token_minutes);
        o.auth_burst = c.auth_burst;
        o.auth_per_second = c.auth_per_second;
        o.log = std::move(log);
        return o;
    }

    store::upkeep upkeep_; // before and after everything else that opens the databases
    std::unique_ptr<store::catalog> catalog_;
    std::unique_ptr<store::access> access_;
    rest::api api_;
    std::atomic<std::uint64_t> requests_{0};
    std::unique_ptr<net::tls_server> server_;
    std::unique_ptr<net::tls_server> operations_;
    std::unique_ptr<store::upkeep_thread> upkeep_thread_; // ends before what it works on
};

} // namespace

std::unique_ptr<role> start_rest_role(const config& c, log_sink log) {
    return std::make_unique<rest_role>(c, std::move(log));
}

} // namespace tsms::app
