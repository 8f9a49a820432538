#include "app/tsms/vault.hpp"

#include "crypto/error.hpp"

namespace tsms::app {

namespace {

bool opens(crypto::key_vault& vault, const bytes& transport_key) {
    try {
        vault.check_value(crypto::transport_key_handle{transport_key});
        return true;
    } catch (const crypto::error&) {
        return false;
    }
}

/// Another master key would be noticed only in the middle of a phone's process.
[[noreturn]] void refuse_another(const config& c) {
    throw config_error(c.file(c.vault_key).string() + " is not the key that the secrets in " +
                       c.instances_db().string() + " were sealed with; restore both from the same backup");
}

} // namespace

std::unique_ptr<crypto::key_vault> open_vault(const config& c, store::device_store& db) {
    auto vault = crypto::open_software_vault(c.file(c.vault_key));
    if (const auto seal = db.vault_seal()) {
        if (!vault->has_sealed(*seal))
            refuse_another(c);
        return vault;
    }
    for (const auto& issuer : db.issuers.all()) // a database from before there was a seal, or a new one
        if (!opens(*vault, issuer.transport_key))
            refuse_another(c);
    db.keep_vault_seal(vault->seal());
    return vault;
}

} // namespace tsms::app
