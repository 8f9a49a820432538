#pragma once
// What administration registers for the device role: secure component issuers, apps, and how they prove who they are.

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
    /// Must its apps prove who they are? From the first one that is registered on, and before where the operator says
    /// so (demand_proof) or access tokens are verified (token_keys::add).
    bool must_prove(const std::string& provider) const {
        return rows_.apps().has_any_of(provider) || rows_.token_keys().demands_proof(provider);
    }
    /// False: nothing has changed.
    bool demand_proof(const std::string& provider, bool demands) const;
    bool add(const app_record& app) const; ///< false if the provider has the app already, or another one has it
    bool revoke(const std::string& caller_id) const;

private:
    device_rows& rows_;
};

/// Keys of service providers' own access tokens (AMB-146, DIV-120).
class token_keys {
public:
    explicit token_keys(device_rows& rows) : rows_(rows) {}

    /// So many keys of one issuer: those of before and after a change, and a few more.
    static constexpr std::size_t most_of_issuer = 8;

    std::vector<token_key_record> all() const { return rows_.token_keys().all(); }
    enum class addition { added, issuer_of_another, key_id_taken, too_many };
    /// Its provider's apps must prove who they are from then on, also when the key has gone.
    addition add(const token_key_record& key) const;
    /// How many there were: of this provider and key id, of every key id where that is empty.
    std::size_t remove(const std::string& provider, const std::string& key_id) const;

private:
    device_rows& rows_;
};

} // namespace tsms::store
