#include "crypto/kdf.hpp"

#include "crypto/error.hpp"
#include "crypto/inside/counter_kdf.hpp"

namespace tsms::crypto {

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

bytes scp03_card_challenge(const secret& k_enc, bytes_view sequence_counter, bytes_view aid, std::size_t octets) {
    auto context = to_bytes(sequence_counter);
    append(context, aid);
    return to_bytes(scp03_kdf(k_enc, scp03_constant::card_challenge, context, static_cast<int>(octets * 8)).view());
}

} // namespace tsms::crypto
