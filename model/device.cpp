#include "model/device.hpp"

namespace tsms::model {

void remember_keys(security_domain& domain, const key_set& keys) {
    std::erase_if(domain.other_keys, [&](const auto& other) { return other.version == keys.version; });
    if (!domain.keys || domain.keys->version != keys.version)
        domain.other_keys.insert(domain.other_keys.begin(), keys); // the newest is the likeliest
}

} // namespace tsms::model
