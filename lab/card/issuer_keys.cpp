#include "lab/card/issuer_keys.hpp"

#include "crypto/aes.hpp"

#include <stdexcept>

namespace tsms::lab {

namespace {

crypto::secret diversify(const crypto::secret& master, std::string_view label, bytes_view cplc, std::size_t octets) {
    crypto::aes_cmac cmac(master);
    const auto bits = octets * 8;
    const bytes separator{0x00};
    const bytes length{static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)};
    bytes key;
    for (std::uint8_t i = 1; key.size() < octets; ++i)
        append(key, cmac.mac({bytes{i}, as_bytes(label), separator, cplc, length}));
    key.resize(octets);
    return crypto::secret(std::move(key));
}

} // namespace

static_keys isd_keys(const crypto::secret& issuer_master, bytes_view cplc) {
    if (cplc.size() != 42)
        throw std::invalid_argument("CPLC data has 42 octets (without tag 9F7F and length)");
    const std::size_t batch = cplc[17];
    const std::size_t key_octets = batch == 24 || batch == 32 ? batch : 16;
    return {diversify(issuer_master, "ISD-ENC", cplc, key_octets),
            diversify(issuer_master, "ISD-MAC", cplc, key_octets),
            diversify(issuer_master, "ISD-DEK", cplc, key_octets)};
}

crypto::secret lab_issuer_master() {
    return crypto::secret(hex("74736D732D6C61622D69737375657200"));
}

} // namespace tsms::lab
