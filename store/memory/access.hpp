#pragma once

#include "store/access.hpp"

namespace tsms::store {

/// Nobody may call yet. It refuses what access.db refuses; it has no audit chain, and ends with its object.
std::unique_ptr<access> access_in_memory(crypto::random_source& random = crypto::system_random());

} // namespace tsms::store
