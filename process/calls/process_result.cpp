#include "process/calls/process_result.hpp"

namespace tsms::calls {

model::process_result result_for_spos(const model::process_record& record, const model::process_end& end,
                                      const model::service_instance& instance, model::instance_state end_state) {
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
    return r;
}

model::outbox_entry delivery_of(const model::process_record& record, const model::service_instance& instance,
                                const model::spos_target& spos, std::string body) {
    model::outbox_entry d;
    d.process = record.id;
    d.spos = spos;
    d.body = std::move(body);
    d.provider = instance.target.service_provider_id;
    return d;
}

} // namespace tsms::calls
