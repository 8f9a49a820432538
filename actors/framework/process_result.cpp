#include "actors/framework/process_result.hpp"

namespace tsms::actors {

std::optional<store::outbox_entry> delivery_of(const store::process_record& record, const store::process_end& end,
                                               const model::service_instance& instance, model::instance_state end_state,
                                               const std::optional<model::spos_target>& spos, const spos_port& port) {
    if (!spos)
        return std::nullopt;
    model::process_result r;
    r.process_id = record.id;
    r.status = end.status;
    r.message = end.message;
    r.start_date = record.started;
    r.end_date = end.ended;
    r.service_id = instance.target.service_id;
    r.version_tag = record.version_tag;
    r.service_instance_id = instance.id;
    r.requested_operations = record.requested;
    r.start_state = record.start_state;
    r.end_state = end_state;
    store::outbox_entry d;
    d.process = record.id;
    d.spos = *spos;
    d.body = port.encode(r);
    d.provider = instance.target.service_provider_id;
    return d;
}

} // namespace tsms::actors
