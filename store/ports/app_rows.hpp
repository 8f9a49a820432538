#pragma once
// Apps of service providers that may call the TSM-API (AMB-236).

#include "base/bytes.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tsms::store {

struct app_record {
    std::string caller_id; ///< upper-case hex: SHA-1 or SHA-256 of the app's signing certificate
    std::string provider;  ///< id of the service provider
    bytes credential_hash; ///< SHA-256; empty: revoked, and kept because its provider's apps must prove who they are
                           ///< from then on
    std::string created;   ///< ISO 8601; filled in by the store
};

class app_rows {
public:
    virtual ~app_rows() = default;

    virtual std::optional<app_record> find(const std::string& caller_id) const = 0;
    /// By provider, then by caller id; with the revoked.
    virtual std::vector<app_record> all() const = 0;
    /// One that was revoked counts.
    virtual bool has_any_of(const std::string& provider) const = 0;
    /// In the place of one with this caller id.
    virtual void put(const app_record& app) = 0;
};

} // namespace tsms::store
