#pragma once
// The one table of REST operations (TR 4.1.6), without the base URL, and how a request finds its row.

#include "model/entities.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tsms::model {

/// What an operation does. Rows with the same action share one implementation.
enum class action {
    authenticate,
    account,
    list,
    create,
    read,
    modify,
    remove,
    related, ///< a walk along `relation` (AMB-072)
    upload,
    replace,
    download,
    link_load_files,
    unlink_load_files,
    publish,
    link_flavors,
    unlink_flavors,
    link_profiles,
    unlink_profiles,
};

/// Walks over the graph of references; named by where they start and what they find.
enum class relation {
    none,
    profile_load_files,
    profile_services,
    profile_flavors,
    profile_versions,
    flavor_configs,
    flavor_load_files,
    flavor_profiles, ///< through any Version (AMB-055)
    flavor_versions,
    version_flavors,
    version_flavor_profiles,
    version_profiles,
    module_configs,
    load_file_flavors,
    load_file_services,
    load_file_versions,
    load_file_profiles,
    config_modules,
    config_flavors,
    config_services,
    script_configs,
    script_flavors,
    script_services,
    certificate_configs,
    certificate_flavors,
    certificate_services,
    certificate_spos_configs,
    spos_config_services,
};

/// What the body of a request must be.
enum class body_kind { none, json, multipart };
body_kind body_of(action a);

struct rest_operation {
    std::string_view id; ///< operationId of the official OpenAPI document
    std::string_view method;
    std::string_view path; ///< template; {names} are path parameters
    action what;
    entity_kind entity; ///< what is listed, made, read, changed or removed
    relation walk = relation::none;
};

std::span<const rest_operation> operations();

/// A value of the path and the entity it identifies.
struct path_parameter {
    entity_kind kind;
    std::string value;
};

struct route {
    const rest_operation* operation = nullptr;
    std::vector<path_parameter> parameters; ///< in the order of the path
};

struct route_match {
    std::optional<route> found;
    std::vector<std::string_view>
        allowed; ///< methods of a known path that does not have the asked one; empty: unknown path
};

/// Row for a method and the decoded segments of a path, canonical or alias (AMB-016, AMB-017).
route_match find_route(std::string_view method, const std::vector<std::string>& segments);

} // namespace tsms::model
