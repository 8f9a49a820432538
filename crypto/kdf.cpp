#include "crypto/kdf.hpp"

#include "crypto/aes.hpp"
#include "crypto/error.hpp"

#include <algorithm>

namespace tsms::crypto {

namespace {

/// First `length` octets of the CMACs over what `message` gives for i = 1, 2, …
template <class Message> secret counter_mode(const secret& key, std::size_t length, Message message) {
    aes_cmac cmac(key);
    bytes out;
    out.reserve(32);
    for (std::uint8_t i = 1; out.size() < length; ++i) {
        const auto block = cmac.mac(message(i));
        append(out, bytes_view(block).first(std::min<std::size_t>(16, length - out.size())));
    }
    return secret(std::move(out));
}

} // namespace

secret scp03_kdf(const secret& key, scp03_constant constant, bytes_view context, int bits) {
    if (bits <= 0 || bits > 256 || bits % 8 != 0)
        throw error("SCP03 derives 8 to 256 bits");
    // SCP03 4.1.5: label (11 octets 00, constant) || separation indicator 00 || L || i || context.
    bytes input(16);
    input[11] = static_cast<std::uint8_t>(constant);
    input[13] = static_cast<std::uint8_t>(bits >> 8);
    input[14] = static_cast<std::uint8_t>(bits);
    append(input, context);
    return counter_mode(key, static_cast<std::size_t>(bits) / 8, [&](std::uint8_t i) -> bytes_view {
        input[15] = i;
        return input;
    });
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
    bytes input{0, 0, 0, 0, key, 0};
    append(input, diversification_data);
    return counter_mode(master, master.size(), [&](std::uint8_t i) -> bytes_view {
        input[0] = i;
        return input;
    });
}

} // namespace tsms::crypto
