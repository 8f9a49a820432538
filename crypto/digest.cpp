#include "crypto/digest.hpp"

#include "crypto/error.hpp"

#include <openssl/evp.h>

namespace tsms::crypto {

namespace {

bytes digest(const EVP_MD* algorithm, bytes_view data) {
    bytes out(static_cast<std::size_t>(EVP_MD_get_size(algorithm)));
    unsigned int length = 0;
    if (EVP_Digest(data.data(), data.size(), out.data(), &length, algorithm, nullptr) != 1 || length != out.size())
        throw error("digest failed");
    return out;
}

} // namespace

bytes sha1(bytes_view data) {
    return digest(EVP_sha1(), data);
}

bytes sha256(bytes_view data) {
    return digest(EVP_sha256(), data);
}

} // namespace tsms::crypto
