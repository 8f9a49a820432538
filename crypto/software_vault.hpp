#pragma once
// The vault in software. A handle is the key under AES-256-GCM with the vault's master key, which is in a file; opening
// one leaves the key in memory for the time of one operation, and it is wiped behind it.

#include "crypto/random.hpp"
#include "crypto/vault.hpp"

#include <filesystem>
#include <memory>

namespace tsms::crypto {

/// Writes 32 random octets to a new file that only its owner can read (mode 0600). Throws crypto::error if the file
/// exists: a lost master key is a lost card.
void create_master_key(const std::filesystem::path& path, random_source& random = system_random());

/// Throws crypto::error if the file is missing, has another size, or can be read by others.
std::unique_ptr<key_vault> open_software_vault(const std::filesystem::path& master_key,
                                               random_source& random = system_random());

/// The same with a master key of 32 octets from elsewhere (tests). Signing keys are OpenSSL's, not those of `random`.
std::unique_ptr<key_vault> make_software_vault(secret master_key, random_source& random = system_random());

} // namespace tsms::crypto
