#pragma once
// AES as GlobalPlatform uses it (FIPS 197, SP 800-38A, SP 800-38B / RFC 4493). The objects keep their keyed OpenSSL
// contexts: fetching an algorithm on every call costs four times the work itself.

#include "base/bytes.hpp"
#include "crypto/secret.hpp"

#include <array>
#include <memory>

struct evp_cipher_ctx_st;
struct evp_mac_ctx_st;

namespace tsms::crypto {

using aes_block = std::array<std::uint8_t, 16>;

/// AES-CBC without padding under one key of 16, 24 or 32 octets. Throws crypto::error on another key length or on data
/// that is no multiple of 16 octets.
class aes_cbc {
public:
    explicit aes_cbc(const secret& key);
    bytes encrypt(const aes_block& iv, bytes_view data);
    bytes decrypt(const aes_block& iv, bytes_view data);
    /// One block under ECB: the CBC step with a zero chaining value.
    aes_block encrypt_block(const aes_block& block);

private:
    struct free_context {
        void operator()(evp_cipher_ctx_st* context) const;
    };
    using context = std::unique_ptr<evp_cipher_ctx_st, free_context>;
    context encrypt_;
    context decrypt_;
};

/// CMAC with AES under one key of 16, 24 or 32 octets.
class aes_cmac {
public:
    explicit aes_cmac(const secret& key);
    /// MAC of the concatenation of the parts.
    aes_block mac(std::initializer_list<bytes_view> parts);
    aes_block mac(bytes_view data) { return mac({data}); }

private:
    struct free_context {
        void operator()(evp_mac_ctx_st* context) const;
    };
    std::unique_ptr<evp_mac_ctx_st, free_context> context_;
};

} // namespace tsms::crypto
