#pragma once
// One process at a time works on a card, and that is a fact of the store: a process that begins gets a lease, and
// whoever has lost his lease writes nothing any more. Each start of a server is an epoch of its own, so that what a
// former life of it still does is refused at once, and what that life has left waits for nobody (DIV-101).

#include "model/interruption.hpp"
#include "store/error.hpp"
#include "store/ports/device_rows.hpp"

#include <chrono>

namespace tsms::store {

/// The process has ended, or another server, or a later start of this one, goes on with its card.
class lease_lost : public error {
public:
    using error::error;
};

/// No server leases a card for longer. A row that says so was written by none.
inline constexpr std::chrono::hours longest_lease{24};

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
    /// A later start of this server goes on with its cards, and this one begins and writes nothing any more: who, and
    /// what helps. Empty: it goes on itself.
    std::string superseded() const;

    /// The lease of a process that this server may go on with. Throws lease_lost.
    process_lease held(const std::string& process) const;
    /// So much of it has passed that its use must renew it.
    bool is_due(const process_lease& lease) const;
    /// Why nobody goes on with this process; nothing: somebody does.
    std::optional<model::interruption> why_left(const process_lease& lease) const;
    bool is_left(const process_lease& lease) const { return why_left(lease).has_value(); }

    // Within device_rows::change:

    /// For a process that begins. Throws lease_lost where a later start of this server goes on.
    process_lease grant(bool holds_card) const;
    /// Uses the lease: one that is in use does not end. Throws lease_lost.
    void require(const std::string& process) const;
    /// Of a process that is left: whoever takes it over can end it. Throws lease_lost if somebody goes on with it.
    void take_over(const std::string& process) const;
    /// Nobody goes on with this process from now on, whoever has held it.
    void abandon(const std::string& process, const process_lease& lease) const;
    /// Of the start that serve_as() was.
    std::int64_t epoch() const { return epoch_; }

private:
    void require_epoch() const;
    bool can_be_given(const process_lease& lease) const;
    process_lease lease_from_now(bool holds_card) const;

    device_rows& rows_;
    server_terms terms_;
    std::int64_t epoch_ = 0;
};

} // namespace tsms::store
