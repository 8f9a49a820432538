#pragma once
// One process at a time works on a card, and that is a fact of the store: a process that begins gets a lease, and
// whoever has lost his lease writes nothing any more. Each start of a server is an epoch of its own, so that what a
// former life of it still does is refused at once, and what that life has left waits for nobody (DIV-101).

#include "store/error.hpp"
#include "store/ports/device_rows.hpp"

#include <chrono>

namespace tsms::store {

/// The process has ended, or another server, or a later start of this one, goes on with its card.
class lease_lost : public error {
public:
    using error::error;
};

/// In whose name processes begin.
struct server_terms {
    std::string name;               ///< empty: nobody's, who could go on with nothing; for tools and tests
    std::chrono::seconds term{900}; ///< of a lease, from its last use: longer than a process waits for anybody
};

class leases {
public:
    explicit leases(device_rows& rows) : rows_(rows) {}

    /// A server of this name starts: a new epoch of it begins.
    void serve_as(server_terms terms);

    // Within device_rows::change:

    /// For a process that begins. Throws lease_lost where a later start of this server goes on.
    process_lease grant(bool holds_card) const;
    /// Throws lease_lost. A lease that is in use does not end.
    void require(const std::string& process) const;
    /// Of a process that is left: whoever takes it over can end it. Throws lease_lost if somebody goes on with it.
    void take_over(const std::string& process) const;
    /// Nobody goes on with this process: it is nobody's, it was begun in a former epoch of this server, or the lease of
    /// another one has ended.
    bool is_left(const process_lease& lease) const;
    /// A start of this server has begun it, or taken it over.
    bool is_own(const process_lease& lease) const { return !terms_.name.empty() && lease.owner == terms_.name; }
    /// Of the start that serve_as() was.
    std::int64_t epoch() const { return epoch_; }

private:
    void require_epoch() const;
    process_lease lease_from_now(bool holds_card) const;

    device_rows& rows_;
    server_terms terms_;
    std::int64_t epoch_ = 0;
};

} // namespace tsms::store
