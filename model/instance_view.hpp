#pragma once
// A Service Instance as apps see it (TR 4.2.3.1).

#include "model/results.hpp"

namespace tsms::model {

/// AMB-138
service_instance_info view_of(const service_instance& instance);

/// `installed`: also the attributes that are empty before the installation.
technical_information technical_information_of(const deployment_target& target, bool installed);

} // namespace tsms::model
