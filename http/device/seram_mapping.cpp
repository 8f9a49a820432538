#include "http/device/seram_mapping.hpp"

namespace tsms::http {

namespace {

wire::seram_notification notification(wire::notification content) {
    return {wire::notification_text(content)};
}

struct item_mapping {
    wire::seram_command operator()(const actors::start_session&) const { return wire::seram_start{}; }
    wire::seram_command operator()(const actors::stop_session&) const { return wire::seram_stop{}; }
    wire::seram_command operator()(const model::process_start& s) const { return notification(s); }
    wire::seram_command operator()(const model::process_progress& p) const { return notification(p); }
    wire::seram_command operator()(const actors::result& r) const { return notification(r); }
    wire::seram_command operator()(const actors::card_commands& c) const { return wire::seram_apdus{c.apdus}; }
};

struct function_mapping {
    using mapped = std::optional<actors::function>;
    mapped operator()(const wire::check_service_deployment_available& f) const {
        return actors::check_deployment{f.service_id, f.version};
    }
    mapped operator()(const wire::create_service_instance& f) const {
        return actors::create_instance{f.service_id, f.version};
    }
    mapped operator()(const wire::get_service_instances& f) const { return actors::get_instances{f.service_id}; }
    mapped operator()(const wire::deploy_service& f) const {
        return actors::deploy_service{f.service_instance_id, f.commands, f.finalize};
    }
    mapped operator()(const wire::suspend_or_resume_service& f) const {
        return actors::suspend_or_resume_service{f.service_instance_id, f.suspension_control};
    }
    mapped operator()(const wire::terminate_service& f) const {
        return actors::terminate_service{f.service_instance_id};
    }
    mapped operator()(const wire::update_service&) const { return std::nullopt; }
    mapped operator()(const wire::check_service_update_available&) const { return std::nullopt; }
};

actors::agent_status from_wire(wire::seram_status status) {
    switch (status) {
    case wire::seram_status::processed:
        return actors::agent_status::processed;
    case wire::seram_status::polling:
        return actors::agent_status::polling;
    case wire::seram_status::unavailable_se:
        return actors::agent_status::unavailable;
    case wire::seram_status::ungranted_access:
        return actors::agent_status::ungranted;
    case wire::seram_status::unknown_failure:
        break;
    }
    return actors::agent_status::unknown_failure;
}

} // namespace

wire::seram_order to_wire(const actors::order& order) {
    wire::seram_order out;
    out.delay = order.delay;
    if (order.card) // the reader's name stands in until the card's id is known (hazard 11)
        out.secure_element = wire::seram_secure_element{
            order.card->se_type, order.card->se_id.empty() ? order.card->reader : order.card->se_id, {}};
    for (const auto& item : order.items)
        out.commands.push_back(std::visit(item_mapping{}, item));
    return out;
}

actors::report from_wire(wire::seram_report report) {
    return {from_wire(report.status), std::move(report.error), std::move(report.responses)};
}

std::optional<actors::function> from_wire(const wire::tsm_api_function& function) {
    return std::visit(function_mapping{}, function);
}

} // namespace tsms::http
