#include "model/requirements.hpp"

#include "model/version_tag.hpp"

namespace tsms::model {

namespace {

bool satisfied(std::string_view needed, std::string_view offered) {
    if (needed.empty())
        return true;
    const auto least = parse_platform_version(needed);
    const auto present = parse_platform_version(offered);
    return least && present && *least <= *present;
}

} // namespace

std::optional<std::string_view> first_unmet(const technical_requirement& needed, const technical_offer& offered) {
    if (!satisfied(needed.java_card_version, offered.java_card_version))
        return "javaCard";
    if (needed.extended_cap && (!offered.extended_cap || !satisfied("3.1", offered.java_card_version)))
        return "javaCard";
    if (!satisfied(needed.gp_api_version, offered.gp_api_version))
        return "gpApi";
    if (needed.csp && !offered.csp)
        return "csp";
    return std::nullopt;
}

} // namespace tsms::model
