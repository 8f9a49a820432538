// TR 4.2.5.5 suspendOrResumeService (AMB-108, AMB-109, AMB-224).

#include "model/life_cycle.hpp"
#include "process/effect_proof.hpp"
#include "process/removal.hpp"
#include "process/renew_keys.hpp"

namespace tsms::process {

namespace {

process<void> lock_steps(work* w, bool suspend) {
    const auto wanted = suspend ? model::instance_state::suspended : model::instance_state::operational;
    // AMB-109: no change of the card, unless an earlier change of this Service has never been proven either way.
    if (w->instance.state == wanted && w->instance.unproven_operation == model::operation::no_operation)
        co_return;
    require_open(*w, co_await open_tsm_domain(w, {}));
    co_await renew_keys(w);
    gp::service_lock what;
    what.domain_aid = octets(w->instance.target.sd_aid);
    std::vector<bytes> selectable;
    for (const auto& app : w->instance.target.applications) {
        what.instances.push_back(octets(app.instance_aid));
        if (app.make_selectable)
            selectable.push_back(what.instances.back());
    }
    what.lock = suspend;
    what.with_applications = w->parameters().lock_with_applications;
    what.operation = static_cast<int>(w->operation);
    what.others = w->request.aids_of_others.size();
    what.questions = co_await last_questions(w, !suspend, std::move(selectable));
    co_await write_intent(w, (suspend ? "suspend service " : "resume service ") + w->instance.target.service_id);
    const auto asked = what.questions;
    co_await prove_on_card(w, gp::lock_service(w->link.channel, std::move(what)), asked);
}

} // namespace

process<process_outcome> suspend_or_resume(process_request request, bool suspend) {
    work w(std::move(request), suspend ? model::operation::service_suspension : model::operation::service_resumption);
    const auto from = model::effective_state(w.instance);
    const auto failed = ending_of(co_await run(&w, lock_steps(&w, suspend)));
    if (!failed)
        w.instance.state = suspend ? model::instance_state::suspended : model::instance_state::operational;
    auto outcome = close_process(w, failed, from);
    co_return outcome;
}

} // namespace tsms::process
