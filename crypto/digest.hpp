#pragma once
#include "base/bytes.hpp"

namespace tsms::crypto {

bytes sha1(bytes_view data);   ///< 20 octets
bytes sha256(bytes_view data); ///< 32 octets

} // namespace tsms::crypto
