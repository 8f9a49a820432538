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

} // namespace tsms::store
