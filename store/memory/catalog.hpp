#pragma once

#include "store/catalog.hpp"

namespace tsms::store {

/// An empty catalog that ends with its object. It refuses what catalog.db refuses; it has no audit chain.
std::unique_ptr<catalog> catalog_in_memory();

} // namespace tsms::store
