#include "actors/recovery.hpp"

#include "model/life_cycle.hpp"
#include "process/calls/interrupted.hpp"
#include "process/calls/process_result.hpp"
#include "store/device_store.hpp"
#include "store/error.hpp"

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

/// What becomes of it, and what its SPOS is told.
struct prepared_end {
    calls::interrupted_end ends;
    std::optional<model::outbox_entry> delivery;
};
prepared_end prepare_end(const store::deployments& catalog, const spos_port& spos, const time_source& time,
                         const store::processes::interrupted_process& p) {
    prepared_end prepared{calls::end_of_interrupted(p.process, p.instance, p.card, p.in_doubt, p.why, time.wall()), {}};
    const auto& instance = prepared.ends.instance;
    if (const auto to = spos_of(catalog, instance.target))
        prepared.delivery = calls::delivery_of(p.process, instance, *to, spos.encode(prepared.ends.result));
    return prepared;
}

void tell_interrupted(const log_sink& log, const store::processes::interrupted_process& p,
                      const calls::interrupted_end& ends) {
    log({severity::warning,
         "process " + p.process.id + " was interrupted (" + calls::text_of(p.why) + "): instance " + ends.instance.id +
             " is in state " + std::to_string(static_cast<int>(ends.instance.state)) +
             (p.in_doubt ? ", its secure component in doubt" : ""),
         subject_of(p.process.id, ends.instance)});
}

bool end_interrupted(store::device_store& db, const store::deployments& catalog, const spos_port& spos,
                     const log_sink& log, const time_source& time,
                     const store::processes::interrupted_process& interrupted) {
    auto [ends, delivery] = prepare_end(catalog, spos, time, interrupted);
    db.processes.end_left(ends.end, ends.instance, ends.card, delivery);
    tell_interrupted(log, interrupted, ends);
    return true;
}

/// What is missing or damaged is not made up: no SPOS is told, and its instance, where there is one, is stranded.
bool end_orphaned(store::device_store& db, const log_sink& log, const time_source& time,
                  const store::processes::orphaned_process& orphaned) {
    const auto status = model::error_category::execution_interrupted;
    db.processes.end_orphaned({orphaned.id, status,
                               model::error_message(model::dialect::v1_0, status, "its rows are damaged"),
                               iso8601(time.wall())});
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

left_behind park(store::device_store& db, const log_sink& log, const time_source& time,
                 std::chrono::seconds results_kept) {
    left_behind left;
    const auto life = std::to_string(db.processes.epoch());
    for (auto& p : db.processes.interrupted()) {
        if (p.why != model::interruption::restart || !can_come_back(p.process))
            continue;
        try {
            db.processes.take_over(p.process.id);
        } catch (const std::exception& e) { // it is ended as before
            log({severity::error, "process " + p.process.id + " cannot be taken over: " + e.what(),
                 subject_of(p.process.id, p.instance)});
            continue;
        }
        log({severity::info, "process " + p.process.id + " waits for its phone, after a stop of the program",
             subject_of(p.process.id, p.instance)});
        left.processes.push_back({std::move(p.process), p.in_doubt, p.holds_card, life});
    }
    db.retention.forget_results_before(time.wall() - results_kept);
    left.results = db.processes.results();
    return left;
}

std::optional<store::ended_process> end_parked(store::device_store& db, const store::deployments& catalog,
                                               const spos_port& spos, const log_sink& log, const time_source& time,
                                               const calls::left_process& left, model::interruption why) {
    const auto instance = db.instances.find(left.record.instance);
    const auto card = db.cards.find(left.record.card);
    if (!instance || !card)
        throw store::error("process " + left.record.id + " cannot be ended: its rows are gone");
    const store::processes::interrupted_process p{left.record, *instance, *card, left.in_doubt, why, left.holds_card};
    auto [ends, delivery] = prepare_end(catalog, spos, time, p);
    if (!db.processes.end(ends.end, ends.instance, ends.card, false, delivery))
        return std::nullopt;
    tell_interrupted(log, p, ends);
    auto record = left.record;
    record.asked.reset(); // may be a secret of the service provider
    return store::ended_process{std::move(record), ends.end};
}

} // namespace tsms::actors
