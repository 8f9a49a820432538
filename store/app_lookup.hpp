#pragma once
// Whose app calls, and what verifies its provider's access tokens: read past whoever writes, so that a stranger is
// refused at once even while the database is locked.

#include "store/ports/app_rows.hpp"
#include "store/ports/token_key_rows.hpp"

#include <filesystem>
#include <memory>

namespace tsms::store {

/// For several threads at once.
class app_lookup {
public:
    virtual ~app_lookup() = default;
    /// One that is registered, or was and is revoked. Throws store::error.
    virtual std::optional<app_record> find(const std::string& caller_id) const = 0;
    /// Of this issuer. Throws store::error.
    virtual std::vector<token_key_record> token_keys(const std::string& issuer) const = 0;
};

/// Over instances.db. Throws store::error.
std::unique_ptr<app_lookup> open_app_lookup(const std::filesystem::path& file);

} // namespace tsms::store
