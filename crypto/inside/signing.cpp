#include "crypto/inside/signing.hpp"

#include "base/freed_by.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/error.hpp"

#include <algorithm>
#include <memory>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace tsms::crypto {

namespace {

using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using key_context_ptr = std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>>;
using digest_context_ptr = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>>;
using number_ptr = std::unique_ptr<BIGNUM, freed_by<BN_clear_free>>;
using signature_ptr = std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG_free>>;

constexpr std::size_t number_octets = 32; ///< of both curves
constexpr std::size_t point_octets = 1 + 2 * number_octets;

[[noreturn]] void fail(const char* what) {
    ERR_clear_error();
    throw error(std::string("ECDSA: ") + what + " failed");
}

void check(int result, const char* what) {
    if (result <= 0)
        fail(what);
}

const char* name_of(elliptic_curve curve) {
    switch (curve) {
    case elliptic_curve::p256:
        return "prime256v1";
    case elliptic_curve::brainpool_p256r1:
        return "brainpoolP256r1";
    }
    throw error("no such elliptic curve");
}

/// OpenSSL's form of a key, with its private part or without.
key_ptr load(elliptic_curve curve, const secret& key, int selection) {
    if (key.size() != number_octets + point_octets)
        throw error("a signing key has another length than recorded");
    bytes number(key.view().begin(), key.view().begin() + number_octets);
    std::reverse(number.begin(), number.end()); // OSSL_PARAM has numbers in the machine's order: little-endian
    const secret keeper(std::move(number));
    std::string group = name_of(curve);
    auto point = to_bytes(key.view().last(point_octets));
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, const_cast<unsigned char*>(keeper.view().data()),
                                keeper.size()),
        OSSL_PARAM_construct_end(),
    };
    const key_context_ptr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* loaded = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &loaded, selection, parameters) != 1)
        fail("reading a key");
    return key_ptr(loaded);
}

/// r || s
bytes plain_of(bytes_view der) {
    const auto* at = der.data();
    const signature_ptr signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    bytes out(2 * number_octets);
    constexpr int octets = number_octets;
    if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out.data(), octets) != octets ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out.data() + number_octets, octets) != octets)
        fail("the form of the signature");
    return out;
}

} // namespace

secret generate_ec_key(elliptic_curve curve) {
    const key_ptr key(EVP_EC_gen(name_of(curve)));
    BIGNUM* number = nullptr;
    if (!key || EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1)
        fail("generating a key");
    const number_ptr keeper(number);
    bytes out(number_octets + point_octets);
    std::size_t length = 0;
    check(EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, out.data() + number_octets, point_octets,
                                          &length),
          "the public key");
    if (length != point_octets || out[number_octets] != 0x04)
        fail("the public key");
    const bool written = BN_bn2binpad(number, out.data(), static_cast<int>(number_octets)) > 0;
    secret made(std::move(out));
    if (!written)
        fail("generating a key");
    return made;
}

bytes subject_public_key_info(elliptic_curve curve, const secret& key) {
    const auto loaded = load(curve, key, EVP_PKEY_PUBLIC_KEY);
    const int size = i2d_PUBKEY(loaded.get(), nullptr);
    check(size, "the public key");
    bytes out(static_cast<std::size_t>(size));
    auto* at = out.data();
    check(i2d_PUBKEY(loaded.get(), &at), "the public key");
    return out;
}

bytes ecdsa_sign(elliptic_curve curve, const secret& key, bytes_view message) {
    const auto loaded = load(curve, key, EVP_PKEY_KEYPAIR);
    const digest_context_ptr context(EVP_MD_CTX_new());
    bytes der(static_cast<std::size_t>(std::max(EVP_PKEY_get_size(loaded.get()), 0)));
    auto length = der.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, loaded.get()) != 1 ||
        EVP_DigestSign(context.get(), der.data(), &length, message.data(), message.size()) != 1)
        fail("signing");
    return plain_of(bytes_view(der).first(length));
}

} // namespace tsms::crypto
