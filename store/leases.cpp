#include "store/leases.hpp"

namespace tsms::store {

namespace {

/// No server starts so often. A number beyond is damage.
constexpr std::int64_t most_epochs = 1'000'000'000'000;

} // namespace

void leases::serve_as(server_terms terms) {
    rows_.change([&] {
        const auto latest = rows_.processes().epoch_of(terms.name);
        if (latest < 0 || latest >= most_epochs)
            throw error("instances.db is damaged: row ‘" + terms.name + "’ of table servers has epoch " +
                        std::to_string(latest) +
                        ", which no server reaches; give this server another name "
                        "(device.server_name), or restore the databases from one backup");
        epoch_ = latest + 1;
        rows_.processes().set_epoch(terms.name, epoch_);
        rows_.audit().append("server starts, epoch " + std::to_string(epoch_), terms.name);
    });
    terms_ = std::move(terms);
}

std::string leases::superseded() const {
    if (rows_.processes().epoch_of(terms_.name) <= epoch_)
        return {};
    return "another server ‘" + terms_.name +
           "’ has started and goes on with the cards of this one; give each server on the same databases a name of "
           "its own (device.server_name)";
}

void leases::require_epoch() const {
    if (const auto by = superseded(); !by.empty())
        throw lease_lost(by);
}

process_lease leases::lease_from_now(bool holds_card) const {
    return {terms_.name, epoch_, holds_card, rows_.time().wall() + terms_.term};
}

process_lease leases::grant(bool holds_card) const {
    require_epoch();
    return lease_from_now(holds_card);
}

process_lease leases::held(const std::string& process) const {
    auto lease = rows_.processes().lease_of(process);
    if (!lease)
        throw lease_lost("process " + process + " has ended; nothing was written");
    if (lease->owner != terms_.name || lease->epoch != epoch_)
        throw lease_lost("process " + process + " is not this server's: it is ‘" + lease->owner + "’'s, of its epoch " +
                         std::to_string(lease->epoch) + "; nothing was written");
    require_epoch();
    return *lease;
}

bool leases::is_due(const process_lease& lease) const {
    return lease.ends - rows_.time().wall() < terms_.term * 2 / 3;
}

void leases::require(const std::string& process) const {
    const auto lease = held(process);
    if (is_due(lease))
        rows_.processes().set_lease(process, lease_from_now(lease.holds_card));
}

void leases::take_over(const std::string& process) const {
    const auto lease = rows_.processes().lease_of(process);
    if (!lease || !is_left(*lease))
        throw lease_lost("process " + process + " has ended, or somebody goes on with it; nothing was written");
    rows_.processes().set_lease(process, grant(lease->holds_card));
    rows_.audit().append("process taken over from ‘" + lease->owner + "’, epoch " + std::to_string(lease->epoch),
                         process);
}

void leases::abandon(const std::string& process, const process_lease& lease) const {
    rows_.processes().set_lease(process, {"", 0, lease.holds_card, rows_.time().wall()});
    rows_.audit().append("process abandoned, of ‘" + lease.owner + "’, epoch " + std::to_string(lease.epoch), process);
}

/// By a server whose clock is as ours: no epoch that it has not begun, and no end that it does not give. What else a
/// row says is damage, or was written by hand, and keeps nobody off a card.
bool leases::can_be_given(const process_lease& lease) const {
    const bool is_own = lease.owner == terms_.name; // a clock that jumps ends no process of this server
    return lease.epoch >= 1 && lease.epoch <= rows_.processes().epoch_of(lease.owner) &&
           (is_own || lease.ends <= rows_.time().wall() + longest_lease);
}

std::optional<model::interruption> leases::why_left(const process_lease& lease) const {
    using model::interruption;
    if (lease.owner.empty() || !can_be_given(lease))
        return interruption::abandoned;
    if (lease.owner == terms_.name)
        return lease.epoch < epoch_ ? std::optional(interruption::restart) : std::nullopt;
    return lease.ends < rows_.time().wall() ? std::optional(interruption::server_gone) : std::nullopt;
}

} // namespace tsms::store
