#pragma once
// What administration registers for the device role: issuers and apps.

#include "store/ports/app_rows.hpp"
#include "store/ports/issuer_rows.hpp"
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

} // namespace tsms::store
