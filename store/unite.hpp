#pragma once
// Rows of the same physical card become one (DIV-059). Within device_rows::change only, and only for store/.

#include "store/ports/device_rows.hpp"

namespace tsms::store {

/// Rows beside this one that are the same physical card, as its issuer says, become a part of it; not while a process
/// works on them. `gone`: the Service whose instance the process has just removed from the card, if any.
void unite(device_rows& rows, model::secure_component card, const std::string& gone);

} // namespace tsms::store
