#include "app/tsms/references.hpp"

#include "base/utf8.hpp"
#include "http/rest/text_formats.hpp"

namespace tsms::app {

store::provider_record known_provider(const store::provider_directory& providers, const std::string& id_or_name) {
    if (auto found = providers.provider(id_or_name)) // before names: older versions took names that are ids
        return *std::move(found);
    if (auto found = providers.provider_by_name(id_or_name))
        return *std::move(found);
    throw config_error("there is no service provider with the name or id ‘" + text::quotable(id_or_name) +
                       "’ (tsms provider list)");
}

void check_new_name(std::string_view what, const std::string& name) {
    const bool good = !name.empty() && name.size() <= 255 && text::quotable(name) == name && name.front() != ' ' &&
                      name.back() != ' ';
    if (!good)
        throw config_error("the name of a new " + std::string(what) +
                           " has 1 to 255 octets of UTF-8, without control characters and without spaces at its ends");
    if (rest::canonical_uuid(name))
        throw config_error("the name of a new " + std::string(what) +
                           " is not written like an id (UUID), because commands take both");
}

} // namespace tsms::app
