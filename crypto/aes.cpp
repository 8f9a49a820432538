#include "crypto/aes.hpp"

#include "crypto/error.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace tsms::crypto {

namespace {

const EVP_CIPHER* cbc_of(std::size_t key_length) {
    switch (key_length) {
    case 16:
        return EVP_aes_128_cbc();
    case 24:
        return EVP_aes_192_cbc();
    case 32:
        return EVP_aes_256_cbc();
    default:
        throw error("AES key must have 16, 24 or 32 octets");
    }
}

bytes run(EVP_CIPHER_CTX* context, const aes_block& iv, bytes_view data) {
    if (data.size() % 16 != 0)
        throw error("AES-CBC data must be a multiple of 16 octets");
    bytes out(data.size());
    int length = 0;
    if (EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, iv.data(), -1) != 1 ||
        EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
        EVP_CipherUpdate(context, out.data(), &length, data.data(), static_cast<int>(data.size())) != 1 ||
        length != static_cast<int>(data.size()))
        throw error("AES-CBC failed");
    return out;
}

} // namespace

void aes_cbc::free_context::operator()(evp_cipher_ctx_st* context) const {
    EVP_CIPHER_CTX_free(context);
}

aes_cbc::aes_cbc(const secret& key) : encrypt_(EVP_CIPHER_CTX_new()), decrypt_(EVP_CIPHER_CTX_new()) {
    const auto* cipher = cbc_of(key.size());
    if (!encrypt_ || !decrypt_ ||
        EVP_CipherInit_ex(encrypt_.get(), cipher, nullptr, key.view().data(), nullptr, 1) != 1 ||
        EVP_CipherInit_ex(decrypt_.get(), cipher, nullptr, key.view().data(), nullptr, 0) != 1)
        throw error("AES-CBC cannot be set up");
}

bytes aes_cbc::encrypt(const aes_block& iv, bytes_view data) {
    return run(encrypt_.get(), iv, data);
}

bytes aes_cbc::decrypt(const aes_block& iv, bytes_view data) {
    return run(decrypt_.get(), iv, data);
}

aes_block aes_cbc::encrypt_block(const aes_block& block) {
    const auto out = encrypt(aes_block{}, block);
    aes_block result{};
    std::copy(out.begin(), out.end(), result.begin());
    return result;
}

void aes_cmac::free_context::operator()(evp_mac_ctx_st* context) const {
    EVP_MAC_CTX_free(context);
}

aes_cmac::aes_cmac(const secret& key) {
    static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "CMAC", nullptr);
    const char* cipher = nullptr;
    switch (key.size()) {
    case 16:
        cipher = "AES-128-CBC";
        break;
    case 24:
        cipher = "AES-192-CBC";
        break;
    case 32:
        cipher = "AES-256-CBC";
        break;
    default:
        throw error("AES-CMAC key must have 16, 24 or 32 octets");
    }
    context_.reset(EVP_MAC_CTX_new(algorithm));
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, const_cast<char*>(cipher), 0),
        OSSL_PARAM_construct_end(),
    };
    if (!context_ || EVP_MAC_init(context_.get(), key.view().data(), key.size(), parameters) != 1)
        throw error("AES-CMAC cannot be set up");
}

aes_block aes_cmac::mac(std::initializer_list<bytes_view> parts) {
    // A NULL key restarts the keyed context (no new key schedule).
    if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1)
        throw error("AES-CMAC failed");
    for (auto part : parts)
        if (!part.empty() && EVP_MAC_update(context_.get(), part.data(), part.size()) != 1)
            throw error("AES-CMAC failed");
    aes_block out{};
    std::size_t length = 0;
    if (EVP_MAC_final(context_.get(), out.data(), &length, out.size()) != 1 || length != out.size())
        throw error("AES-CMAC failed");
    return out;
}

} // namespace tsms::crypto
