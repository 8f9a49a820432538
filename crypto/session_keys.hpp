#pragma once
#include "crypto/secret.hpp"

namespace tsms::crypto {

/// Session keys of one SCP03 channel (SCP03 6.2.1). They live and die with the process that opened the channel.
struct session_keys {
    secret s_enc;
    secret s_mac;
    secret s_rmac;
};

} // namespace tsms::crypto
