#include "crypto/hmac.hpp"

#include "crypto/error.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>

namespace tsms::crypto {

bytes hmac_sha256(const secret& key, bytes_view data) {
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                     OSSL_PARAM_construct_end()};
    bytes out(32);
    std::size_t length = 0;
    if (key.empty() ||
        EVP_Q_mac(nullptr, "HMAC", nullptr, nullptr, parameters, key.view().data(), key.size(), data.data(),
                  data.size(), out.data(), out.size(), &length) == nullptr ||
        length != out.size())
        throw error("HMAC failed");
    return out;
}

} // namespace tsms::crypto
