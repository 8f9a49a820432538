#pragma once
// SecureComponentProfiles are made by the operator from a profile file (DESIGN section 2), never over REST.

#include "base/time.hpp"
#include "crypto/random.hpp"
#include "store/catalog.hpp"

#include <chrono>

namespace tsms::rest {

/// Why a profile file cannot be imported, or a profile not be removed. The text names the profile, cause and remedy.
class profile_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct profile_summary {
    std::string id;
    std::string name;
    bool is_new = false; ///< else only its internal part was replaced
    bool deprecated = false;
    /// What its cards cannot take any more because of an AID: such Flavors get no new instances on them (DIV-066).
    std::vector<std::string> conflicts = {};
};

/// All profiles of the file or none. A profile that is there already under the same name with the same attributes gets
/// the file's internal part ("identification", "card"); other attributes under a known name, or a known profile under
/// another name (AMB-071), are refused. Throws profile_error, store::error.
std::vector<profile_summary> import_profiles(store::catalog& catalog, std::string_view file,
                                             crypto::random_source& random, wall_time now);

std::vector<profile_summary> list_profiles(const store::catalog_reader& catalog);

/// A Version that a profile is linked to: what a service provider has to change before the profile can go.
struct affected_version {
    std::string provider; ///< id
    std::string service;  ///< id
    std::string service_name;
    std::string tag;
};

/// A deprecated profile is still listed and serves the instances that there are, but no new ones (AMB-070). By id or
/// name; throws profile_error if there is none. What refers to it: whose providers are to be informed (TR 3.3.1.2).
std::vector<affected_version> deprecate_profile(store::catalog& catalog, const std::string& id_or_name,
                                                bool deprecated);
bool is_deprecated(const store::catalog_view& view, const std::string& id);

/// By id or name. What refers to it: where that is anything, the profile stays (AMB-070). Throws profile_error if there
/// is none.
std::vector<affected_version> remove_profile(store::catalog& catalog, const std::string& id_or_name);

} // namespace tsms::rest
