#include "app/tsms/vault.hpp"

#include "actors/ports.hpp"
#include "crypto/error.hpp"

namespace tsms::app {

namespace {

constexpr std::string_view seal_purpose = "vault of instances.db";
constexpr std::string_view sealed_text = "tsms";

/// Another master key would be noticed only in the middle of a phone's process.
void refuse_another(crypto::key_vault& vault, bytes_view sealed, std::string_view purpose, const config& c) {
    try {
        vault.open(sealed, purpose);
    } catch (const crypto::error&) {
        throw config_error(c.file(c.vault_key).string() + " is not the key that the secrets in " +
                           c.instances_db().string() + " were sealed with; restore both from the same backup");
    }
}

} // namespace

std::unique_ptr<crypto::key_vault> open_vault(const config& c, store::device_store& db) {
    auto vault = crypto::open_software_vault(c.file(c.vault_key));
    if (const auto seal = db.vault_seal()) {
        refuse_another(*vault, *seal, seal_purpose, c);
        return vault;
    }
    for (const auto& issuer : db.issuers.all()) // a database from before there was a seal, or a new one
        refuse_another(*vault, issuer.transport_key, actors::transport_key_purpose, c);
    db.keep_vault_seal(vault->seal(crypto::secret(as_bytes(sealed_text)), seal_purpose));
    return vault;
}

} // namespace tsms::app
