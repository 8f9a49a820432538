// The device role: TSM-API and GP SERAM over the actors.

#include "app/tsms/issuer_access.hpp"
#include "app/tsms/listener.hpp"
#include "app/tsms/role.hpp"
#include "app/tsms/vault.hpp"
#include "crypto/error.hpp"
#include "http/device/device_api.hpp"
#include "http/ops/operations.hpp"
#include "http/spos_client.hpp"
#include "store/app_lookup.hpp"
#include "store/catalog.hpp"
#include "store/device_store.hpp"

namespace tsms::app {

namespace {

actors::backend_parts parts_of(const config& c, const log_sink& log) {
    actors::backend_parts parts;
    parts.db = std::make_shared<store::device_store>(c.instances_db());
    parts.catalog = store::deployments_of(store::open_catalog_reader(c.catalog_db()));
    parts.vault = open_vault(c, *parts.db);
    parts.issuers = issuers_of(c);
    const auto identity = read_identity(c, c.client_certificate, c.client_key);
    const auto transfer = pace_of(c.tsm_octets_per_second, c.tsm_progress_seconds, c.tsm_whole_seconds);
    parts.spos = [identity, transfer, connect = std::chrono::seconds(c.tsm_connect_seconds),
                  seconds = c.spos_answer_seconds] {
        return std::make_shared<http::spos_client>(identity, std::chrono::seconds(seconds), transfer, connect);
    };
    parts.log = log;
    return parts;
}

actors::backend_options options_of(const config& c) {
    actors::backend_options o;
    o.sessions.dialogue.poll = std::chrono::seconds(c.long_poll_seconds);
    o.sessions.dialogue.phone_lost = std::chrono::seconds(c.phone_lost_seconds);
    o.sessions.dialogue.first_report = std::chrono::seconds(c.first_report_seconds);
    o.sessions.dialogue.octets_per_second = static_cast<std::uint64_t>(c.device_octets_per_second);
    o.sessions.dialogue.most_of_report = static_cast<std::uint64_t>(c.device_body_kib) << 10;
    o.sessions.most = static_cast<std::size_t>(c.sessions_in_all);
    o.sessions.most_of_address = static_cast<std::size_t>(c.sessions_per_address);
    o.sessions.most_of_app = static_cast<std::size_t>(c.sessions_per_app);
    o.sessions.result_kept = std::chrono::seconds(c.result_seconds);
    o.issuers = {static_cast<std::size_t>(c.issuer_calls), static_cast<std::size_t>(c.issuer_calls_in_all),
                 static_cast<std::size_t>(c.issuer_queue)};
    o.issuer_patience = std::chrono::seconds(c.issuer_wait_seconds);
    o.issuer_exchange = longest_issuer_exchange(c);
    o.spos = {static_cast<std::size_t>(c.spos_deliveries), static_cast<std::size_t>(c.spos_deliveries_in_all)};
    o.server = {c.server_name, std::chrono::seconds(c.lease_seconds)};
    o.remove_tsm_domain_when_last = c.remove_domain_when_last;
    o.card_log_kept = std::chrono::hours(24) * c.card_log_days;
    o.claims_kept = std::chrono::hours(24) * c.claimed_card_days;
    o.unproven_kept = std::chrono::hours(c.unproven_card_hours);
    o.strangers = {c.unproven_per_address, c.unproven_per_card, c.unproven_in_all};
    return o;
}

class device_role final : public role {
public:
    device_role(const config& c, log_sink log)
        : upkeep_(upkeep_of({{c.instances_db(), store::database_name::instances}},
                            {{c.catalog_db(), store::database_name::catalog}}, log)),
          backend_(parts_of(c, log), options_of(c)), apps_(store::open_app_lookup(c.instances_db())),
          api_(backend_, api_options(c, log)) {
        auto listen = strangers_port(c, "device", log);
        listen.plan_body = [this](const net::request& head) { return api_.plan_body(head); };
        listen.on_refusal = http::refused_below_http;
        listen.on_exception = [log](const net::request& r, const std::exception& e) {
            log({severity::error, r.path + ": " + e.what()});
            return http::refused_below_http(500, "an internal problem, please try again later");
        };
        server_ = std::make_unique<net::tls_server>(std::move(listen));
        operations_ = start_operations(c, c.operations_port, [this](const net::request& r) {
            return http::answer_operations(r, [this] { return state(); });
        });
        if (c.accept_unknown_apps)
            log({severity::warning,
                 "device.accept_unknown_apps is true: apps of service providers that have never had one registered are "
                 "accepted without a credential; for development only (tsms app add)"});
        server_->start([this](const net::request& r) { return api_.handle(r); });
        upkeep_thread_ = std::make_unique<store::upkeep_thread>(upkeep_, nullptr);
    }

    std::string stop() override {
        if (operations_)
            operations_->stop(std::chrono::milliseconds(200));
        backend_.close(); // long polls are answered, so that their handlers end
        std::string left;
        if (!server_->stop(std::chrono::milliseconds(1500)))
            left = "handlers of the device port; ";
        left += backend_.stop(std::chrono::milliseconds(2500));
        return left;
    }

private:
    http::device_api_options api_options(const config& c, const log_sink& log) {
        http::device_api_options o;
        o.app = [this](const std::string& caller) -> std::optional<http::registered_app> {
            const auto app = apps_->find(caller);
            return app ? std::optional(http::registered_app{app->provider, app->credential_hash}) : std::nullopt;
        };
        o.token_keys = [this, log](const std::string& issuer) { return token_keys_of(issuer, log); };
        o.accept_unknown_apps = c.accept_unknown_apps;
        o.calls.most = static_cast<std::size_t>(c.calls_at_once);
        o.calls.most_of_address = static_cast<std::size_t>(c.calls_at_once_per_address);
        o.on_turned_away = [log, limits = o.calls](const net::refusal_report& report) {
            log({severity::warning, calls_refused_text(report, limits)});
        };
        o.calls_per_address = c.calls_per_address;
        o.calls_per_app = c.calls_per_app;
        o.most_of_body = static_cast<std::size_t>(c.device_body_kib) << 10;
        o.memory = static_cast<std::size_t>(c.device_body_memory_mib) << 20;
        o.memory_of_address = static_cast<std::size_t>(c.device_body_memory_mib_per_address) << 20;
        return o;
    }

    /// One that cannot be read is the operator's matter, and verifies nothing.
    std::vector<wire::token_key> token_keys_of(const std::string& issuer, const log_sink& log) const {
        std::vector<wire::token_key> keys;
        for (const auto& k : apps_->token_keys(issuer)) {
            try {
                keys.push_back(
                    {k.provider, k.issuer, k.key_id, k.audience, crypto::verification_key::read(k.public_key)});
            } catch (const crypto::error& e) {
                log({severity::error,
                     "instances.db, token_keys, key ‘" + k.key_id + "’: " + e.what(),
                     {.provider = k.provider}});
            }
        }
        return keys;
    }

    http::role_state state() {
        const auto load = backend_.current_load();
        if (!load || !load->store_works)
            return {false, false, {}, "the actor of instances.db does not answer: restart the device role"};
        const auto number = [](auto n) { return static_cast<double>(n); };
        auto trouble = load->superseded.empty() ? upkeep_.trouble() : load->superseded;
        http::role_state state{trouble.empty(),
                               false,
                               {{"sessions", number(load->sessions)},
                                {"instances_in_use", number(load->instances)},
                                {"cards_in_use", number(load->cards)},
                                {"calls_total", number(load->calls)},
                                {"orders_total", number(load->orders)},
                                {"deliveries_waiting", number(load->deliveries_waiting)},
                                {"deliveries_given_up", number(load->deliveries_given_up)},
                                {"damaged_rows", number(load->damaged_rows)}},
                               std::move(trouble)};
        tell_connections(state, server_->counted());
        tell_calls(state, api_.counted_calls());
        return state;
    }

    store::upkeep upkeep_; // before and after everything else that opens the databases
    actors::device_backend backend_;
    std::unique_ptr<store::app_lookup> apps_;
    http::device_api api_;
    std::unique_ptr<net::tls_server> server_;
    std::unique_ptr<net::tls_server> operations_;
    std::unique_ptr<store::upkeep_thread> upkeep_thread_; // ends before what it works on
};

} // namespace

std::unique_ptr<role> start_device_role(const config& c, log_sink log) {
    return std::make_unique<device_role>(c, std::move(log));
}

} // namespace tsms::app
