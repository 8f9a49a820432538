#pragma once
// What the actors need from outside: the issuer of a secure component and the SPOS of a service provider. Implemented
// in http/ (issuer_client, spos_client) and by tests. Every call blocks for as long as a network exchange takes, so
// only detached actors make them, one at a time for each object; cancel() alone may come from any thread.

#include "base/bytes.hpp"
#include "model/issuer.hpp"
#include "model/process_result.hpp"
#include "model/records.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

namespace tsms::actors {

enum class port_cause {
    unreachable,  ///< no connection, no answer in time, cancelled: the request may or may not have been executed
    busy,         ///< the issuer is at its limit: the same again after a pause
    session_lost, ///< the issuer does not know the session any more: the order may be opened again
    refused,      ///< the issuer has refused: unknown card, order not allowed
    card,         ///< the card did not do what the issuer wanted: not authentic, no memory, transmission broke
    protocol,     ///< the answer is not what docs/issuer-protocol.md describes
};

/// The one exception of issuer_port. The text says cause and remedy and is fit for the log; what the issuer said in it
/// is bounded and stripped of control characters.
class port_error : public std::runtime_error {
public:
    port_error(port_cause cause, const std::string& text, std::optional<std::chrono::seconds> retry_after = {},
               std::string of_card = {})
        : std::runtime_error(text), cause_(cause), retry_after_(retry_after), of_card_(std::move(of_card)) {}

    port_cause cause() const { return cause_; }
    /// Of who is busy, if it says so; not bounded.
    std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }
    /// What an app and an SPOS are told: fixed words, because the text has hosts, ports and TLS's reasons in it. Only
    /// what the issuer says of the card, which is the app's own matter, goes with them.
    std::string for_app() const {
        const std::string issuer = "the issuer of the secure component ";
        switch (cause_) {
        case port_cause::unreachable:
            return issuer + "cannot be reached, please try again later";
        case port_cause::busy:
            return issuer + "is busy, please try again " +
                   (retry_after_ ? "in " + std::to_string(retry_after_->count()) + " seconds" : "later");
        case port_cause::session_lost:
            return issuer + "has ended its session, please try again later";
        case port_cause::card:
            return issuer + "could not work on it" + (of_card_.empty() ? "" : ": " + of_card_);
        case port_cause::refused:
            return issuer + "does not take the order";
        case port_cause::protocol:
            break;
        }
        return issuer + "does not answer as agreed";
    }
    /// TR 4.2.4.4
    model::error_category category() const {
        switch (cause_) {
        case port_cause::unreachable:
        case port_cause::busy:
        case port_cause::session_lost:
            return model::error_category::network_connection_error;
        case port_cause::card:
            return model::error_category::sc_inaccessible;
        case port_cause::refused:
        case port_cause::protocol:
            break;
        }
        return model::error_category::issuer_error;
    }
    /// The same process started again may succeed.
    bool retry_can_help() const {
        return cause_ == port_cause::unreachable || cause_ == port_cause::busy || cause_ == port_cause::session_lost;
    }

private:
    port_cause cause_;
    std::optional<std::chrono::seconds> retry_after_;
    std::string of_card_;
};

/// One SCI (TR 3.3.1.1; docs/issuer-protocol.md). Every call throws port_error and may be repeated after one. A step
/// without commands that is not done says after which pause to ask for the next one (poll).
class issuer_port {
public:
    struct opened {
        std::string session;
        model::issuer_step first;
    };

    virtual ~issuer_port() = default;

    /// Opens the management session of an order and gets its first commands. Idempotent by order.id: an order that has
    /// been carried out answers with `done` and no commands, and the keys can be fetched.
    virtual opened open(const model::issuer_order& order) = 0;

    /// Reports R-APDUs of the last step, empty ones where a SELECT gave none; fewer than commands together with
    /// `interrupted` where the transmission broke.
    virtual model::issuer_step relay(const std::string& session, const std::vector<bytes>& responses,
                                     bool interrupted) = 0;
    virtual model::issuer_step poll(const std::string& session) = 0;

    /// Once a step of the session said `done`.
    virtual model::issuer_key_material fetch_keys(const std::string& session) = 0;

    virtual void ping() = 0;

    /// Ends a running call and every later one with port_cause::unreachable. From any thread.
    virtual void cancel() = 0;
};

/// A port to an issuer as it is configured now ("tsms issuer add"). Called on the thread that will use the port; throws
/// port_error{refused} where the configuration cannot be used.
using issuer_ports = std::function<std::unique_ptr<issuer_port>(const model::issuer_record& issuer)>;

/// How a delivery ended. Everything but `delivered` is retried with back-off (AMB-180); nothing is thrown.
struct delivery_outcome {
    enum class kind {
        delivered,     ///< any 2xx
        refused,       ///< any other status
        unreachable,   ///< no connection, no answer
        misconfigured, ///< the SposConfig's URL or certificate cannot be used
    };
    kind result = kind::unreachable;
    int status = 0;                                       ///< HTTP status, 0 without an answer
    std::string detail;                                   ///< cause for the log
    std::optional<std::chrono::seconds> retry_after = {}; ///< as the SPOS asks for it, not bounded

    bool delivered() const { return result == kind::delivered; }
};

/// SPOS-Services (TR 4.3).
class spos_port {
public:
    virtual ~spos_port() = default;

    /// The body of a delivery, made once when the process ends and kept in the outbox.
    virtual std::string encode(const model::process_result& result) const = 0;
    /// One attempt: POST <url>/process-results over mutual TLS (AMB-181).
    virtual delivery_outcome deliver(const model::spos_target& target, const std::string& body) = 0;
    virtual void cancel() = 0;
};

} // namespace tsms::actors
