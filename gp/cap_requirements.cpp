// What a CAP needs of its platform, told by the versions of the packages it imports (AMB-056).

#include "gp/cap.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

struct platform_package {
    std::string_view aid;
    cap_version version;
    std::string_view java_card; ///< least platform whose export files have this version
};

// The versions that Oracle's development kits 2.1.1 to 3.2 give their packages. javacard.framework skips 1.7;
// kits 2.1.1 and 2.1.2 cannot be told apart; java.lang never changed.
constexpr platform_package platform_packages[] = {
    {"A0000000620001", {1, 0}, "2.1.1"}, // java.lang
    {"A0000000620101", {1, 0}, "2.1.1"}, // javacard.framework
    {"A0000000620101", {1, 1}, "2.1.2"}, {"A0000000620101", {1, 2}, "2.2.1"}, {"A0000000620101", {1, 3}, "2.2.2"},
    {"A0000000620101", {1, 4}, "3.0.1"}, {"A0000000620101", {1, 5}, "3.0.4"}, {"A0000000620101", {1, 6}, "3.0.5"},
    {"A0000000620101", {1, 8}, "3.1.0"}, {"A0000000620101", {1, 9}, "3.2.0"},
};

constexpr std::string_view gp_api_aid = "A00000015100"; // org.globalplatform

} // namespace

std::string java_card_version_of(const std::vector<cap_import>& imports) {
    std::string_view least;
    for (const auto& import : imports) {
        const auto aid = to_hex(import.aid);
        const auto same_aid = [&](const platform_package& package) { return package.aid == aid; };
        if (std::none_of(std::begin(platform_packages), std::end(platform_packages), same_aid))
            continue;
        const auto found =
            std::find_if(std::begin(platform_packages), std::end(platform_packages),
                         [&](const auto& package) { return same_aid(package) && package.version == import.version; });
        if (found == std::end(platform_packages))
            return {};                             // a kit we do not know (AMB-203)
        least = std::max(least, found->java_card); // versions of one digit a part: the order of texts is theirs
    }
    return std::string(least);
}

std::string gp_api_version_of(const std::vector<cap_import>& imports) {
    // The export files of GlobalPlatform's API carry the API's own version: 1.0 … 1.7.
    for (const auto& import : imports)
        if (to_hex(import.aid) == gp_api_aid)
            return to_string(import.version);
    return {};
}

} // namespace tsms::gp
