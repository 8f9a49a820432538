#include "actors/messages.hpp"

namespace tsms::actors {

model::technical_information technical_information(const model::deployment_target& target, bool installed) {
    model::technical_information info;
    info.sp_parameters = target.sp_parameters;
    info.profile_id = target.profile_id;
    if (installed) {
        info.service_id = target.service_id;
        info.service_version_tag = target.version_tag;
        info.flavor_id = target.flavor_id;
        info.flavor_name = target.flavor_name;
    }
    return info;
}

model::service_instance_info view_of(const model::service_instance& i) {
    return {i.id, i.state, technical_information(i.target, !i.executed.empty()), i.last_operation, i.reader};
}

namespace {

struct refusal_of {
    const model::execution& why;
    const std::string& now;

    result operator()(const check_deployment&) const {
        return model::service_deployment_available_result{false, {}, std::nullopt, why};
    }
    result operator()(const create_instance&) const { return model::create_service_instance_result{std::nullopt, why}; }
    result operator()(const get_instances&) const { return model::get_service_instances_result{{}, why}; }
    result operator()(const deploy_service& d) const {
        model::deploy_service_result r;
        r.process = process();
        r.commands.resize(d.commands.size());
        return r;
    }
    result operator()(const suspend_or_resume_service&) const { return model::suspend_or_resume_result{process()}; }
    result operator()(const terminate_service&) const { return model::terminate_service_result{process()}; }

    model::process_info process() const { return {{}, why, now, now}; }
};

} // namespace

result refused(const function& what, const model::execution& why, const std::string& now) {
    return std::visit(refusal_of{why, now}, what);
}

std::string text_of(const come_again& later) {
    return "too many calls for new secure components, please try again in " + std::to_string(later.seconds) +
           " seconds";
}

} // namespace tsms::actors
