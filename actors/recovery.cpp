#include "actors/recovery.hpp"

#include "model/life_cycle.hpp"
#include "store/instances.hpp"

namespace tsms::actors {

std::size_t resolve_interrupted(store::instance_db& db, const spos_port& spos, const log_sink& log) {
    const auto found = db.interrupted();
    for (const auto& [record, stored, stored_card, in_doubt] : found) {
        const auto instance = model::after_crash(stored, in_doubt);
        auto card = stored_card;
        card.doubt = card.doubt || in_doubt;
        const auto status = model::error_category::execution_interrupted;
        const store::process_end end{record.id, status, model::error_message(status, "the TSM was restarted"),
                                     store::iso8601(store::clock::now())};
        std::optional<store::outbox_entry> delivery;
        if (instance.target.spos) {
            model::process_result r;
            r.process_id = record.id;
            r.status = status;
            r.message = end.message;
            r.start_date = record.started;
            r.end_date = end.ended;
            r.service_id = instance.target.service_id;
            r.version_tag = record.version_tag;
            r.service_instance_id = instance.id;
            r.requested_operations = record.requested;
            r.start_state = record.start_state;
            r.end_state = instance.state;
            delivery.emplace();
            delivery->process = record.id;
            delivery->spos = *instance.target.spos;
            delivery->body = spos.encode(r);
            delivery->created = delivery->next_attempt = store::clock::now();
        }
        db.end(end, instance, card, false, delivery);
        log(severity::warning, "process " + record.id + " was interrupted by a stop of the program: instance " + instance.id +
                                   " is in state " + std::to_string(static_cast<int>(instance.state)) +
                                   (in_doubt ? ", its secure component in doubt" : ""));
    }
    return found.size();
}

} // namespace tsms::actors
