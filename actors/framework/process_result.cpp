#include "actors/framework/process_result.hpp"

#include "model/life_cycle.hpp"

namespace tsms::actors {

std::vector<model::service_command> kinds_of(const deploy_service& d) {
    std::vector<model::service_command> kinds;
    for (const auto& command : d.commands)
        kinds.push_back(command.what);
    return kinds;
}

std::vector<model::operation> requested_operations(const function& what) {
    if (const auto* d = std::get_if<deploy_service>(&what))
        return model::requested_deploy_operations(kinds_of(*d));
    if (const auto* s = std::get_if<suspend_or_resume_service>(&what))
        return {s->suspend ? model::operation::service_suspension : model::operation::service_resumption};
    return {model::operation::service_termination};
}

result result_of(const function& what, const process::process_outcome& end, const store::process_record& record,
                 const store::process_end& shown) {
    const model::process_info info{shown.id, {shown.status, shown.message}, record.started, shown.ended};
    if (std::holds_alternative<suspend_or_resume_service>(what))
        return model::suspend_or_resume_result{info};
    if (std::holds_alternative<terminate_service>(what))
        return model::terminate_service_result{info};
    model::deploy_service_result r;
    r.process = info;
    const auto view = view_of(end.instance);
    r.state = view.state;
    r.technical = view.technical;
    r.reader = view.reader;
    for (auto status : end.commands)
        r.commands.push_back({status, {}});
    return r;
}

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
    d.created = store::clock::now();
    return d;
}

} // namespace tsms::actors
