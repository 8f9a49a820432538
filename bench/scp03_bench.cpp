// What SCP03 costs the host: C-APDUs of 255 octets of data at level 33, wrapped by gp::secure_channel, beside the same
// AES work done with bare OpenSSL contexts in the same run: the counter block, CBC over 240 octets, CMAC over chaining
// value, header and cryptogram.

#include "crypto/kdf.hpp"
#include "gp/scp03.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string>

using namespace tsms;

namespace {

constexpr std::size_t plain_octets = 239; // padded to 240, and 8 octets of MAC
constexpr std::size_t padded_octets = 240;
constexpr int commands = 50'000; // fewer than one channel may carry
constexpr int rounds = 15;

using keys = std::array<bytes, 2>; // S-ENC, S-MAC

gp::secure_channel channel_over(const keys& k) {
    gp::initialize_update_response card;
    card.i = 0x70;
    card.card_challenge = bytes(8, 0xCC);
    const bytes host(8, 0x11);
    auto context = host;
    append(context, card.card_challenge);
    const crypto::secret s_mac(k[1]);
    card.card_cryptogram =
        to_bytes(crypto::scp03_kdf(s_mac, crypto::scp03_constant::card_cryptogram, context, 64).view());
    gp::secure_channel channel({crypto::secret(k[0]), s_mac, s_mac}, host, card, 0x33);
    channel.external_authenticate();
    return channel;
}

/// The same work with contexts that are keyed once.
class bare {
public:
    explicit bare(const keys& k) : enc_(EVP_CIPHER_CTX_new()), cmac_(EVP_MAC_fetch(nullptr, "CMAC", nullptr)) {
        auto name = "AES-" + std::to_string(k[0].size() * 8) + "-CBC";
        const auto* cipher = EVP_get_cipherbyname(name.c_str());
        mac_ = EVP_MAC_CTX_new(cmac_);
        const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, name.data(), 0),
                                         OSSL_PARAM_construct_end()};
        if (EVP_EncryptInit_ex(enc_, cipher, nullptr, k[0].data(), nullptr) != 1 ||
            EVP_CIPHER_CTX_set_padding(enc_, 0) != 1 || EVP_MAC_init(mac_, k[1].data(), k[1].size(), parameters) != 1)
            std::abort();
    }
    bare(const bare&) = delete;
    bare& operator=(const bare&) = delete;
    ~bare() {
        EVP_CIPHER_CTX_free(enc_);
        EVP_MAC_CTX_free(mac_);
        EVP_MAC_free(cmac_);
    }

    void command(const std::uint8_t* plain, std::uint8_t* out) {
        ++counter_;
        const std::uint8_t zero[16] = {};
        std::uint8_t block[16] = {};
        for (int k = 0; k < 4; ++k)
            block[15 - k] = static_cast<std::uint8_t>(counter_ >> (8 * k));
        int n = 0;
        EVP_EncryptInit_ex(enc_, nullptr, nullptr, nullptr, zero);
        EVP_EncryptUpdate(enc_, block, &n, block, 16);
        EVP_EncryptInit_ex(enc_, nullptr, nullptr, nullptr, block);
        EVP_EncryptUpdate(enc_, out, &n, plain, padded_octets);
        const std::uint8_t head[] = {0x84, 0xE8, 0x00, 0x00, padded_octets + 8};
        std::size_t size = 0;
        EVP_MAC_init(mac_, nullptr, 0, nullptr);
        EVP_MAC_update(mac_, chaining_, 16);
        EVP_MAC_update(mac_, head, sizeof head);
        EVP_MAC_update(mac_, out, padded_octets);
        EVP_MAC_final(mac_, chaining_, &size, 16);
        std::memcpy(out + padded_octets, chaining_, 8);
    }

private:
    EVP_CIPHER_CTX* enc_;
    EVP_MAC* cmac_;
    EVP_MAC_CTX* mac_ = nullptr;
    std::uint8_t chaining_[16] = {};
    std::uint32_t counter_ = 0;
};

template <class F> double microseconds_each(F work) {
    const auto start = std::chrono::steady_clock::now();
    for (int n = 0; n < commands; ++n)
        work();
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() / commands;
}

} // namespace

int main() {
    std::printf("SCP03 level 33, C-APDU with %zu octets of data, best of %d rounds of %d commands\n", padded_octets + 8,
                rounds, commands);
    std::printf("%-8s %12s %12s %8s\n", "keys", "wrap, us", "OpenSSL, us", "ratio");
    for (const std::size_t octets : {16, 24, 32}) {
        const keys k{bytes(octets, 0x40), bytes(octets, 0x41)};
        double ours = 1e9;
        double theirs = 1e9;
        unsigned sum = 0;
        for (int round = 0; round < rounds; ++round) { // in turns, so that both meet the same machine
            auto channel = channel_over(k);
            const gp::command_apdu plain{0x80, 0xE8, 0x00, 0x00, bytes(plain_octets, 0x42), {}};
            ours = std::min(ours, microseconds_each([&] { sum += channel.wrap(plain).command.data.back(); }));
            bare other(k);
            std::uint8_t padded[padded_octets] = {0x42};
            std::uint8_t out[padded_octets + 8];
            theirs = std::min(theirs, microseconds_each([&] {
                                  other.command(padded, out);
                                  sum += out[padded_octets + 7];
                              }));
        }
        std::printf("AES-%-4zu %12.2f %12.2f %8.2f\n", octets * 8, ours, theirs, ours / theirs);
        if (sum == 0) // keeps the work
            std::printf("\n");
    }
}
