#include "store/leases.hpp"

namespace tsms::store {

void leases::serve_as(server_terms terms) {
    rows_.change([&] {
        epoch_ = rows_.processes().epoch_of(terms.name) + 1;
        rows_.processes().set_epoch(terms.name, epoch_);
        rows_.audit().append("server starts, epoch " + std::to_string(epoch_), terms.name);
    });
    terms_ = std::move(terms);
}

void leases::require_epoch() const {
    if (rows_.processes().epoch_of(terms_.name) > epoch_)
        throw lease_lost("another server ‘" + terms_.name +
                         "’ has started and goes on with the cards of this one; give each server on the same "
                         "databases a name of its own (device.server_name)");
}

process_lease leases::lease_from_now(bool holds_card) const {
    return {terms_.name, epoch_, holds_card, rows_.time().wall() + terms_.term};
}

process_lease leases::grant(bool holds_card) const {
    require_epoch();
    return lease_from_now(holds_card);
}

void leases::require(const std::string& process) const {
    const auto lease = rows_.processes().lease_of(process);
    if (!lease)
        throw lease_lost("process " + process + " has ended; nothing was written");
    if (lease->owner != terms_.name || lease->epoch != epoch_)
        throw lease_lost("process " + process + " is not this server's: it was begun by ‘" + lease->owner +
                         "’ in its epoch " + std::to_string(lease->epoch) + "; nothing was written");
    require_epoch();
    if (lease->ends - rows_.time().wall() < terms_.term * 2 / 3)
        rows_.processes().set_lease(process, lease_from_now(lease->holds_card));
}

void leases::take_over(const std::string& process) const {
    const auto lease = rows_.processes().lease_of(process);
    if (!lease || !is_left(*lease))
        throw lease_lost("process " + process + " has ended, or somebody goes on with it; nothing was written");
    rows_.processes().set_lease(process, grant(lease->holds_card));
    rows_.audit().append("process taken over from ‘" + lease->owner + "’, epoch " + std::to_string(lease->epoch),
                         process);
}

bool leases::is_left(const process_lease& lease) const {
    if (lease.owner.empty())
        return true;
    if (lease.owner == terms_.name) // a clock that jumps ends no process of this server
        return lease.epoch < epoch_;
    return lease.ends < rows_.time().wall();
}

} // namespace tsms::store
