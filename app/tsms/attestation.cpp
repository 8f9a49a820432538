#include "app/tsms/attestation.hpp"

#include "base/time.hpp"

namespace tsms::app {

store::attestation_key make_attestation_key(const config& c, crypto::key_vault& vault) {
    const auto curve = store::curve_of(c.token_curve).value(); // the configuration was read
    return store::add_attestation_key(c.attestation_keys(), vault, curve, "tsms attestation tokens",
                                      system_time().wall());
}

} // namespace tsms::app
