#include "lab/card/issuer_keys.hpp"

#include "crypto/aes.hpp"

#include <algorithm>
#include <stdexcept>

namespace tsms::lab {

namespace {

constexpr std::size_t cplc_octets = 42;
constexpr std::ptrdiff_t written_later = 26; ///< in a CPLC: pre-personalization and personalization

crypto::secret diversify(const crypto::secret& master, std::string_view label, bytes_view identity,
                         std::size_t octets) {
    crypto::aes_cmac cmac(master);
    const auto bits = octets * 8;
    const bytes separator{0x00};
    const bytes length{static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)};
    bytes key;
    for (std::uint8_t i = 1; key.size() < octets; ++i)
        append(key, cmac.mac({bytes{i}, as_bytes(label), separator, identity, length}));
    key.resize(octets);
    return crypto::secret(std::move(key));
}

} // namespace

static_keys isd_keys(const crypto::secret& issuer_master, bytes_view identity) {
    if (identity.empty())
        throw std::invalid_argument("a card without CPLC, IIN and CIN has no keys of the lab's issuer");
    auto context = to_bytes(identity);
    std::size_t key_octets = 16;
    if (identity.size() == cplc_octets) {
        std::fill(context.begin() + written_later, context.end(), std::uint8_t{0});
        const std::size_t batch = identity[17];
        key_octets = batch == 24 || batch == 32 ? batch : 16;
    }
    return {diversify(issuer_master, "ISD-ENC", context, key_octets),
            diversify(issuer_master, "ISD-MAC", context, key_octets),
            diversify(issuer_master, "ISD-DEK", context, key_octets)};
}

crypto::secret lab_issuer_master() {
    return crypto::secret(hex("74736D732D6C61622D69737375657200"));
}

} // namespace tsms::lab
