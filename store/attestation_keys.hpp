#pragma once
// The keys that sign Attestation Tokens (TR 3.4), in a file beside the databases (DIV-127): handles of the vault, which
// are worth nothing outside of it, and the certificate of each, with which service providers check. The newest key
// signs; the certificates of former ones stay, because tokens are on cards for years.

#include "base/time.hpp"
#include "crypto/pki.hpp"
#include "crypto/vault.hpp"

#include <filesystem>
#include <stdexcept>

namespace tsms::store {

/// The file is not one of these, or another program writes it. The text names file and remedy.
class attestation_keys_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct attestation_key {
    crypto::signing_key_handle handle;
    crypto::certificate certificate;
    std::string created; ///< ISO 8601
};

/// In the order in which they were made; none where there is no file. Throws attestation_keys_error.
std::vector<attestation_key> read_attestation_keys(const std::filesystem::path& file);

/// A new key signs from now on, also in a server that runs. Durable when this returns. Throws attestation_keys_error,
/// crypto::error.
attestation_key add_attestation_key(const std::filesystem::path& file, crypto::key_vault& vault,
                                    crypto::elliptic_curve curve, const std::string& common_name, wall_time now);

/// "P-256", "brainpoolP256r1"; nothing for another text.
std::optional<crypto::elliptic_curve> curve_of(std::string_view name);
std::string name_of(crypto::elliptic_curve curve);

} // namespace tsms::store
