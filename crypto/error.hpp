#pragma once

#include <stdexcept>

namespace tsms::crypto {

/// A cryptographic operation could not be done: wrong key length, library failure, input that does not verify.
/// The text names the operation and never contains key material.
class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

} // namespace tsms::crypto
