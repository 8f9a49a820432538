#include "process/calls/enquiries/check_service_deployment_available.hpp"

#include "model/instance_view.hpp"

namespace tsms::calls {

using model::check_service_deployment_available;

call<model::service_deployment_available_result>
enquire<check_service_deployment_available>::carry_out(check_service_deployment_available what, call_request request) {
    const auto offered = co_await survey(request.provider, what.service_id);
    refuse_if(model::refuse_check(service_in(offered), what.service_id, what.version));
    co_await admit{};
    const auto cards = co_await read_handset(request.cards); // instances do not matter, so no card has to prove itself

    model::service_deployment_available_result result;
    const auto choice = model::find_deployment(*offered.service, what.version, cards, offered.profiles);
    if (!choice) {
        refuse_if(model::could_not_look(cards));
        co_return result;
    }
    const auto found = co_await find_target{what.service_id, choice->version_tag, choice->profile_id};
    if (found.target) { // else its Flavor has been taken back meanwhile
        result.deployment_available = true;
        result.version = found.target->version_tag;
        result.new_technical = model::technical_information_of(*found.target, true);
    }
    co_return result;
}

} // namespace tsms::calls
