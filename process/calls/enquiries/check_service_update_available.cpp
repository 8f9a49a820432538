#include "process/calls/enquiries/check_service_update_available.hpp"

#include "model/instance_view.hpp"
#include "process/calls/admission.hpp"
#include "process/calls/card_location.hpp"

#include <algorithm>

namespace tsms::calls {

using model::check_service_update_available;

namespace {

/// The instance on the cards of this handset. Where its card is not there, the app hears no more than that.
const model::service_instance& find_instance(const known_handset& handset, const std::string& id) {
    const auto found = std::ranges::find(handset.instances, id, &model::service_instance::id);
    if (found != handset.instances.end())
        return *found;
    throw refused(card_not_found(handset.cards));
}

} // namespace

call<model::service_update_available_result>
enquire<check_service_update_available>::carry_out(check_service_update_available what, call_request request) {
    const auto loaded = co_await load_instance{what.service_instance_id};
    refuse_if(refuse_foreign(what.service_instance_id, loaded, request.provider));
    const auto service_id = loaded.instance->target.service_id;
    const auto offered = co_await survey_service{service_id}; // the caller's own; it may have been deleted (AMB-068)
    refuse_if(model::refuse_update_check(service_in(offered), what.new_version));
    co_await admit{};
    const auto handset = co_await look_at_handset(request.cards, offered.profiles, service_id);
    const auto& installed = find_instance(handset, what.service_instance_id).target;

    model::service_update_available_result result;
    const auto version =
        offered.service ? model::find_update(*offered.service, what.new_version, installed) : std::nullopt;
    if (!version)
        co_return result;
    const auto found = co_await find_target{service_id, *version, installed.profile_id};
    if (found.target) { // else its Flavor has been taken back meanwhile
        result.update_available = true;
        result.new_version = found.target->version_tag;
        result.new_technical = model::technical_information_of(*found.target, true);
    }
    co_return result;
}

} // namespace tsms::calls
