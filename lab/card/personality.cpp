#include "lab/card/personality.hpp"

#include "gp/tlv.hpp"

#include <algorithm>

namespace tsms::lab {

namespace {

/// Packages of the Java Card API with one version of javacard.framework and its siblings, the GlobalPlatform API, and
/// the Security Domain's own package. Without the optional RMI packages: a public CAP uses the AID of
/// javacard.framework.service.
std::vector<preloaded_package> platform(std::uint8_t java_card_minor, std::uint8_t gp_minor, bool listed) {
    return {
        {"A0000000620001", 1, 0, {}, listed},               // java.lang
        {"A0000000620002", 1, 0, {}, listed},               // java.io
        {"A0000000620101", 1, java_card_minor, {}, listed}, // javacard.framework
        {"A0000000620102", 1, java_card_minor, {}, listed}, // javacard.security
        {"A0000000620201", 1, java_card_minor, {}, listed}, // javacardx.crypto
        {"A0000000620209", 1, 0, {}, listed},               // javacardx.apdu
        {"A00000015100", 1, gp_minor, {}, listed},          // org.globalplatform
        {"A00000000300", 1, 0, {}, listed},                 // visa.openplatform
        {security_domain_package, 1, 0, {security_domain_module}, true},
    };
}

std::vector<preloaded_package> euicc_packages() {
    auto packages = platform(8, 7, false);
    // 3GPP TS 43.019: what toolkit applets for any SIM import.
    packages.push_back({"A0000000090003FFFFFFFF8910710001", 2, 6, {}, false}); // sim.access
    packages.push_back({"A0000000090003FFFFFFFF8910710002", 2, 6, {}, false}); // sim.toolkit
    packages.push_back({"A0000000090005FFFFFFFF8911000000", 1, 7, {}, false}); // uicc.access
    packages.push_back({"A0000000090005FFFFFFFF8912000000", 1, 7, {}, false}); // uicc.toolkit
    packages.push_back({"A0000000090005FFFFFFFF8913000000", 1, 7, {}, false}); // uicc.system
    return packages;
}

personality jc305() {
    personality p;
    p.name = default_personality;
    p.about = "Java Card 3.0.5, GlobalPlatform 2.3, T=1, AES-128";
    p.isd = "A000000151000000";
    p.historical = "tsms-lab 305";
    p.iin = "4950";
    p.cin = "4C4142";
    p.packages = platform(6, 6, false);
    return p;
}

// The others are what jc305 is, but for what is written here.

personality jc304(personality p) {
    p.name = "jc304";
    p.about = "Java Card 3.0.4 without CSP: instances follow their load file, SDs need SET STATUS, API packages listed";
    p.isd = "A000000003000000";
    p.historical = "tsms-lab 304";
    p.key_version = 0x30;
    p.instance_follows_load_file = true;
    p.keys_personalize = false;
    p.missing_import = 0x6A80;
    p.extended_length = false;
    p.rule_queries_refused = 0x6A80;
    p.packages = platform(5, 5, true);
    return p;
}

personality small(personality p) {
    p.name = "small";
    p.about = "as jc305 with 12 KiB for applications, as it came from the factory (key version FF)";
    p.historical = "tsms-lab small";
    p.nv_memory = 12 * 1024;
    p.ram = 512;
    p.key_version = 0xFF;
    p.rule_queries_refused = 0x6981;
    return p;
}

personality t0(personality p) {
    p.name = "t0";
    p.about = "as jc305, but T=0, one channel, short APDUs, two attempts";
    p.historical = "tsms-lab t0";
    p.t0 = true;
    p.extended_length = false;
    p.channels = 1;
    p.attempts = 2;
    return p;
}

personality s16(personality p) {
    p.name = "s16";
    p.about = "as jc305 with SCP03 in S16 mode and AES-256";
    p.historical = "tsms-lab s16";
    p.scp03_i = 0x71;
    p.key_octets = 32;
    p.key_blocks = personality::key_block::with_length;
    return p;
}

personality mac_only(personality p) {
    p.name = "i00";
    p.about = "as jc305 with SCP03 i=00: random challenges, no R-MAC";
    p.historical = "tsms-lab i00";
    p.scp03_i = 0x00;
    return p;
}

personality euicc(personality p) {
    p.name = "euicc";
    p.about = "Java Card 3.1 eUICC: AES-256, UICC packages, key version 30, extended CAP files";
    p.isd = "A0000005591010FFFFFFFF8900000200";
    p.historical = "tsms-lab euicc";
    p.key_version = 0x30;
    p.key_octets = 32;
    p.extended_cap = true;
    p.packages = euicc_packages();
    return p;
}

personality blank(personality p) {
    p.name = "blank";
    p.about = "as jc305, but nobody has written a CPLC, IIN or CIN: every such card says the same of itself";
    p.historical = "tsms-lab blank";
    p.blank_cplc = true;
    p.iin = "";
    p.cin = "";
    return p;
}

personality odd(personality p) {
    p.name = "odd";
    p.about = "as jc305, but keys bare and not confirmed, R-MAC on errors, no sequence counter, 255 octets at most "
              "whatever it tells, and only what is selectable can be personalized";
    p.personalizes_installed = false;
    p.historical = "tsms-lab odd";
    p.key_blocks = personality::key_block::bare;
    p.confirms_keys = false;
    p.macs_errors = true;
    p.sends_counter = false;
    p.extended_length = false;
    p.told_longest = 0x7FFF;
    return p;
}

personality contactless(personality p) {
    p.name = "contactless";
    p.about = "as jc305, held to a phone by hand: it loses its power about once in 200 commands";
    p.historical = "tsms-lab nfc";
    p.contactless = true;
    p.faults = "tear-before@any:~400,tear-after@any:~400";
    return p;
}

personality numbers(personality p) {
    p.name = "numbers";
    p.about = "as jc305, but no CPLC: it is known by IIN and CIN";
    p.historical = "tsms-lab iin";
    p.tells_cplc = false;
    return p;
}

personality terse(personality p) {
    p.name = "terse";
    p.about = "as jc305, but CPLC without tag, commands of 128 octets (9F65), one entry in each GET STATUS";
    p.historical = "tsms-lab 128";
    p.cplc_has_tag = false;
    p.extended_length = false;
    p.longest_data = 128;
    p.one_entry_an_answer = true;
    return p;
}

personality no_ara(personality p) {
    p.name = "no-ara";
    p.about = "as jc305 without access rules: no ARA-M, no module of an ARA-C";
    p.historical = "tsms-lab --";
    p.ara_m = false;
    p.ara_c = false;
    return p;
}

personality factory(personality p) {
    p.name = "factory";
    p.about = "as jc305 with the keys of the factory (version FF), which stay beside those of PUT KEY";
    p.historical = "tsms-lab FF";
    p.key_version = 0xFF;
    p.factory_keys_stay = true;
    return p;
}

std::vector<personality> make_personalities() {
    const auto base = jc305();
    return {base,        jc304(base), small(base),       t0(base),      s16(base),   mac_only(base), euicc(base),
            blank(base), odd(base),   contactless(base), numbers(base), terse(base), no_ara(base),   factory(base)};
}

} // namespace

bytes personality::atr() const {
    const auto length = static_cast<std::uint8_t>(historical.size());
    if (t0) {
        bytes atr{0x3B, length};
        append(atr, as_bytes(historical));
        return atr;
    }
    // The first offered protocol is the only one: T=1, with room for 254 octets in a block and the waiting times 4 and
    // 5 (ISO/IEC 7816-3 8.2.3, 11.4). A reader of contactless cards writes 80 01 instead (PC/SC part 3, 3.1.3.2.3).
    bytes atr{0x3B, static_cast<std::uint8_t>(0x80 | length)};
    append(atr, contactless ? bytes{0x80, 0x01} : bytes{0x81, 0x31, 0xFE, 0x45});
    append(atr, as_bytes(historical));
    std::uint8_t check = 0;
    for (auto octet : bytes_view(atr).subspan(1))
        check ^= octet;
    atr.push_back(check);
    return atr;
}

bytes card_data(std::uint8_t scp03_i) {
    // Object identifiers below GlobalPlatform's 1.2.840.114283, written behind their common prefix.
    const auto oid = [](std::initializer_list<std::uint8_t> arcs) {
        auto value = hex("2A864886FC6B");
        append(value, bytes(arcs));
        return gp::encode_tlv(0x06, value);
    };
    auto data = oid({0x01});
    gp::append_tlv(data, 0x60, oid({0x02, 0x02, 0x03}));
    gp::append_tlv(data, 0x63, oid({0x03}));
    gp::append_tlv(data, 0x64, oid({0x04, 0x03, scp03_i}));
    return gp::encode_tlv(0x73, data);
}

const std::vector<personality>& personalities() {
    static const auto all = make_personalities();
    return all;
}

const personality* find_personality(std::string_view name) {
    const auto& all = personalities();
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& p) { return p.name == name; });
    return found == all.end() ? nullptr : &*found;
}

} // namespace tsms::lab
