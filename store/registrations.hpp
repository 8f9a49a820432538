#pragma once
// What administration registers for the device role: secure component issuers and apps.

#include "model/records.hpp"
#include "store/ports/device_rows.hpp"

namespace tsms::store {

class issuers {
public:
    explicit issuers(device_rows& rows) : rows_(rows) {}

    std::optional<model::issuer_record> find(const std::string& name) const { return rows_.issuers().find(name); }
    std::vector<model::issuer_record> all() const { return rows_.issuers().all(); }
    bool add(const model::issuer_record& issuer) const; ///< false if the name is taken

    struct removal {
        bool known = false;
        std::size_t cards = 0; ///< that need it: it stays
    };
    /// Not while a secure component is proven to be its own, was assigned to it, or is at work. Rows that rest on
    /// claims find another.
    removal remove(const std::string& name) const;

private:
    device_rows& rows_;
};

class apps {
public:
    explicit apps(device_rows& rows) : rows_(rows) {}

    std::optional<app_record> find(const std::string& caller_id) const { return rows_.apps().find(caller_id); }
    std::vector<app_record> all() const { return rows_.apps().all(); } ///< with the revoked
    bool any_of(const std::string& provider) const { return rows_.apps().has_any_of(provider); }
    bool add(const app_record& app) const; ///< false if the provider has the app already, or another one has it
    bool revoke(const std::string& caller_id) const;

private:
    device_rows& rows_;
};

} // namespace tsms::store
