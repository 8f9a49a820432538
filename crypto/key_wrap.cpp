#include "crypto/key_wrap.hpp"

#include "base/freed_by.hpp"
#include "crypto/error.hpp"
#include "crypto/inside/key_unwrap.hpp"

#include <memory>
#include <openssl/evp.h>

namespace tsms::crypto {

namespace {

const EVP_CIPHER* wrap_of(std::size_t key_length) {
    switch (key_length) {
    case 16:
        return EVP_aes_128_wrap(); // id-aes128-wrap
    case 24:
        return EVP_aes_192_wrap();
    case 32:
        return EVP_aes_256_wrap();
    default:
        throw error("AES key wrap needs a key of 16, 24 or 32 octets");
    }
}

/// Nothing if OpenSSL refuses: when unwrapping, that is the integrity check.
std::optional<bytes> run(const secret& key, bytes_view in, int encrypt) {
    const std::unique_ptr<EVP_CIPHER_CTX, freed_by<EVP_CIPHER_CTX_free>> context(EVP_CIPHER_CTX_new());
    if (!context)
        throw error("AES key wrap cannot be set up");
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    if (EVP_CipherInit_ex(context.get(), wrap_of(key.size()), nullptr, key.view().data(), nullptr, encrypt) != 1)
        throw error("AES key wrap cannot be set up");
    bytes out(in.size() + 16);
    int length = 0;
    if (EVP_CipherUpdate(context.get(), out.data(), &length, in.data(), static_cast<int>(in.size())) != 1 ||
        length <= 0) {
        wipe(out);
        return std::nullopt;
    }
    // What OpenSSL may leave behind the result is not the caller's: the whole buffer is wiped with the returned copy.
    bytes result(out.begin(), out.begin() + length);
    wipe(out);
    return result;
}

} // namespace

bytes wrap_key(const secret& wrapping_key, const secret& key) {
    if (key.size() < 16 || key.size() % 8 != 0)
        throw error("AES key wrap takes keys of at least 16 octets, in steps of 8");
    auto wrapped = run(wrapping_key, key.view(), 1);
    if (!wrapped)
        throw error("AES key wrap failed");
    return *std::move(wrapped);
}

secret unwrap_key(const secret& wrapping_key, bytes_view wrapped) {
    if (wrapped.size() < 24 || wrapped.size() % 8 != 0 || wrapped.size() > 4096)
        throw error("wrapped key has an impossible length");
    auto key = run(wrapping_key, wrapped, 0);
    if (!key)
        throw error("wrapped key does not open: another transport key, or octets were changed");
    return secret(*std::move(key));
}

} // namespace tsms::crypto
