#pragma once
// Signs JSON Web Tokens as a service provider's authorization server does, with OpenSSL and a base64url of its own: it
// shares nothing with what verifies them.

#include "base/bytes.hpp"
#include "base/freed_by.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace tsms::unit {

inline std::string base64url(bytes_view data) {
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    for (std::size_t bit = 0; bit < data.size() * 8; bit += 6) {
        unsigned value = 0;
        for (std::size_t i = bit; i < bit + 6; ++i)
            value = value << 1 | (i / 8 < data.size() ? data[i / 8] >> (7 - i % 8) & 1U : 0U);
        out += digits[value];
    }
    return out;
}

class token_signer {
public:
    explicit token_signer(EVP_PKEY* taken_over) : key_(taken_over, EVP_PKEY_free) { BOOST_REQUIRE(key_ != nullptr); }

    static token_signer p256() { return token_signer(EVP_EC_gen("P-256")); }
    static token_signer rsa(std::size_t bits = 2048) { return token_signer(EVP_RSA_gen(static_cast<unsigned>(bits))); }
    static token_signer ed25519() { return token_signer(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

    std::string public_pem() const {
        return written([&](BIO* out) { return PEM_write_bio_PUBKEY(out, key_.get()); });
    }
    std::string private_pem() const {
        return written(
            [&](BIO* out) { return PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    }

    /// As JSON Web Signatures have it.
    bytes sign(std::string_view text) const {
        const bool digest = EVP_PKEY_get_base_id(key_.get()) != EVP_PKEY_ED25519;
        const std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
        BOOST_REQUIRE(
            EVP_DigestSignInit(context.get(), nullptr, digest ? EVP_sha256() : nullptr, nullptr, key_.get()) == 1);
        const auto data = as_bytes(text);
        std::size_t size = 0;
        BOOST_REQUIRE(EVP_DigestSign(context.get(), nullptr, &size, data.data(), data.size()) == 1);
        bytes signature(size);
        BOOST_REQUIRE(EVP_DigestSign(context.get(), signature.data(), &size, data.data(), data.size()) == 1);
        signature.resize(size);
        return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_EC ? plain(signature) : signature;
    }

    std::string token(std::string_view header, std::string_view claims) const {
        const auto text = base64url(as_bytes(header)) + "." + base64url(as_bytes(claims));
        return text + "." + base64url(sign(text));
    }

private:
    template <class F> static std::string written(F write) {
        const std::unique_ptr<BIO, freed_by<BIO_free>> out(BIO_new(BIO_s_mem()));
        BOOST_REQUIRE(write(out.get()) == 1);
        char* text = nullptr;
        const auto size = BIO_get_mem_data(out.get(), &text);
        return {text, static_cast<std::size_t>(size)};
    }

    static bytes plain(const bytes& der) {
        const auto* at = der.data();
        const std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG_free>> read(
            d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
        BOOST_REQUIRE(read != nullptr);
        bytes out(64);
        BOOST_REQUIRE(BN_bn2binpad(ECDSA_SIG_get0_r(read.get()), out.data(), 32) == 32);
        BOOST_REQUIRE(BN_bn2binpad(ECDSA_SIG_get0_s(read.get()), out.data() + 32, 32) == 32);
        return out;
    }

    std::shared_ptr<EVP_PKEY> key_;
};

} // namespace tsms::unit
