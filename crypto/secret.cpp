#include "crypto/secret.hpp"

#include <openssl/crypto.h>

namespace tsms::crypto {

void wipe(bytes& data) noexcept {
    if (!data.empty())
        OPENSSL_cleanse(data.data(), data.size());
}

void secret::wipe() noexcept {
    crypto::wipe(data_);
}

secret::~secret() {
    wipe();
}

secret& secret::operator=(const secret& other) {
    if (this != &other) {
        wipe();
        data_ = other.data_;
    }
    return *this;
}

secret& secret::operator=(secret&& other) noexcept {
    if (this != &other) {
        wipe();
        data_ = std::move(other.data_);
        other.data_.clear();
    }
    return *this;
}

bool equal(bytes_view a, bytes_view b) {
    return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

bool operator==(const secret& a, const secret& b) {
    return equal(a.view(), b.view());
}

} // namespace tsms::crypto
