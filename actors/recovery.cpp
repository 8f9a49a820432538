#include "actors/recovery.hpp"

#include "model/life_cycle.hpp"
#include "process/calls/interrupted.hpp"
#include "process/calls/process_result.hpp"
#include "store/device_store.hpp"

namespace tsms::actors {

namespace {

/// AMB-182: the SposConfig of this moment; of the snapshot if the Service is deleted, or nobody can tell.
std::optional<model::spos_target> spos_of(const store::deployments& catalog, const model::deployment_target& target) {
    try {
        if (const auto service = catalog.service(target.service_id))
            return service->spos;
    } catch (const std::exception&) { // the catalog has its own alarm
    }
    return target.spos;
}

log_subject subject_of(const std::string& process, const model::service_instance& instance) {
    return {.process = process,
            .instance = instance.id,
            .card = instance.secure_component_id,
            .provider = instance.target.service_provider_id};
}

bool end_interrupted(store::device_store& db, const store::deployments& catalog, const spos_port& spos,
                     const log_sink& log, const time_source& time,
                     const store::processes::interrupted_process& interrupted) {
    const auto& [record, stored, stored_card, in_doubt, why] = interrupted;
    const auto [end, instance, card, result] =
        calls::end_of_interrupted(record, stored, stored_card, in_doubt, why, time.wall());
    std::optional<model::outbox_entry> delivery;
    if (const auto to = spos_of(catalog, instance.target))
        delivery = calls::delivery_of(record, instance, *to, spos.encode(result));
    db.processes.end_left(end, instance, card, delivery);
    log({severity::warning,
         "process " + record.id + " was interrupted (" + calls::text_of(why) + "): instance " + instance.id +
             " is in state " + std::to_string(static_cast<int>(instance.state)) +
             (in_doubt ? ", its secure component in doubt" : ""),
         subject_of(record.id, instance)});
    return true;
}

/// What is missing or damaged is not made up: no SPOS is told, and its instance, where there is one, is stranded.
bool end_orphaned(store::device_store& db, const log_sink& log, const time_source& time,
                  const store::processes::orphaned_process& orphaned) {
    const auto status = model::error_category::execution_interrupted;
    db.processes.end_orphaned(
        {orphaned.id, status, model::error_message(status, "its rows are damaged"), iso8601(time.wall())});
    log({severity::error,
         "process " + orphaned.id + " was ended as interrupted, its card is free and in doubt, and no SPOS is told: " +
             orphaned.cause + "; instances.db is damaged: restore the databases from one backup to have it again",
         {.process = orphaned.id}});
    return true;
}

/// Nobody knows what became of the card.
bool free_stranded(store::device_store& db, const log_sink& log, const store::processes::stranded_instance& stranded) {
    const auto& [stored, stored_card] = stranded;
    const auto before = stored.state == model::instance_state::initialized ? stored.last_stable : stored.state;
    const auto instance = model::after_crash(stored, before, true);
    auto card = stored_card;
    card.doubt = true;
    if (!db.processes.heal(stored.running_process, instance, card))
        return false;
    log({severity::error,
         "instance " + instance.id + " named process " + stored.running_process +
             ", which does not run: it is in state " + std::to_string(static_cast<int>(instance.state)) +
             ", its secure component in doubt",
         subject_of(stored.running_process, instance)});
    return true;
}

} // namespace

std::size_t resolve_interrupted(store::device_store& db, const store::deployments& catalog, const spos_port& spos,
                                const log_sink& log, const time_source& time) {
    std::size_t resolved = 0;
    /// What breaks on one process keeps nobody from the others.
    const auto attempt = [&](const log_subject& of, auto resolve) {
        try {
            resolved += resolve();
        } catch (const std::exception& e) {
            log({severity::error, "process " + of.process + ", with which nobody goes on, cannot be ended: " + e.what(),
                 of});
        }
    };
    for (const auto& p : db.processes.interrupted())
        attempt(subject_of(p.process.id, p.instance), [&] { return end_interrupted(db, catalog, spos, log, time, p); });
    for (const auto& o : db.processes.orphaned())
        attempt({.process = o.id}, [&] { return end_orphaned(db, log, time, o); });
    for (const auto& s : db.processes.stranded())
        attempt(subject_of(s.instance.running_process, s.instance), [&] { return free_stranded(db, log, s); });
    return resolved;
}

} // namespace tsms::actors
