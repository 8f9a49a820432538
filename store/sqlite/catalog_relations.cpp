#include "store/sqlite/catalog_sql.hpp"

#include <map>

namespace tsms::store {

namespace {

using enum model::relation;

struct row {
    model::relation walk;
    const char* ids;         ///< SELECT of the ids found
    bool in_service = false; ///< only those that belong to the Service of the path
};

// Who refers to what: Version → Flavor; Version → SecureComponentProfile via Flavor; Flavor → ExecutableLoadFile,
// ExecutableModule; Flavor → ApplicationConfig via ExecutableModule; ApplicationConfig → Certificate,
// PersonalizationScript; SposConfig → Certificate; Service → SposConfig.
constexpr row rows[] = {
    {profile_load_files,
     "SELECT target FROM reference WHERE source IN (SELECT via FROM reference WHERE target = ?5 AND provider = ?1)"},
    {profile_services,
     "SELECT parent FROM entity WHERE id IN (SELECT source FROM reference WHERE target = ?5 AND provider = ?1)"},
    {profile_flavors, "SELECT via FROM reference WHERE target = ?5 AND provider = ?1", true},
    {profile_versions, "SELECT source FROM reference WHERE target = ?5 AND provider = ?1", true},
    {flavor_configs, "SELECT target FROM reference WHERE source = ?4"},
    {flavor_load_files, "SELECT target FROM reference WHERE source = ?4"},
    {flavor_profiles,
     "SELECT target FROM reference WHERE via = ?4 AND source IN (SELECT source FROM reference WHERE target = ?4)"},
    {flavor_versions, "SELECT source FROM reference WHERE target = ?4"},
    {version_flavors, "SELECT target FROM reference WHERE source = ?3"},
    {version_flavor_profiles, "SELECT target FROM reference WHERE source = ?3 AND via = ?4"},
    {version_profiles, "SELECT target FROM reference WHERE source = ?3"},
    {module_configs,
     "SELECT target FROM reference WHERE via = ?7 AND source IN (SELECT source FROM reference WHERE target = ?7)"},
    {load_file_flavors, "SELECT source FROM reference WHERE target = ?6", true},
    {load_file_services, "SELECT parent FROM entity WHERE id IN (SELECT source FROM reference WHERE target = ?6)"},
    {load_file_versions,
     "SELECT source FROM reference WHERE target IN (SELECT source FROM reference WHERE target = ?6)", true},
    {load_file_profiles,
     "SELECT p.target FROM reference f JOIN entity e ON e.id = f.source JOIN reference v ON v.target = f.source "
     "JOIN reference p ON p.source = v.source AND p.via = f.source WHERE f.target = ?6 AND e.parent = ?2"},
    {config_modules, "SELECT via FROM reference WHERE target = ?8"},
    {config_flavors, "SELECT source FROM reference WHERE target = ?8"},
    {config_services, "SELECT parent FROM entity WHERE id IN (SELECT source FROM reference WHERE target = ?8)"},
    {script_configs, "SELECT source FROM reference WHERE target = ?9"},
    {script_flavors, "SELECT source FROM reference WHERE target IN (SELECT source FROM reference WHERE target = ?9)"},
    {script_services, "SELECT parent FROM entity WHERE id IN (SELECT source FROM reference WHERE target IN "
                      "(SELECT source FROM reference WHERE target = ?9))"},
    {certificate_configs, "SELECT source FROM reference WHERE target = ?10"},
    {certificate_flavors,
     "SELECT source FROM reference WHERE target IN (SELECT source FROM reference WHERE target = ?10)"},
    // Directly: Services with a SposConfig of that Certificate; as parents: those whose Flavors use it.
    {certificate_services,
     "SELECT source FROM reference WHERE target IN (SELECT source FROM reference WHERE target = ?10) "
     "UNION SELECT parent FROM entity WHERE id IN (SELECT source FROM reference WHERE target IN "
     "(SELECT source FROM reference WHERE target = ?10))"},
    {certificate_spos_configs, "SELECT source FROM reference WHERE target = ?10"},
    {spos_config_services, "SELECT source FROM reference WHERE target = ?11"},
};

} // namespace

const std::string& relation_query(model::relation walk) {
    // Unary plus: the ids are few, the provider's entities of that kind may be many, so only the ids shall lead.
    static const auto queries = [] {
        std::map<model::relation, std::string> out;
        for (const auto& r : rows)
            out[r.walk] = std::string("SELECT ") + entity_columns + " FROM entity WHERE id IN (" + r.ids +
                          ") AND +kind = ?12 AND +provider IN (?1, '')" + (r.in_service ? " AND +parent = ?2" : "") +
                          " ORDER BY position, id";
        return out;
    }();
    return queries.at(walk);
}

} // namespace tsms::store
