#pragma once
// Randomness as a dependency, so that a test can repeat a dialogue octet by octet.

#include "base/bytes.hpp"
#include "crypto/secret.hpp"

namespace tsms::crypto {

class random_source {
public:
    virtual ~random_source() = default;
    /// Fills the whole span. Throws crypto::error if the generator cannot deliver.
    virtual void fill(std::span<std::uint8_t> out) = 0;

    bytes take(std::size_t count);
    secret take_secret(std::size_t count);
    /// A random UUID (RFC 4122 version 4), lower case.
    std::string uuid();
};

/// The operating system's generator through OpenSSL's DRBG; safe to call from several threads.
random_source& system_random();

} // namespace tsms::crypto
