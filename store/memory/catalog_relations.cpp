// The related lists (AMB-072) as walks from edge to edge.
//
// Who refers to what: Version → Flavor; Version → SecureComponentProfile via Flavor; Flavor → ExecutableLoadFile,
// ExecutableModule; Flavor → ApplicationConfig via ExecutableModule; ApplicationConfig → Certificate,
// PersonalizationScript; SposConfig → Certificate; Service → SposConfig.

#include "store/memory/catalog_rows.hpp"

#include <stdexcept>

namespace tsms::store {

using model::entity_kind;
using model::relation;

catalog_rows::ids catalog_rows::sources_of(const ids& targets) const {
    ids out;
    for (const auto& e : edges_)
        if (targets.contains(e.target))
            out.insert(e.source);
    return out;
}

catalog_rows::ids catalog_rows::targets_of(const ids& sources) const {
    ids out;
    for (const auto& e : edges_)
        if (sources.contains(e.source))
            out.insert(e.target);
    return out;
}

catalog_rows::ids catalog_rows::targets_by(const std::string& source, const std::string& way) const {
    ids out;
    for (const auto& e : edges_)
        if (e.source == source && e.via == way)
            out.insert(e.target);
    return out;
}

catalog_rows::ids catalog_rows::ways_to(const ids& targets) const {
    ids out;
    for (const auto& e : edges_)
        if (targets.contains(e.target))
            out.insert(e.via);
    return out;
}

/// What is had by way of one of these, by those that refer to this one itself too.
catalog_rows::ids catalog_rows::had_by_way_of(const ids& ways) const {
    ids out;
    for (const auto& way : ways)
        for (const auto& holder : sources_of({way}))
            out.merge(targets_by(holder, way));
    return out;
}

catalog_rows::ids catalog_rows::parents_of(const ids& children) const {
    ids out;
    for (const auto& child : children)
        if (const auto row = entities_.find(child); row != entities_.end() && !row->second.parent.empty())
            out.insert(row->second.parent);
    return out;
}

catalog_rows::ids catalog_rows::in_service(const ids& some, const std::string& service) const {
    ids out;
    for (const auto& id : some)
        if (parents_of({id}).contains(service))
            out.insert(id);
    return out;
}

/// One end of the edges by which this tenant refers to what is everybody's.
catalog_rows::ids catalog_rows::of_tenant(std::string edge::*end, const std::string& tenant,
                                          const std::string& target) const {
    ids out;
    for (const auto& e : edges_)
        if (e.target == target && e.provider == tenant)
            out.insert(e.*end);
    return out;
}

catalog_rows::ids catalog_rows::found_by(relation walk, const walk_start& start) const {
    const auto from = [&](entity_kind kind) { return ids{start.id(kind)}; };
    const auto of_service = [&](const ids& some) { return in_service(some, start.id(entity_kind::service)); };
    const auto had_by_tenant = [&](std::string edge::*end) {
        return of_tenant(end, start.id(entity_kind::service_provider), start.id(entity_kind::secure_component_profile));
    };
    switch (walk) {
    case relation::none:
        break;
    case relation::profile_load_files:
        return targets_of(had_by_tenant(&edge::via));
    case relation::profile_services:
        return parents_of(had_by_tenant(&edge::source));
    case relation::profile_flavors:
        return of_service(had_by_tenant(&edge::via));
    case relation::profile_versions:
        return of_service(had_by_tenant(&edge::source));
    case relation::flavor_configs:
    case relation::flavor_load_files:
        return targets_of(from(entity_kind::flavor));
    case relation::flavor_profiles:
        return had_by_way_of(from(entity_kind::flavor));
    case relation::flavor_versions:
        return sources_of(from(entity_kind::flavor));
    case relation::version_flavors:
    case relation::version_profiles:
        return targets_of(from(entity_kind::version));
    case relation::version_flavor_profiles:
        return targets_by(start.id(entity_kind::version), start.id(entity_kind::flavor));
    case relation::module_configs:
        return had_by_way_of(from(entity_kind::executable_module));
    case relation::load_file_flavors:
        return of_service(sources_of(from(entity_kind::executable_load_file)));
    case relation::load_file_services:
        return parents_of(sources_of(from(entity_kind::executable_load_file)));
    case relation::load_file_versions:
        return of_service(sources_of(sources_of(from(entity_kind::executable_load_file))));
    case relation::load_file_profiles:
        return had_by_way_of(of_service(sources_of(from(entity_kind::executable_load_file))));
    case relation::config_modules:
        return ways_to(from(entity_kind::application_config));
    case relation::config_flavors:
        return sources_of(from(entity_kind::application_config));
    case relation::config_services:
        return parents_of(sources_of(from(entity_kind::application_config)));
    case relation::script_configs:
        return sources_of(from(entity_kind::personalization_script));
    case relation::script_flavors:
        return sources_of(sources_of(from(entity_kind::personalization_script)));
    case relation::script_services:
        return parents_of(sources_of(sources_of(from(entity_kind::personalization_script))));
    case relation::certificate_configs:
    case relation::certificate_spos_configs:
        return sources_of(from(entity_kind::certificate));
    case relation::certificate_flavors:
        return sources_of(sources_of(from(entity_kind::certificate)));
    case relation::certificate_services: {
        // Directly: Services with a SposConfig of that Certificate; as parents: those whose Flavors use it.
        auto out = sources_of(sources_of(from(entity_kind::certificate)));
        out.merge(parents_of(out));
        return out;
    }
    case relation::spos_config_services:
        return sources_of(from(entity_kind::spos_config));
    }
    throw std::out_of_range("no walk");
}

} // namespace tsms::store
