#include "store/processes.hpp"

#include "store/instance_records.hpp"
#include "store/outbox.hpp"
#include "store/row_changes.hpp"
#include "store/unite.hpp"

namespace tsms::store {

namespace {

bool is_as_read(device_rows& rows, const model::process_record& p, const model::process_rows& read) {
    const auto instance = rows.instances().find(p.instance);
    if (!instance || encode(*instance) != encode(read.instance))
        return false;
    if (!read.card)
        return true;
    const auto card = rows.cards().find(p.card);
    return card && encode(*card) == encode(*read.card);
}

bool names_unknown_issuer(device_rows& rows, const model::process_rows& read, const model::process_rows& shown) {
    return shown.card && read.card && shown.card->issuer != read.card->issuer && !shown.card->issuer.empty() &&
           !rows.issuers().has(shown.card->issuer);
}

/// Told again, because the first answer was lost: the delivery that waits is the one of the first time.
void tell_again(device_rows& rows, const std::string& process, std::optional<model::outbox_entry>& delivery) {
    const auto waiting = rows.outbox().waiting_of(process);
    if (!waiting)
        delivery.reset();
    else if (delivery)
        delivery->id = *waiting;
}

void write_end(device_rows& rows, const model::process_end& p, const model::service_instance& instance,
               const std::optional<model::secure_component>& card, bool gone,
               std::optional<model::outbox_entry>& delivery) {
    if (card)
        update(rows, *card);
    for (const auto& id : p.cleaned) {
        rows.instances().remove_tombstone(id);
        rows.audit().append("tombstone cleaned up", id);
    }
    if (gone) {
        rows.instances().remove(instance.id);
        rows.audit().append("instance removed", instance.id);
    } else {
        update(rows, instance);
    }
    rows.processes().end(p);
    rows.processes().settle_intents(p.id);
    rows.audit().append("process ends with " + std::to_string(static_cast<int>(p.status)), p.id);
    if (card)
        unite(rows, *card, gone ? instance.target.service_id : std::string());
    if (delivery)
        put_into_outbox(rows, *delivery);
}

} // namespace

model::beginning processes::begin(const model::process_record& p, const model::process_rows& read,
                                  const model::process_rows& shown) const {
    return rows_.change([&] {
        if (!is_as_read(rows_, p, read) || names_unknown_issuer(rows_, read, shown))
            return model::beginning::changed;
        if (rows_.processes().runs(read.instance.running_process) || (shown.card && rows_.processes().lease_on(p.card)))
            return model::beginning::leased;
        rows_.processes().insert(p, leases_.grant(shown.card.has_value()));
        rows_.audit().append("process begins", p.id);
        update(rows_, shown.instance);
        if (shown.card)
            update(rows_, *shown.card);
        return model::beginning::begun;
    });
}

void processes::hold(const std::string& process) const {
    rows_.change([&] { leases_.require(process); });
}

void processes::acknowledge(const std::string& process) const {
    rows_.change([&] {
        leases_.require(process);
        rows_.processes().acknowledge(process);
    });
}

void processes::journal(const std::string& process, const std::string& what) const {
    rows_.change([&] {
        leases_.require(process);
        rows_.processes().intend(process, what, rows_.time().wall());
    });
}

void processes::commit(const std::string& process, const model::service_instance& instance,
                       const model::secure_component& card) const {
    rows_.change([&] {
        leases_.require(process);
        update(rows_, card);
        update(rows_, instance);
    });
}

bool processes::end(const model::process_end& p, const model::service_instance& instance,
                    const std::optional<model::secure_component>& card, bool gone,
                    std::optional<model::outbox_entry>& delivery) const {
    return rows_.change([&] {
        if (rows_.processes().end_of(p.id)) {
            tell_again(rows_, p.id, delivery);
            return false;
        }
        leases_.require(p.id);
        write_end(rows_, p, instance, card, gone, delivery);
        return true;
    });
}

void processes::end_left(const model::process_end& p, const model::service_instance& instance,
                         const model::secure_component& card, std::optional<model::outbox_entry>& delivery) const {
    rows_.change([&] {
        leases_.take_over(p.id);
        write_end(rows_, p, instance, card, false, delivery);
    });
}

std::vector<processes::interrupted_process> processes::interrupted() const {
    std::vector<interrupted_process> found;
    for (auto& [p, lease] : rows_.processes().running()) {
        auto instance = rows_.instances().find(p.instance);
        auto card = rows_.cards().find(p.card);
        if (!instance || !card || !leases_.is_left(lease))
            continue;
        const bool in_doubt = rows_.processes().is_open(p.id);
        found.push_back(
            {std::move(p), std::move(*instance), std::move(*card), in_doubt, leases_.is_own(lease), lease.holds_card});
    }
    return found;
}

void processes::take_over(const std::string& process) const {
    rows_.change([&] { leases_.take_over(process); });
}

bool processes::is_left(const std::string& process) const {
    const auto lease = rows_.processes().lease_of(process);
    return lease && leases_.is_left(*lease);
}

bool processes::holds(const std::string& card) const {
    const auto lease = rows_.processes().lease_on(card);
    return lease && !leases_.is_left(*lease);
}

bool processes::holder_is_left(const std::string& card) const {
    const auto lease = rows_.processes().lease_on(card);
    return lease && leases_.is_left(*lease);
}

std::vector<processes::stranded_instance> processes::stranded() const {
    std::vector<stranded_instance> found;
    for (auto& instance : rows_.instances().naming_a_process()) {
        if (rows_.processes().runs(instance.running_process))
            continue;
        if (auto card = rows_.cards().find(instance.secure_component_id))
            found.push_back({std::move(instance), std::move(*card)});
    }
    return found;
}

bool processes::heal(const std::string& process, const model::service_instance& instance,
                     const model::secure_component& card) const {
    return rows_.change([&] {
        const auto stored = rows_.instances().find(instance.id);
        if (stored && (stored->running_process != process || rows_.processes().runs(process)))
            return false;
        rows_.audit().append("row healed", instance.id);
        update(rows_, instance);
        update(rows_, card);
        return true;
    });
}

} // namespace tsms::store
