#pragma once
// The keys of Attestation Tokens in a data directory.

#include "app/tsms/config.hpp"
#include "store/attestation_keys.hpp"

namespace tsms::app {

/// One that signs from now on, on the configured curve.
store::attestation_key make_attestation_key(const config& c, crypto::key_vault& vault);

} // namespace tsms::app
