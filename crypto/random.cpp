#include "crypto/random.hpp"

#include "crypto/error.hpp"

#include <algorithm>
#include <limits>
#include <openssl/rand.h>

namespace tsms::crypto {

bytes random_source::take(std::size_t count) {
    bytes out(count);
    fill(out);
    return out;
}

secret random_source::take_secret(std::size_t count) {
    return secret(take(count));
}

std::string random_source::uuid() {
    auto octets = take(16);
    octets[6] = static_cast<std::uint8_t>((octets[6] & 0x0F) | 0x40);
    octets[8] = static_cast<std::uint8_t>((octets[8] & 0x3F) | 0x80);
    auto text = to_hex(octets);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
    for (std::size_t at : {8u, 13u, 18u, 23u})
        text.insert(at, 1, '-');
    return text;
}

namespace {

class openssl_random final : public random_source {
public:
    void fill(std::span<std::uint8_t> out) override {
        while (!out.empty()) {
            const auto count = std::min<std::size_t>(out.size(), std::numeric_limits<int>::max());
            if (RAND_bytes(out.data(), static_cast<int>(count)) != 1)
                throw error("no randomness from the system's generator");
            out = out.subspan(count);
        }
    }
};

} // namespace

random_source& system_random() {
    static openssl_random source;
    return source;
}

} // namespace tsms::crypto
