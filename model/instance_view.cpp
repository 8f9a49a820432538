#include "model/instance_view.hpp"

namespace tsms::model {

technical_information technical_information_of(const deployment_target& target, bool installed) {
    technical_information info;
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

service_instance_info view_of(const service_instance& i) {
    return {i.id, i.state, technical_information_of(i.target, !i.executed.empty()), i.last_operation, i.reader};
}

} // namespace tsms::model
