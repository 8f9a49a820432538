#include "crypto/inside/gcm.hpp"

#include "base/freed_by.hpp"
#include "crypto/error.hpp"

#include <limits>
#include <memory>
#include <openssl/evp.h>

namespace tsms::crypto {

namespace {

using context_ptr = std::unique_ptr<EVP_CIPHER_CTX, freed_by<EVP_CIPHER_CTX_free>>;

context_ptr start(const secret& key, bytes_view nonce, bytes_view label, int encrypt) {
    if (key.size() != 32 || nonce.size() != gcm_nonce_octets)
        throw error("AES-256-GCM needs a key of 32 and a nonce of 12 octets");
    context_ptr context(EVP_CIPHER_CTX_new());
    int length = 0;
    if (!context ||
        EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.view().data(), nonce.data(), encrypt) != 1 ||
        EVP_CipherUpdate(context.get(), nullptr, &length, label.data(), static_cast<int>(label.size())) != 1)
        throw error("AES-256-GCM cannot be set up");
    return context;
}

} // namespace

bytes gcm_seal(const secret& key, bytes_view nonce, bytes_view label, const secret& data) {
    if (data.size() > std::numeric_limits<int>::max() / 2)
        throw error("too much data for AES-GCM");
    const auto context = start(key, nonce, label, 1);
    auto out = to_bytes(nonce);
    out.resize(nonce.size() + data.size() + gcm_tag_octets);
    auto* const body = out.data() + nonce.size();
    int length = 0;
    int rest = 0;
    if (EVP_CipherUpdate(context.get(), body, &length, data.view().data(), static_cast<int>(data.size())) != 1 ||
        EVP_CipherFinal_ex(context.get(), body + length, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, gcm_tag_octets, body + data.size()) != 1)
        throw error("AES-256-GCM failed");
    return out;
}

secret gcm_open(const secret& key, bytes_view label, bytes_view sealed) {
    if (sealed.size() < gcm_nonce_octets + gcm_tag_octets || sealed.size() > std::numeric_limits<int>::max() / 2)
        throw error("sealed octets have an impossible length");
    const auto context = start(key, sealed.first(gcm_nonce_octets), label, 0);
    const auto body = sealed.subspan(gcm_nonce_octets, sealed.size() - gcm_nonce_octets - gcm_tag_octets);
    auto tag = to_bytes(sealed.last(gcm_tag_octets));
    bytes out(body.size() + 1); // never empty, so that OpenSSL gets a buffer
    int length = 0;
    int rest = 0;
    const bool good =
        EVP_CipherUpdate(context.get(), out.data(), &length, body.data(), static_cast<int>(body.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, gcm_tag_octets, tag.data()) == 1 &&
        EVP_CipherFinal_ex(context.get(), out.data() + length, &rest) == 1;
    const secret buffer(std::move(out));
    if (!good)
        throw error("sealed octets do not open: another master key, or octets were changed");
    return secret(buffer.view().first(body.size()));
}

} // namespace tsms::crypto
