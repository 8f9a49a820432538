// What a CAP needs of its platform, told by its format and by the versions of the packages it imports (AMB-056,
// DIV-008, DIV-023).

#include "gp/cap.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

struct platform_package {
    std::string_view aid;
    cap_version version;
    std::string_view java_card; ///< least platform whose export files have this version
};

// Sources: the export files of Oracle's development kits 2.1.1 to 3.2 as two public tools record them, the class
// CAPFile of martinpaljak/capfile (kits 2.1.1 to 3.2.0) and the table AID_VERSION_MAP of petrs/jcAIDScan (packages up
// to 3.0.5), and the list of new packages in the API documentation of Java Card 3.2. The kits 2.1.1 and 2.1.2 cannot be
// told apart. No kit has javacard.framework 1.1, which is said to belong to 2.2.0, or 1.7.
constexpr platform_package platform_packages[] = {
    {"A0000000620001", {1, 0}, "2.1.1"}, // java.lang
    {"A0000000620101", {1, 0}, "2.1.1"}, // javacard.framework
    {"A0000000620101", {1, 1}, "2.2.0"},     {"A0000000620101", {1, 2}, "2.2.1"},
    {"A0000000620101", {1, 3}, "2.2.2"},     {"A0000000620101", {1, 4}, "3.0.1"},
    {"A0000000620101", {1, 5}, "3.0.4"},     {"A0000000620101", {1, 6}, "3.0.5"},
    {"A0000000620101", {1, 8}, "3.1.0"},     {"A0000000620101", {1, 9}, "3.2.0"},
    {"A0000000620102", {1, 0}, "2.1.1"}, // javacard.security
    {"A0000000620102", {1, 1}, "2.1.1"},     {"A0000000620102", {1, 2}, "2.2.1"},
    {"A0000000620102", {1, 3}, "2.2.2"},     {"A0000000620102", {1, 4}, "3.0.1"},
    {"A0000000620102", {1, 5}, "3.0.4"},     {"A0000000620102", {1, 6}, "3.0.5"},
    {"A0000000620102", {1, 7}, "3.1.0"},     {"A0000000620102", {1, 8}, "3.2.0"},
    {"A0000000620201", {1, 0}, "2.1.1"}, // javacardx.crypto
    {"A0000000620201", {1, 1}, "2.1.1"},     {"A0000000620201", {1, 2}, "2.2.1"},
    {"A0000000620201", {1, 3}, "2.2.2"},     {"A0000000620201", {1, 4}, "3.0.1"},
    {"A0000000620201", {1, 5}, "3.0.4"},     {"A0000000620201", {1, 6}, "3.0.5"},
    {"A0000000620201", {1, 7}, "3.1.0"},     {"A0000000620201", {1, 8}, "3.2.0"},
    {"A0000000620002", {1, 0}, "2.2.0"},     // java.io
    {"A0000000620003", {1, 0}, "2.2.0"},     // java.rmi
    {"A0000000620203", {1, 0}, "2.2.2"},     // javacardx.external
    {"A0000000620204", {1, 0}, "3.0.5"},     // javacardx.biometry1toN
    {"A0000000620205", {1, 0}, "3.0.5"},     // javacardx.security
    {"A0000000620209", {1, 0}, "2.2.2"},     // javacardx.apdu
    {"A000000062020901", {1, 0}, "3.0.5"},   // javacardx.apdu.util
    {"A000000062020801", {1, 0}, "2.2.2"},   // javacardx.framework.util
    {"A000000062020801", {1, 1}, "3.0.5"},   //
    {"A00000006202080101", {1, 0}, "2.2.2"}, // javacardx.framework.util.intx
    {"A000000062020802", {1, 0}, "2.2.2"},   // javacardx.framework.math
    {"A000000062020803", {1, 0}, "2.2.2"},   // javacardx.framework.tlv
    {"A000000062020804", {1, 0}, "3.0.4"},   // javacardx.framework.string
    {"A000000062020501", {1, 0}, "3.1.0"},   // javacardx.security.cert
    {"A000000062020502", {1, 0}, "3.1.0"},   // javacardx.security.derivation
    {"A000000062020503", {1, 0}, "3.1.0"},   // javacardx.security.util
    {"A000000062020805", {1, 0}, "3.1.0"},   // javacardx.framework.event
    {"A000000062020806", {1, 0}, "3.1.0"},   // javacardx.framework.nio
    {"A000000062020807", {1, 0}, "3.1.0"},   // javacardx.framework.time
};

/// The packages that AMB-056 asks. A version of theirs that no row has is one of a kit we do not know (AMB-203); a
/// version of another package that no row has says nothing.
constexpr std::string_view deciding_packages[] = {"A0000000620001", "A0000000620101"};

/// The virtual machines that read a format (JCVM 2.2 and 3.1, chapter 6). Every one reads 2.1.
struct format_reader {
    cap_version format;
    std::string_view java_card;
};
constexpr format_reader format_readers[] = {{{2, 2}, "2.2.0"}, {{2, 3}, "3.1.0"}};

constexpr std::string_view gp_api_aid = "A00000015100"; // org.globalplatform

} // namespace

std::string java_card_version_of(cap_version format, const std::vector<cap_import>& imports) {
    std::string_view least;
    for (const auto& import : imports) {
        const auto aid = to_hex(import.aid);
        const auto found =
            std::find_if(std::begin(platform_packages), std::end(platform_packages),
                         [&](const auto& package) { return package.aid == aid && package.version == import.version; });
        if (found != std::end(platform_packages))
            least = std::max(least, found->java_card); // one digit a part: the order of texts is theirs
        else if (std::ranges::find(deciding_packages, aid) != std::end(deciding_packages))
            return {};
    }
    if (!least.empty()) // a CAP that imports nothing of the platform tells nothing
        for (const auto& reader : format_readers)
            if (format >= reader.format)
                least = std::max(least, reader.java_card);
    return std::string(least);
}

std::string gp_api_version_of(const std::vector<cap_import>& imports) {
    // The export files of GlobalPlatform's API carry the API's own version: 1.0 … 1.7. Its siblings count by
    // themselves, and profiles do not tell their versions: A00000015102 contactless, 03 securechannel, 04
    // securechannel.provider, 05 privacy, 06 filesystem, 07 upgrade.
    for (const auto& import : imports)
        if (to_hex(import.aid) == gp_api_aid)
            return to_string(import.version);
    return {};
}

} // namespace tsms::gp
