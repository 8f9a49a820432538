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

void write_end_of_process(device_rows& rows, const model::process_end& p) {
    rows.processes().end(p);
    rows.processes().settle_intents(p.id);
    rows.audit().append("process ends with " + std::to_string(static_cast<int>(p.status)), p.id);
}

/// Nothing where it is damaged.
std::optional<model::secure_component> readable_card(device_rows& rows, const std::string& id) {
    try {
        return rows.cards().find(id);
    } catch (const damaged_row&) {
        return std::nullopt;
    }
}

/// Does it write its card's row? One that does not hold the card does not touch it; an intent of a process of before
/// there were leases says that it has (DIV-101).
bool touches_card(device_rows& rows, const std::string& process) {
    const auto lease = rows.processes().lease_of(process);
    return (lease && lease->holds_card) || rows.processes().is_open(process);
}

/// A row of a process is not there.
struct orphan : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void write_end(device_rows& rows, const model::process_end& p, const model::service_instance& instance,
               const std::optional<model::secure_component>& seen, bool gone,
               std::optional<model::outbox_entry>& delivery) {
    const auto card = touches_card(rows, p.id) ? seen : std::nullopt;
    if (card)
        update(rows, *card);
    for (const auto& id : p.cleaned) {
        rows.instances().remove_tombstone(id);
        rows.audit().append("tombstone cleaned up", id);
    }
    if (gone) { // and with it what its scripts were answered (AMB-241)
        rows.processes().forget_results_of(instance.id);
        rows.instances().remove(instance.id);
        rows.audit().append("instance removed", instance.id);
    } else {
        update(rows, instance);
    }
    write_end_of_process(rows, p);
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
    if (leases_.is_due(leases_.held(process)))
        rows_.change([&] { leases_.require(process); });
}

void processes::abandon(const std::string& process) const {
    rows_.change([&] {
        try {
            leases_.abandon(process, leases_.held(process));
        } catch (const lease_lost&) { // it has not begun, has ended, or is somebody else's
        }
    });
}

std::size_t processes::break_leases(const std::string& card) const {
    return rows_.change([&] {
        const auto held = leases_on(card);
        for (const auto& [process, lease] : held)
            leases_.abandon(process, lease);
        return held.size();
    });
}

std::map<std::string, process_lease> processes::leases_on(const std::string& card) const {
    std::map<std::string, process_lease> found;
    for (const auto& process : rows_.processes().running_on(card))
        if (const auto lease = rows_.processes().lease_of(process))
            found.emplace(process, *lease);
    return found;
}

void processes::acknowledge(const std::string& process) const {
    rows_.change([&] {
        leases_.require(process);
        rows_.processes().acknowledge(process);
    });
}

void processes::cancel(const std::string& session) const {
    rows_.change([&] { rows_.processes().forget_asked(session); });
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

std::vector<std::string> processes::left() const {
    auto ids = rows_.processes().running();
    std::erase_if(ids, [&](const auto& id) { return !is_left(id); });
    return ids;
}

/// Throws orphan where a row of it is not there, and damaged_row.
processes::interrupted_process processes::whole(const std::string& id) const {
    auto p = rows_.processes().find_running(id);
    if (!p)
        throw orphan("its row is missing");
    auto instance = rows_.instances().find(p->instance);
    if (!instance)
        throw orphan("service instance " + p->instance + " is missing in table service_instances");
    auto card = rows_.cards().find(p->card);
    if (!card)
        throw orphan("secure component " + p->card + " is missing in table secure_components");
    const auto lease = rows_.processes().lease_of(id);
    const auto why = lease ? leases_.why_left(*lease) : std::nullopt;
    return {*std::move(p),
            *std::move(instance),
            *std::move(card),
            rows_.processes().is_open(id),
            why.value_or(model::interruption::restart),
            lease && lease->holds_card};
}

std::vector<processes::interrupted_process> processes::interrupted() const {
    std::vector<interrupted_process> found;
    for (const auto& id : left()) {
        try {
            found.push_back(whole(id));
        } catch (const orphan&) {
        } catch (const damaged_row&) {
        }
    }
    return found;
}

void processes::take_over(const std::string& process) const {
    rows_.change([&] { leases_.take_over(process); });
}

std::vector<processes::orphaned_process> processes::orphaned() const {
    std::vector<orphaned_process> found;
    for (const auto& id : left()) {
        try {
            whole(id);
        } catch (const orphan& e) {
            found.push_back({id, e.what()});
        } catch (const damaged_row& e) {
            found.push_back({id, e.what()});
        }
    }
    return found;
}

void processes::end_orphaned(const model::process_end& end) const {
    rows_.change([&] {
        leases_.take_over(end.id);
        if (auto card = readable_card(rows_, rows_.processes().card_of(end.id))) {
            card->doubt = true;
            update(rows_, *card);
        }
        write_end_of_process(rows_, end);
    });
}

bool processes::is_left(const std::string& process) const {
    const auto lease = rows_.processes().lease_of(process);
    return lease && leases_.is_left(*lease);
}

std::optional<std::chrono::seconds> processes::runs_for(const std::string& process) const {
    const auto lease = rows_.processes().lease_of(process);
    if (!lease || leases_.is_left(*lease))
        return std::nullopt;
    return std::chrono::ceil<std::chrono::seconds>(lease->ends - rows_.time().wall());
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
        if (auto card = readable_card(rows_, instance.secure_component_id))
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
