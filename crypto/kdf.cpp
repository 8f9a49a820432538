#include "crypto/kdf.hpp"

#include "crypto/aes.hpp"
#include "crypto/error.hpp"

#include <algorithm>
#include <openssl/crypto.h>

namespace tsms::crypto {

secret counter_mode_kdf(const secret& key, bytes_view before, bytes_view after, std::size_t octets) {
    if (octets > 255 * std::tuple_size_v<aes_block>)
        throw error("a counter of one octet gives at most 255 blocks");
    aes_cmac cmac(key);
    bytes out;
    out.reserve(octets); // in its final size: growing would leave a copy of the key behind
    for (std::uint8_t i = 1; out.size() < octets; ++i) {
        auto block = cmac.mac({before, {&i, 1}, after});
        append(out, bytes_view(block).first(std::min(block.size(), octets - out.size())));
        OPENSSL_cleanse(block.data(), block.size());
    }
    return secret(std::move(out));
}

secret scp03_kdf(const secret& key, scp03_constant constant, bytes_view context, int bits) {
    if (bits <= 0 || bits > 256 || bits % 8 != 0)
        throw error("SCP03 derives 8 to 256 bits");
    // SCP03 4.1.5: label (11 octets 00, constant) || separation indicator 00 || L || i || context.
    bytes label(15);
    label[11] = static_cast<std::uint8_t>(constant);
    label[13] = static_cast<std::uint8_t>(bits >> 8);
    label[14] = static_cast<std::uint8_t>(bits);
    return counter_mode_kdf(key, label, context, static_cast<std::size_t>(bits) / 8);
}

session_keys derive_session_keys(const secret& k_enc, const secret& k_mac, bytes_view host_challenge,
                                 bytes_view card_challenge) {
    auto context = to_bytes(host_challenge);
    append(context, card_challenge);
    const auto bits = [](const secret& key) { return static_cast<int>(key.size() * 8); };
    return {scp03_kdf(k_enc, scp03_constant::s_enc, context, bits(k_enc)),
            scp03_kdf(k_mac, scp03_constant::s_mac, context, bits(k_mac)),
            scp03_kdf(k_mac, scp03_constant::s_rmac, context, bits(k_mac))};
}

secret kdf3(const secret& master, bytes_view diversification_data, std::uint8_t key) {
    bytes fixed{0, 0, 0, key, 0};
    append(fixed, diversification_data);
    return counter_mode_kdf(master, {}, fixed, master.size());
}

} // namespace tsms::crypto
