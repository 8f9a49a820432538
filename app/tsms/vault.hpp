#pragma once
// The key vault of a data directory, and that it is the one that the secrets of instances.db were sealed by.

#include "app/tsms/config.hpp"
#include "crypto/software_vault.hpp"
#include "store/device_store.hpp"

namespace tsms::app {

/// Throws config_error for another vault, crypto::error for one that cannot be opened.
std::unique_ptr<crypto::key_vault> open_vault(const config& c, store::device_store& db);

} // namespace tsms::app
