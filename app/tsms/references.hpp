#pragma once
// What commands refer to is looked up when it is stored: a name that nobody has would be found out by a phone.

#include "app/tsms/config.hpp"
#include "store/ports/providers.hpp"

#include <string_view>

namespace tsms::app {

/// By id or name. Throws config_error that says where they are listed.
store::provider_record known_provider(const store::provider_directory& providers, const std::string& id_or_name);

/// A new name of something: 1 to 255 octets of UTF-8 without control characters, no space at its ends, and no UUID.
/// Throws config_error; `what` is "issuer".
void check_new_name(std::string_view what, const std::string& name);

} // namespace tsms::app
