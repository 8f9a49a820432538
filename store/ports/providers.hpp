#pragma once
// Service providers (AMB-005).

#include "base/time.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tsms::store {

struct provider_record {
    std::string id;
    std::string name;
    std::string created; ///< ISO 8601
};

/// Thread-safe, as every port of access. Throws store::error.
class provider_directory {
public:
    virtual ~provider_directory() = default;

    /// Refuses a name that is taken, empty, longer than 255 octets, or not fit to be shown.
    virtual provider_record add_provider(const std::string& name, wall_time now) = 0;
    /// By name.
    virtual std::vector<provider_record> providers() const = 0;
    virtual std::optional<provider_record> provider(const std::string& id) const = 0;
    virtual std::optional<provider_record> provider_by_name(const std::string& name) const = 0;
};

} // namespace tsms::store
