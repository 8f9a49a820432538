#include "gp/package_names.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

struct package {
    std::string_view aid;
    std::string_view name;
    bool on_every_card = false;
};

// Java Card API (kits 2.1.1 to 3.2, as in gp/cap_requirements.cpp), GlobalPlatform API, ETSI TS 102 241 and 102 705,
// 3GPP TS 43.019 and 31.130.
constexpr package packages[] = {
    {"A0000000620001", "java.lang", true},
    {"A0000000620101", "javacard.framework", true},
    {"A0000000620102", "javacard.security", true},
    {"A0000000620002", "java.io"},
    {"A0000000620003", "java.rmi"},
    {"A000000062010101", "javacard.framework.service"},
    {"A0000000620201", "javacardx.crypto"},
    {"A0000000620202", "javacardx.biometry"},
    {"A0000000620203", "javacardx.external"},
    {"A0000000620204", "javacardx.biometry1toN"},
    {"A0000000620205", "javacardx.security"},
    {"A000000062020501", "javacardx.security.cert"},
    {"A000000062020502", "javacardx.security.derivation"},
    {"A000000062020503", "javacardx.security.util"},
    {"A000000062020801", "javacardx.framework.util"},
    {"A00000006202080101", "javacardx.framework.util.intx"},
    {"A000000062020802", "javacardx.framework.math"},
    {"A000000062020803", "javacardx.framework.tlv"},
    {"A000000062020804", "javacardx.framework.string"},
    {"A000000062020805", "javacardx.framework.event"},
    {"A000000062020806", "javacardx.framework.nio"},
    {"A000000062020807", "javacardx.framework.time"},
    {"A0000000620209", "javacardx.apdu"},
    {"A000000062020901", "javacardx.apdu.util"},
    {"A00000015100", "org.globalplatform"},
    {"A00000000300", "visa.openplatform"},
    {"A0000000090003FFFFFFFF8910710001", "sim.access"},
    {"A0000000090003FFFFFFFF8910710002", "sim.toolkit"},
    {"A0000000090005FFFFFFFF8911000000", "uicc.access"},
    {"A0000000090005FFFFFFFF8912000000", "uicc.toolkit"},
    {"A0000000090005FFFFFFFF8913000000", "uicc.system"},
    {"A0000000871005FFFFFFFF8913100000", "uicc.usim.access"},
    {"A0000000871005FFFFFFFF8913200000", "uicc.usim.toolkit"},
};

const package* find_package(std::string_view aid) {
    const auto* found = std::ranges::find(packages, aid, &package::aid);
    return found == std::end(packages) ? nullptr : found;
}

} // namespace

std::string package_name(bytes_view aid) {
    const auto text = to_hex(aid);
    const auto* known = find_package(text);
    return known ? text + " (" + std::string(known->name) + ")" : text;
}

bool is_on_every_card(bytes_view aid) {
    const auto* known = find_package(to_hex(aid));
    return known && known->on_every_card;
}

} // namespace tsms::gp
