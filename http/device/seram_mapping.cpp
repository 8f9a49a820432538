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

} // namespace tsms::http
