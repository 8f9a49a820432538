#pragma once
// What administration registers for the device role: issuers, apps, and keys of their access tokens.

#include "store/ports/app_rows.hpp"
#include "store/ports/issuer_rows.hpp"
#include "store/ports/token_key_rows.hpp"
#include "store/sqlite/device_session.hpp"

namespace tsms::store {

class sqlite_issuers final : public issuer_rows {
public:
    explicit sqlite_issuers(device_session& session) : session_(session) {}

    bool has(const std::string& name) const override;
    std::optional<model::issuer_record> find(const std::string& name) const override;
    std::vector<model::issuer_record> all() const override;
    void insert(const model::issuer_record& issuer) override;
    void remove(const std::string& name) override;

private:
    device_session& session_;
};

class sqlite_apps final : public app_rows {
public:
    explicit sqlite_apps(device_session& session) : session_(session) {}

    std::optional<app_record> find(const std::string& caller_id) const override;
    std::vector<app_record> all() const override;
    bool has_any_of(const std::string& provider) const override;
    void put(const app_record& app) override;

private:
    device_session& session_;
};

class sqlite_token_keys final : public token_key_rows {
public:
    explicit sqlite_token_keys(device_session& session) : session_(session) {}

    std::vector<token_key_record> all() const override;
    std::vector<token_key_record> of_issuer(const std::string& issuer) const override;
    void insert(const token_key_record& key) override;
    void remove(const std::string& issuer, const std::string& key_id) override;
    bool demands_proof(const std::string& provider) const override;
    void set_demands_proof(const std::string& provider, bool demands) override;

private:
    device_session& session_;
};

} // namespace tsms::store
