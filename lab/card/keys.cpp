#include "lab/card/keys.hpp"

#include "crypto/aes.hpp"

namespace tsms::lab {

std::optional<static_keys> key_set::scp03() const {
    const auto enc = keys.find(1);
    const auto mac = keys.find(2);
    const auto dek = keys.find(3);
    if (enc == keys.end() || mac == keys.end() || dek == keys.end())
        return std::nullopt;
    return static_keys{enc->second, mac->second, dek->second};
}

bytes key_check_value(const crypto::secret& key) {
    crypto::aes_block ones;
    ones.fill(0x01);
    const auto block = crypto::aes_cbc(key).encrypt_block(ones);
    return {block.begin(), block.begin() + 3};
}

} // namespace tsms::lab
