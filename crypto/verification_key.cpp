#include "crypto/verification_key.hpp"

#include "base/freed_by.hpp"
#include "crypto/digest.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/error.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace tsms::crypto {

namespace {

using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using context_ptr = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>>;
using check_ptr = std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>>;
using number_ptr = std::unique_ptr<BIGNUM, freed_by<BN_free>>;

constexpr std::size_t most_of_file = 16384;
constexpr std::size_t es256_octets = 64;
constexpr int least_rsa_bits = 2048;
constexpr int most_rsa_bits = 4096;
constexpr BN_ULONG least_rsa_exponent = 65537;

[[noreturn]] void refuse(const std::string& why) {
    ERR_clear_error();
    throw error(why);
}

/// One block and no other: what else is in the file may be what nobody should have.
void require_one_public_key(std::string_view pem) {
    constexpr std::string_view begin = "-----BEGIN ";
    const auto first = pem.find(begin);
    if (pem.size() > most_of_file || first == std::string_view::npos)
        refuse("it holds no public key in PEM");
    if (pem.find("PRIVATE KEY-----") != std::string_view::npos)
        refuse("it holds a private key: that stays with whoever signs; give the public key alone");
    if (pem.find(begin, first + 1) != std::string_view::npos)
        refuse("it holds more than one block; give the public key alone");
    if (!pem.substr(first).starts_with("-----BEGIN PUBLIC KEY-----"))
        refuse("its block is no PUBLIC KEY (SubjectPublicKeyInfo)");
}

bool is_usable_rsa(const EVP_PKEY* key) {
    BIGNUM* e = nullptr;
    const bool found = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1;
    const number_ptr exponent(e);
    const int bits = EVP_PKEY_get_bits(key);
    return found && bits >= least_rsa_bits && bits <= most_rsa_bits && BN_is_odd(exponent.get()) &&
           (BN_num_bits(exponent.get()) > 32 || BN_get_word(exponent.get()) >= least_rsa_exponent);
}

bool is_p256(const EVP_PKEY* key) {
    char group[64] = {};
    std::size_t length = 0;
    return EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
           std::string_view(group, length) == SN_X9_62_prime256v1;
}

bytes der_of(EVP_PKEY* key) {
    const int size = i2d_PUBKEY(key, nullptr);
    if (size <= 0)
        refuse("the public key cannot be encoded");
    bytes out(static_cast<std::size_t>(size));
    auto* at = out.data();
    if (i2d_PUBKEY(key, &at) != size)
        refuse("the public key cannot be encoded");
    return out;
}

} // namespace

verification_key::verification_key(evp_pkey_st* taken_over, kind what) : key_(taken_over, EVP_PKEY_free), kind_(what) {}

verification_key verification_key::read(std::string_view pem) {
    require_one_public_key(pem);
    const bio_ptr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    key_ptr key(in ? PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr) : nullptr);
    if (!key)
        refuse("the public key cannot be read");
    const check_ptr check(EVP_PKEY_CTX_new(key.get(), nullptr));
    const auto id = EVP_PKEY_get_base_id(key.get());
    if (id != EVP_PKEY_ED25519 && (!check || EVP_PKEY_public_check(check.get()) != 1))
        refuse("the public key is not valid");
    ERR_clear_error();
    if (id == EVP_PKEY_EC && is_p256(key.get()))
        return {key.release(), kind::p256};
    if (id == EVP_PKEY_RSA && is_usable_rsa(key.get()))
        return {key.release(), kind::rsa};
    if (id == EVP_PKEY_ED25519)
        return {key.release(), kind::ed25519};
    refuse(
        "it is neither a P-256 key (ES256), nor an RSA key of 2048 to 4096 bits (RS256), nor an Ed25519 key (EdDSA)");
}

std::string_view verification_key::algorithm() const {
    switch (kind_) {
    case kind::p256:
        return "ES256";
    case kind::rsa:
        return "RS256";
    case kind::ed25519:
        break;
    }
    return "EdDSA";
}

bool verification_key::verifies(bytes_view data, bytes_view signature) const {
    if (kind_ == kind::p256 && signature.size() != es256_octets)
        return false;
    const auto encoded = kind_ == kind::p256 ? ecdsa_sig_value(signature) : to_bytes(signature);
    const auto* digest = kind_ == kind::ed25519 ? nullptr : EVP_sha256();
    const context_ptr context(EVP_MD_CTX_new());
    const bool good = context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
                      EVP_DigestVerify(context.get(), encoded.data(), encoded.size(), data.data(), data.size()) == 1;
    ERR_clear_error();
    return good;
}

std::string verification_key::pem() const {
    const bio_ptr out(BIO_new(BIO_s_mem()));
    if (!out || PEM_write_bio_PUBKEY(out.get(), key_.get()) != 1)
        refuse("the public key cannot be encoded");
    char* text = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string verification_key::fingerprint() const {
    return to_hex(sha256(der_of(key_.get())));
}

} // namespace tsms::crypto
