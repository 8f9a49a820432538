#pragma once
// Does a secure component satisfy what a load file and a Flavor ask for? (TR 3.3.1.2, 4.1.4.10, AMB-055)

#include <optional>
#include <string>
#include <string_view>

namespace tsms::model {

/// What one load file in one Flavor needs. An empty version asks for nothing.
struct technical_requirement {
    std::string java_card_version;
    std::string gp_api_version;
    bool csp = false;
    bool extended_cap = false; ///< the load file is of the extended CAP format (DIV-022)
};

/// What a SecureComponentProfile offers.
struct technical_offer {
    std::string java_card_version;
    std::string gp_api_version; ///< gpApiVersions["card"]
    bool csp = false;
    bool extended_cap = false; ///< card.extendedCap
};

/// The <<attributeName>> of error 1016 for the first requirement that is not met: "javaCard", "gpApi" or "csp". A
/// requirement is not met where the offer is empty or not a version. The extended CAP format is one of "javaCard": it
/// needs a card that takes it and Java Card 3.1.
std::optional<std::string_view> first_unmet(const technical_requirement& needed, const technical_offer& offered);

} // namespace tsms::model
