#pragma once
// The simulated secure component issuer (SCI) behind HTTP: the issuer protocol of docs/issuer-protocol.md as a function
// of requests. No socket: app/ puts a TLS listener in front of it, a test calls it.

#include "http/net/message.hpp"
#include "lab/issuer/issuer_lies.hpp"
#include "lab/issuer/order_book.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

namespace tsms::wire {
struct seram_report;
}

namespace tsms::lab {

class issuer_service {
public:
    struct options {
        crypto::secret master_key;     ///< of the ISD keys of its cards (lab/card/issuer_keys.hpp)
        std::size_t max_sessions = 64; ///< that have not ended; more are told to come again (429, Retry-After)
        std::function<void(const std::string& line)> log; ///< one line per event, no keys
        issuer_lies lies = {};                            ///< an honest one has none
        std::chrono::seconds retry_after{1};
        std::chrono::seconds idle{60}; ///< a session that nothing was heard of for so long makes room
    };

    /// Both must outlive the service.
    issuer_service(order_book& book, options o, crypto::random_source& random);
    ~issuer_service();

    /// From any thread.
    net::response handle(const net::request& request);

private:
    struct session;

    net::response open_order(const net::request& request);
    net::response handshake(const net::request& request);
    net::response remote_management(const net::request& request);
    net::response keys(const net::request& request, const std::string& session_id);
    void advance(session& s, const wire::seram_report& report);
    void finish(session& s);
    session& session_of(const net::request& request, const std::optional<std::string>& id);
    bool make_room();
    void log(const std::string& line) const;

    order_book& book_;
    options options_;
    crypto::random_source& random_;
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<session>> sessions_;
    std::uint64_t opened_ = 0;
};

} // namespace tsms::lab
