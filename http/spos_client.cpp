#include "http/spos_client.hpp"

#include "http/net/retry_after.hpp"
#include "http/wire/process_result.hpp"

namespace tsms::http {

using actors::delivery_outcome;
using kind = delivery_outcome::kind;

constexpr std::size_t most_of_answer = 128 << 10; ///< octets; its status alone matters, and its thread waits

std::string process_results_url(std::string_view spos_url) {
    while (!spos_url.empty() && spos_url.back() == '/')
        spos_url.remove_suffix(1);
    return std::string(spos_url) + "/process-results";
}

spos_client::spos_client(std::optional<net::tls_identity> identity, std::chrono::milliseconds timeout,
                         net::pace transfer, std::chrono::milliseconds connect, const time_source& time)
    : identity_(std::move(identity)), timeout_(timeout), transfer_(transfer), connect_(connect), time_(time) {}

std::string spos_client::encode(const model::process_result& result) const {
    return json::dump(wire::to_json(result));
}

delivery_outcome spos_client::deliver(const model::spos_target& target, const std::string& body) {
    // An empty set of anchors would mean the system's: any public CA could then vouch for the SPOS (AMB-181).
    if (target.certificate_pem.empty())
        return {kind::misconfigured, 0, "the SposConfig has no certificate to trust"};
    try {
        net::client_options options;
        options.base_url = process_results_url(target.url);
        options.ca_pem = target.certificate_pem;
        options.identity = identity_;
        options.connect_timeout = connect_;
        options.read_timeout = timeout_;
        options.transfer = transfer_;
        options.body_limit = most_of_answer;
        net::tls_client client(std::move(options)); // deliveries to one SPOS are rare: no connection is kept

        struct registration {
            spos_client& owner;
            bool accepted;
            registration(spos_client& o, net::tls_client& c) : owner(o), accepted(o.enter(c)) {}
            ~registration() { owner.leave(); }
        } running(*this, client);
        if (!running.accepted)
            return {kind::unreachable, 0, "cancelled"};

        const auto response = client.post_json("", body);
        const bool delivered = response.status / 100 == 2;
        return {delivered ? kind::delivered : kind::refused, response.status,
                delivered ? std::string() : "SPOS " + client.host() + " answered " + std::to_string(response.status),
                net::retry_after(response, time_.wall())};
    } catch (const net::network_error& e) {
        return {kind::unreachable, 0, e.what()};
    } catch (const net::configuration_error& e) {
        return {kind::misconfigured, 0, e.what()};
    }
}

bool spos_client::enter(net::tls_client& client) {
    std::lock_guard lock(mutex_);
    running_ = &client;
    return !cancelled_;
}

void spos_client::leave() {
    std::lock_guard lock(mutex_);
    running_ = nullptr;
}

void spos_client::cancel() {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (running_)
        running_->cancel();
}

} // namespace tsms::http
