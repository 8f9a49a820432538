// TR 4.2.5.5 suspendOrResumeService (AMB-108, AMB-109, AMB-224).

#include "model/life_cycle.hpp"
#include "process/removal.hpp"
#include "process/renew_keys.hpp"

namespace tsms::process {

namespace {

process<void> lock_steps(work* w, bool suspend) {
    auto beginning = begin(w);
    co_await std::move(beginning);
    const auto wanted = suspend ? model::instance_state::suspended : model::instance_state::operational;
    // AMB-109: no change of the card, unless an earlier change of this Service has never been proven either way.
    if (w->instance.state == wanted && w->instance.unproven_operation == model::operation::no_operation)
        co_return;
    auto opening = open_tsm_domain(w, {});
    require_open(*w, co_await std::move(opening));
    auto renewing = renew_keys(w);
    co_await std::move(renewing);
    gp::service_lock what;
    what.domain_aid = octets(w->instance.target.sd_aid);
    for (const auto& app : w->instance.target.applications)
        what.instances.push_back(octets(app.instance_aid));
    what.lock = suspend;
    what.with_applications = w->parameters().lock_with_applications;
    what.operation = static_cast<int>(w->operation);
    auto intending =
        write_intent(w, (suspend ? "suspend service " : "resume service ") + w->instance.target.service_id);
    co_await std::move(intending);
    auto locking = on_card(w, gp::lock_service(w->channel, std::move(what)));
    co_await std::move(locking);
    w->proven = true;
}

} // namespace

process<process_outcome> suspend_or_resume(process_request request, bool suspend) {
    work w(std::move(request), suspend ? model::operation::service_suspension : model::operation::service_resumption);
    const auto from = model::effective_state(w.instance);
    std::optional<ending> failed;
    try {
        auto steps = lock_steps(&w, suspend);
        co_await std::move(steps);
    } catch (const gp::card_failure& failure) {
        failed = ending_of(failure);
    }
    if (!failed)
        w.instance.state = suspend ? model::instance_state::suspended : model::instance_state::operational;
    auto outcome = close_process(w, failed, from);
    co_return outcome;
}

} // namespace tsms::process
