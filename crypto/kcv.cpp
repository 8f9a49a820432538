#include "crypto/kcv.hpp"

#include "crypto/aes.hpp"

namespace tsms::crypto {

bytes aes_kcv(const secret& key) {
    aes_block ones;
    ones.fill(0x01);
    const auto block = aes_cbc(key).encrypt_block(ones);
    return {block.begin(), block.begin() + 3};
}

} // namespace tsms::crypto
