#pragma once
// The TSM as Local Agent towards an issuer's Remote Agent (docs/issuer-protocol.md), over mutual TLS.

#include "actors/ports.hpp"
#include "base/time.hpp"
#include "http/net/client.hpp"
#include "http/wire/seram.hpp"

#include <condition_variable>
#include <map>
#include <mutex>

namespace tsms::http {

/// Octets: of an order or report to an issuer, and of what it answers. 4096 short commands fit, or 250 long ones; a
/// larger one would only give a peer that drips more time.
inline constexpr std::size_t most_of_issuer_message = 128 << 10;

/// No exchange of a client with these options takes longer: an attempt that breaks while an answer could still begin,
/// and another one.
std::chrono::milliseconds longest_issuer_exchange(const net::client_options& options);

/// A session's calls block for at most about `patience` in all, and each for the client's timeouts, except that
/// cancel() ends them at once.
class issuer_client final : public actors::issuer_port {
public:
    /// `options.identity` is the TSM's client certificate, `options.ca_pem` anchors the issuer's, and of
    /// `options.body_limit` no more than most_of_issuer_message counts. Throws net::configuration_error.
    explicit issuer_client(net::client_options options, std::chrono::milliseconds patience = std::chrono::seconds(60),
                           const time_source& time = system_time());

    opened open(const model::issuer_order& order) override;
    model::issuer_step relay(const std::string& session, const std::vector<bytes>& responses,
                             bool interrupted) override;
    model::issuer_step poll(const std::string& session) override;
    model::issuer_key_material fetch_keys(const std::string& session) override;
    void ping() override;
    void cancel() override;

private:
    struct management_session {
        std::chrono::milliseconds patience{}; ///< what is left of it
        std::vector<std::size_t> commands;    ///< APDUs in each seRamCommand of the last order
        bool stopped = false;                 ///< the last order ended the session: its report is not wanted
        std::map<std::string, std::string> cookies;
    };

    json::value call(std::string_view method, const std::string& target, const json::value* body,
                     management_session* session = nullptr);
    model::issuer_step start(const std::string& id, const model::issuer_order& order);
    model::issuer_step next_step(const std::string& id, wire::seram_report report);
    model::issuer_step to_step(const wire::seram_order& order, management_session& session) const;
    void pause(std::chrono::milliseconds duration);

    const time_source& time_;
    net::tls_client client_;
    std::chrono::milliseconds patience_;
    std::chrono::milliseconds again_within_; ///< of an exchange, a connection that breaks is tried once more
    std::map<std::string, management_session> sessions_;
    std::mutex mutex_; ///< of `cancelled_`
    std::condition_variable wake_;
    bool cancelled_ = false;
};

} // namespace tsms::http
