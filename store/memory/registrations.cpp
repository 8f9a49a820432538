#include "store/memory/device_rows.hpp"

#include <tuple>

namespace tsms::store {

bool memory_issuers::has(const std::string& name) const {
    return find(name).has_value();
}

std::optional<model::issuer_record> memory_issuers::find(const std::string& name) const {
    return row_where(tables_.issuers, [&](const auto& row) { return row.name == name; });
}

std::vector<model::issuer_record> memory_issuers::all() const {
    auto found = tables_.issuers;
    std::ranges::sort(found, {}, &model::issuer_record::name);
    return found;
}

void memory_issuers::insert(const model::issuer_record& issuer) {
    if (has(issuer.name))
        throw error("there is an issuer ‘" + issuer.name + "’ already");
    tables_.issuers.push_back(issuer);
}

void memory_issuers::remove(const std::string& name) {
    std::erase_if(tables_.issuers, [&](const auto& row) { return row.name == name; });
}

std::optional<app_record> memory_apps::find(const std::string& caller_id) const {
    return row_where(tables_.apps, [&](const auto& row) { return row.caller_id == caller_id; });
}

std::vector<app_record> memory_apps::all() const {
    auto found = tables_.apps;
    std::ranges::sort(found, {}, [](const auto& row) { return std::tie(row.provider, row.caller_id); });
    return found;
}

bool memory_apps::has_any_of(const std::string& provider) const {
    return std::ranges::any_of(tables_.apps, [&](const auto& row) { return row.provider == provider; });
}

void memory_apps::put(const app_record& app) {
    std::erase_if(tables_.apps, [&](const auto& row) { return row.caller_id == app.caller_id; });
    tables_.apps.push_back(app);
}

std::vector<token_key_record> memory_token_keys::all() const {
    auto found = tables_.token_keys;
    std::ranges::sort(found, {}, [](const auto& row) { return std::tie(row.provider, row.issuer, row.key_id); });
    return found;
}

std::vector<token_key_record> memory_token_keys::of_issuer(const std::string& issuer) const {
    auto found = rows_where(tables_.token_keys, [&](const auto& row) { return row.issuer == issuer; });
    std::ranges::sort(found, {}, &token_key_record::key_id);
    return found;
}

void memory_token_keys::insert(const token_key_record& key) {
    if (row_where(tables_.token_keys,
                  [&](const auto& row) { return row.issuer == key.issuer && row.key_id == key.key_id; }))
        throw error("there is a key ‘" + key.key_id + "’ of this issuer already");
    tables_.token_keys.push_back(key);
}

void memory_token_keys::remove(const std::string& issuer, const std::string& key_id) {
    std::erase_if(tables_.token_keys, [&](const auto& row) { return row.issuer == issuer && row.key_id == key_id; });
}

bool memory_token_keys::demands_proof(const std::string& provider) const {
    return tables_.demanding_providers.contains(provider);
}

void memory_token_keys::set_demands_proof(const std::string& provider, bool demands) {
    if (demands)
        tables_.demanding_providers.insert(provider);
    else
        tables_.demanding_providers.erase(provider);
}

} // namespace tsms::store
