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

std::vector<preloaded_package> euicc() {
    auto packages = platform(8, 7, false);
    // 3GPP TS 43.019: what toolkit applets for any SIM import.
    packages.push_back({"A0000000090003FFFFFFFF8910710001", 2, 6, {}, false}); // sim.access
    packages.push_back({"A0000000090003FFFFFFFF8910710002", 2, 6, {}, false}); // sim.toolkit
    packages.push_back({"A0000000090005FFFFFFFF8911000000", 1, 7, {}, false}); // uicc.access
    packages.push_back({"A0000000090005FFFFFFFF8912000000", 1, 7, {}, false}); // uicc.toolkit
    packages.push_back({"A0000000090005FFFFFFFF8913000000", 1, 7, {}, false}); // uicc.system
    return packages;
}

std::vector<personality> make_personalities() {
    std::vector<personality> all;

    personality jc305;
    jc305.name = default_personality;
    jc305.about = "Java Card 3.0.5, GlobalPlatform 2.3, T=1, AES-128";
    jc305.isd = "A000000151000000";
    jc305.historical = "tsms-lab 305";
    jc305.iin = "4950";
    jc305.cin = "4C4142";
    jc305.packages = platform(6, 6, false);
    all.push_back(jc305);

    auto jc304 = jc305;
    jc304.name = "jc304";
    jc304.about =
        "Java Card 3.0.4 without CSP: instances follow their load file, SDs need SET STATUS, API packages listed";
    jc304.isd = "A000000003000000";
    jc304.historical = "tsms-lab 304";
    jc304.key_version = 0x30;
    jc304.instance_follows_load_file = true;
    jc304.keys_personalize = false;
    jc304.missing_import = 0x6A80;
    jc304.extended_length = false;
    jc304.rule_queries_refused = 0x6A80;
    jc304.packages = platform(5, 5, true);
    all.push_back(jc304);

    auto small = jc305;
    small.name = "small";
    small.about = "as jc305 with 12 KiB for applications, as it came from the factory (key version FF)";
    small.historical = "tsms-lab small";
    small.nv_memory = 12 * 1024;
    small.ram = 512;
    small.key_version = 0xFF;
    small.rule_queries_refused = 0x6981;
    all.push_back(small);

    auto t0 = jc305;
    t0.name = "t0";
    t0.about = "as jc305, but T=0, one channel, short APDUs, two attempts";
    t0.historical = "tsms-lab t0";
    t0.t0 = true;
    t0.extended_length = false;
    t0.channels = 1;
    t0.attempts = 2;
    all.push_back(t0);

    auto s16 = jc305;
    s16.name = "s16";
    s16.about = "as jc305 with SCP03 in S16 mode and AES-256";
    s16.historical = "tsms-lab s16";
    s16.scp03_i = 0x71;
    s16.key_octets = 32;
    s16.key_blocks = personality::key_block::with_length;
    all.push_back(s16);

    auto mac_only = jc305;
    mac_only.name = "i00";
    mac_only.about = "as jc305 with SCP03 i=00: random challenges, no R-MAC";
    mac_only.historical = "tsms-lab i00";
    mac_only.scp03_i = 0x00;
    all.push_back(mac_only);

    auto esim = jc305;
    esim.name = "euicc";
    esim.about = "Java Card 3.1 eUICC: AES-256, UICC packages, key version 30, extended CAP files";
    esim.isd = "A0000005591010FFFFFFFF8900000200";
    esim.historical = "tsms-lab euicc";
    esim.key_version = 0x30;
    esim.key_octets = 32;
    esim.extended_cap = true;
    esim.packages = euicc();
    all.push_back(esim);

    auto blank = jc305;
    blank.name = "blank";
    blank.about = "as jc305, but nobody has written a CPLC, IIN or CIN: every such card says the same of itself";
    blank.historical = "tsms-lab blank";
    blank.blank_cplc = true;
    blank.iin = "";
    blank.cin = "";
    all.push_back(blank);

    auto odd = jc305;
    odd.name = "odd";
    odd.about =
        "as jc305, but keys bare and not confirmed, R-MAC on errors, no sequence counter, and 255 octets at most "
        "whatever it tells";
    odd.historical = "tsms-lab odd";
    odd.key_blocks = personality::key_block::bare;
    odd.confirms_keys = false;
    odd.macs_errors = true;
    odd.sends_counter = false;
    odd.extended_length = false;
    odd.told_longest = 0x7FFF;
    all.push_back(odd);

    auto contactless = jc305;
    contactless.name = "contactless";
    contactless.about = "as jc305, held to a phone by hand: it loses its power about once in 200 commands";
    contactless.historical = "tsms-lab nfc";
    contactless.contactless = true;
    contactless.faults = "tear-before@any:~400,tear-after@any:~400";
    all.push_back(contactless);

    auto numbers = jc305;
    numbers.name = "numbers";
    numbers.about = "as jc305, but no CPLC: it is known by IIN and CIN";
    numbers.historical = "tsms-lab iin";
    numbers.tells_cplc = false;
    all.push_back(numbers);

    auto terse = jc305;
    terse.name = "terse";
    terse.about = "as jc305, but CPLC without tag, commands of 128 octets (9F65), one entry in each GET STATUS";
    terse.historical = "tsms-lab 128";
    terse.cplc_has_tag = false;
    terse.extended_length = false;
    terse.longest_data = 128;
    terse.one_entry_an_answer = true;
    all.push_back(terse);

    auto no_ara = jc305;
    no_ara.name = "no-ara";
    no_ara.about = "as jc305 without access rules: no ARA-M, no module of an ARA-C";
    no_ara.historical = "tsms-lab --";
    no_ara.ara_m = false;
    no_ara.ara_c = false;
    all.push_back(no_ara);

    auto factory = jc305;
    factory.name = "factory";
    factory.about = "as jc305 with the keys of the factory (version FF), which stay beside those of PUT KEY";
    factory.historical = "tsms-lab FF";
    factory.key_version = 0xFF;
    factory.factory_keys_stay = true;
    all.push_back(factory);

    return all;
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
