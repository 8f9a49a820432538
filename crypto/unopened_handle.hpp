#pragma once

#include "crypto/error.hpp"

namespace tsms::crypto {

/// What a key_vault throws where a handle does not open: another vault, another kind or attribute, changed octets. The
/// text says which of them it can be.
class unopened_handle : public error {
public:
    using error::error;
};

} // namespace tsms::crypto
