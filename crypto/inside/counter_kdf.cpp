#include "crypto/inside/counter_kdf.hpp"

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

secret kdf3(const secret& master, bytes_view diversification_data, std::uint8_t key) {
    bytes fixed{0, 0, 0, key, 0};
    append(fixed, diversification_data);
    return counter_mode_kdf(master, {}, fixed, master.size());
}

} // namespace tsms::crypto
