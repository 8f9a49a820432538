#pragma once
// Files that hold one secret, for their owner alone.

#include "crypto/secret.hpp"

#include <filesystem>
#include <string>

namespace tsms::crypto {

enum class readable_by { anybody, owner_alone };

/// Writes a new file of mode 0600, durable. Throws crypto::error, also if there is one: a key is never overwritten.
/// `what` it is goes into the message ("master key").
void create_secret_file(const std::filesystem::path& path, const secret& content, const std::string& what);

/// Throws crypto::error if there is no such file, it has more than `most` octets, or others than `who` can read it.
secret read_secret_file(const std::filesystem::path& path, std::size_t most, const std::string& what, readable_by who);

} // namespace tsms::crypto
