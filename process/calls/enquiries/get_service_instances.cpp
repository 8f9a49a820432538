#include "process/calls/enquiries/get_service_instances.hpp"

#include "model/instance_view.hpp"

namespace tsms::calls {

using model::get_service_instances;

call<model::get_service_instances_result> enquire<get_service_instances>::carry_out(get_service_instances what,
                                                                                    call_request request) {
    // A Service that was deleted may still have instances (AMB-068, AMB-144), so that one which is absent is looked
    // for.
    const auto offered = co_await survey(request.provider, what.service_id);
    co_await admit{};
    auto handset = co_await look_at_handset(request.cards, offered.profiles, what.service_id);
    std::erase_if(handset.instances, [&](const model::service_instance& instance) {
        const auto& owner = instance.target.service_provider_id; // is there also where its Service is not
        return model::refuse_caller(request.provider, owner, handset.providers_with_apps.contains(owner), {})
            .has_value();
    });

    const auto silent = model::could_not_look(handset.cards);
    if (!offered.service && handset.instances.empty() && !silent)
        throw refused(unknown_service(what.service_id));
    model::get_service_instances_result result;
    if (silent) // what the others hold is told all the same (AMB-240)
        result.outcome = model::failed_execution(request.dialect, silent->category, silent->details);
    for (const auto& instance : handset.instances) {
        auto view = model::view_of(instance);
        view.reader = handset.card_of(instance)->reader; // its name of today
        result.service_instances.push_back(std::move(view));
    }
    co_return result;
}

} // namespace tsms::calls
