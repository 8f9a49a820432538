// Commands as other people's hosts send them to the simulated card, written by hand from the specifications. What our
// own host sends is only one form of many. Where a public tool is known for a form it is named: GlobalPlatformPro,
// gpshell, pySim.

#include "lab/cap_writer.hpp"
#include "tests/lab_reader.hpp"
#include "tests/unit/lab_some_card.hpp"

using namespace tsms;
using namespace tsms::lab_test;

namespace {

constexpr auto service_sd = "A000000151AA02";

struct foreign_card : some_card {
    using some_card::some_card;

    std::uint16_t load_applet(std::string_view package_aid, std::string_view applet_aid) {
        lab::cap_request r;
        r.package = hex(package_aid);
        r.applets = {hex(applet_aid)};
        const auto sw = h.install(0x02, {package_aid, "", "", "", ""});
        return sw == 0x9000 ? h.load(lab::load_file_block(r)) : sw;
    }
    /// A key as PUT KEY takes it: 88, what `form` makes of the encrypted key, and its check value.
    bytes key(const crypto::secret& value, bool with_length) {
        auto padded = to_bytes(value.view());
        padded.resize((padded.size() + 15) / 16 * 16);
        auto block = with_length ? bytes{static_cast<std::uint8_t>(value.size())} : bytes{};
        append(block, crypto::aes_cbc(h.dek).encrypt({}, padded));
        bytes out{0x88};
        gp::append_lv(out, block);
        gp::append_lv(out, lab::key_check_value(value));
        return out;
    }
    bytes key_set(std::uint8_t version, const lab::static_keys& keys, bool with_length) {
        bytes out{version};
        for (const auto* k : {&keys.enc, &keys.mac, &keys.dek})
            append(out, key(*k, with_length));
        return out;
    }
    std::string listed_keys() {
        BOOST_TEST(h.plain("80CA00E000") == 0x9000);
        return to_hex(h.data);
    }
};

constexpr auto greeting = "80500000085A5A5A5A5A5A5A5A";

} // namespace

BOOST_AUTO_TEST_SUITE(lab_foreign_hosts)

// ISO/IEC 7816-3 12.2, ETSI TS 102 221 7.3.1.1.4. pySim and Java's smart card API repeat the class of the command,
// gpshell writes 00.
BOOST_AUTO_TEST_CASE(get_response_has_the_class_of_the_command_or_none) {
    foreign_card f("t0");
    for (const auto* cla : {"00", "80", "84", "04"}) {
        BOOST_TEST(f.h.plain(greeting) == 0x6120);
        BOOST_TEST(f.h.plain(cla + std::string("C0000020")) == 0x9000, cla);
        BOOST_TEST(f.h.data.size() == 32u);
        BOOST_TEST(f.h.plain(cla + std::string("C0000020")) == 0x6985, cla); // fetched is fetched
    }
    // Another logical channel, reserved classes, and what GET RESPONSE has no parameters for.
    for (const auto& [refused, sw] : {std::pair("01C0000020", 0x6881),
                                      {"83C0000020", 0x6881},
                                      {"C0C0000020", 0x6881},
                                      {"A0C0000020", 0x6E00},
                                      {"20C0000020", 0x6E00},
                                      {"FFC0000020", 0x6E00},
                                      {"80C0010020", 0x6A86},
                                      {"80C0000120", 0x6A86}}) {
        BOOST_TEST(f.h.plain(greeting) == 0x6120);
        BOOST_TEST(f.h.plain(refused) == sw, refused);
    }
    // None of these has taken the response away, and any other command does.
    BOOST_TEST(f.h.plain("80C0000020") == 0x9000);
    BOOST_TEST(f.h.plain(greeting) == 0x6120);
    BOOST_TEST(f.h.plain("80CA00660D") == 0x6C32);
    BOOST_TEST(f.h.plain("80C0000020") == 0x6985);
}

BOOST_AUTO_TEST_CASE(a_response_waits_on_its_own_channel) {
    auto p = *lab::find_personality("t0");
    p.channels = 3;
    counting_random random;
    auto card = lab::card::create(p, random);
    host h(card);
    // 6C01 says what to ask for; the command is carried out once (ISO/IEC 7816-3 12.2, case 2S.3).
    BOOST_TEST(h.plain("0070000000") == 0x6C01);
    BOOST_TEST(h.plain("0070000001") == 0x9000);
    BOOST_TEST(to_hex(h.data) == "01");
    BOOST_TEST(h.plain("0070000001") == 0x9000);
    BOOST_TEST(to_hex(h.data) == "02");
    BOOST_TEST(h.plain("81500000085A5A5A5A5A5A5A5A") == 0x6120);
    BOOST_TEST(h.plain("80C0000020") == 0x6985);
    BOOST_TEST(h.plain("85C0000020") == 0x9000);
    // A command that is to be repeated waits on its own channel, too: channel 1 is closed, and gets no answer of 0.
    BOOST_TEST(h.plain("0070800100") == 0x9000);
    BOOST_TEST(h.plain("80CA006600") == 0x6C32);
    BOOST_TEST(gp::parse_response(card.transmit(hex("80CA006632"), 1)).value().sw == 0x6881);
    BOOST_TEST(h.plain("80CA006600") == 0x6C32);
    BOOST_TEST(h.plain("80CA006632") == 0x9000);
}

BOOST_AUTO_TEST_CASE(classes_are_refused_for_what_is_wrong_with_them) {
    foreign_card f;
    for (const auto& [command, sw] : {std::pair("90CA006600", 0x6884), // chaining (ISO/IEC 7816-4 5.3.3)
                                      {"88CA006600", 0x6882},          // secure messaging of ISO/IEC 7816-4
                                      {"8CCA006600", 0x6882},
                                      {"C0CA006600", 0x6881}, // channel 4
                                      {"E0CA006600", 0x6881}, // the same, with secure messaging
                                      {"D0CA006600", 0x6881},
                                      {"A0CA006600", 0x6E00}, // reserved; GSM 11.11
                                      {"FFCA006600", 0x6E00},
                                      {"00CA006600", 0x9000}}) // GPCS 11.3.2: interindustry as well
        BOOST_TEST(f.h.plain(command) == sw, command);
}

// ISO/IEC 7816-3 8.2.3: TD1 has the protocol that is offered first.
BOOST_AUTO_TEST_CASE(the_atr_offers_what_the_card_speaks) {
    for (const auto& p : lab::personalities()) {
        BOOST_TEST_CONTEXT(p.name) {
            const auto atr = p.atr();
            BOOST_TEST(atr[0] == 0x3B);
            BOOST_TEST((atr[1] & 0x0F) == static_cast<int>(p.historical.size()));
            if (p.t0) {
                BOOST_TEST((atr[1] & 0xF0) == 0x00); // no TD1: T=0 and nothing else, and no TCK
                continue;
            }
            std::uint8_t check = 0;
            for (const auto octet : bytes_view(atr).subspan(1))
                check ^= octet;
            BOOST_TEST(check == 0);
            BOOST_TEST((atr[1] & 0xF0) == 0x80);
            if (p.name == "contactless") // PC/SC part 3, 3.1.3.2.3
                BOOST_TEST(to_hex(bytes_view(atr).first(4)) == "3B8C8001");
            else
                BOOST_TEST((atr[2] & 0x0F) == 0x01);
        }
    }
    BOOST_TEST(to_hex(lab::find_personality("jc305")->atr()) == "3B8C8131FE4574736D732D6C616220333035CA");
}

BOOST_AUTO_TEST_CASE(put_key_takes_the_cryptogram_with_and_without_length) {
    for (const std::size_t octets : {16, 32})
        for (const bool with_length : {true, false})
            BOOST_TEST_CONTEXT(octets << (with_length ? " with length" : " bare")) {
                // gpshell and pySim: 88 10 …; GlobalPlatformPro and ours: 88 11 10 ….
                foreign_card f;
                f.open_isd();
                const auto keys = lab_test::test_keys(0x40, octets);
                const auto data = f.key_set(0x30, keys, with_length);
                BOOST_TEST(to_hex(bytes_view(data).first(3)) == (octets == 16  ? with_length ? "308811" : "308810"
                                                                 : with_length ? "308821"
                                                                               : "308820"));
                BOOST_TEST(f.h.secured(0xD8, 0x00, 0x81, data) == 0x9000);
                bytes expected{0x30};
                for (const auto* k : {&keys.enc, &keys.mac, &keys.dek})
                    append(expected, lab::key_check_value(*k));
                BOOST_TEST(to_hex(f.h.data) == to_hex(expected));
                BOOST_REQUIRE(f.h.plain("00A4040000") == 0x9000);
                BOOST_TEST(f.h.open(keys, 0x33, 0x30) == 0x9000);
            }
    // A key of 192 bits fills no whole blocks: only its length tells where it ends.
    foreign_card f;
    f.open_isd();
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x81, f.key_set(0x30, lab_test::test_keys(0x40, 24), true)) == 0x9000);
}

BOOST_AUTO_TEST_CASE(a_card_may_take_one_form_of_keys_only) {
    for (const bool bare : {true, false}) {
        auto p = *lab::find_personality("jc305");
        p.key_blocks = bare ? lab::personality::key_block::bare : lab::personality::key_block::with_length;
        counting_random random;
        foreign_card f;
        f.card = lab::card::create(p, random);
        f.open_isd();
        BOOST_TEST(f.h.secured(0xD8, 0x00, 0x81, f.key_set(0x30, lab_test::test_keys(0x40), bare)) == 0x6A80);
        BOOST_TEST(f.h.secured(0xD8, 0x00, 0x81, f.key_set(0x30, lab_test::test_keys(0x40), !bare)) == 0x9000);
    }
}

// GPCS 11.8.2.2: P2 without bit 80 is one key.
BOOST_AUTO_TEST_CASE(single_keys_can_be_put_and_replaced) {
    foreign_card f;
    f.open_isd();
    const auto one = [&](std::uint8_t version, std::uint8_t octet, std::size_t octets = 16) {
        bytes data{version};
        append(data, f.key(crypto::secret(bytes(octets, octet)), false));
        return data;
    };
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x01, one(0x40, 0x11)) == 0x9000);
    BOOST_TEST(f.h.data.size() == 4u);                                    // version and one check value
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x01, one(0x40, 0x12)) == 0x6A80); // it is there
    BOOST_TEST(f.h.secured(0xD8, 0x40, 0x02, one(0x40, 0x12)) == 0x6A88); // nothing to replace
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x02, one(0x40, 0x12)) == 0x9000);
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x03, one(0x40, 0x13, 32)) == 0x6A80); // of another length
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x03, one(0x40, 0x13)) == 0x9000);
    BOOST_TEST(f.h.secured(0xD8, 0x40, 0x03, one(0x40, 0x14)) == 0x9000);
    BOOST_TEST(f.h.secured(0xD8, 0x40, 0x01, one(0x41, 0x11)) == 0x9000); // to a version of its own
    auto two = one(0x42, 0x11);
    append(two, bytes_view(one(0x42, 0x12)).subspan(1));
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x01, two) == 0x6A80);
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0xFF, two) == 0x6A80); // identifiers end with 7F
    BOOST_TEST(f.h.secured(0xD8, 0x80, 0x81, two) == 0x6A86);
    BOOST_REQUIRE(f.h.plain("00A4040000") == 0x9000);
    BOOST_TEST(f.listed_keys() == "E024C00401018810C00402018810C00403018810"
                                  "C00402408810C00403408810C00401418810");
    BOOST_TEST(f.h.plain("80504000085A5A5A5A5A5A5A5A00") == 0x6A88); // no whole set
    // DELETE [key]: D0 and D2, D2 alone, D0 alone (GPCS 11.2.2.3.2).
    f.open_isd();
    BOOST_TEST(f.h.secured("80E4000003D0010400") == 0x6A88);
    BOOST_TEST(f.h.secured("80E4000006D00102D2014000") == 0x9000);
    BOOST_TEST(f.h.secured("80E4000006D20140D0010300") == 0x9000); // in any order
    BOOST_TEST(f.h.secured("80E4000003D0010100") == 0x9000);       // of the ISD's set as well, of which two are left
    BOOST_TEST(f.h.secured("80E4000003D2010100") == 0x6985);       // the last ones stay
    BOOST_TEST(f.h.secured("80E4000003D2014100") == 0x6A88);       // it went with D0 01
    // A domain is PERSONALIZED once it has keys that open a channel (GPCS 5.3.2), and not with one of three.
    foreign_card g;
    g.open_isd();
    BOOST_REQUIRE(g.create_sd() == 0x9000);
    const auto& domain = *g.card.state().registry.find_application(hex(tsm_sd));
    const auto state = [&] { return static_cast<int>(domain.state); };
    BOOST_REQUIRE(g.h.plain("00A4040007" + std::string(tsm_sd)) == 0x9000);
    BOOST_REQUIRE(g.h.open(isd_keys(g.card), 0x33) == 0x9000); // of the domain above
    for (const std::uint8_t id : {1, 2, 3}) {
        BOOST_TEST(state() == 0x07);
        bytes data{0x40};
        append(data, g.key(crypto::secret(bytes(16, id)), false));
        BOOST_TEST(g.h.secured(0xD8, 0x00, id, data) == 0x9000);
    }
    BOOST_TEST(state() == 0x0F);
}

// GPCS 11.8.3.2.
BOOST_AUTO_TEST_CASE(put_key_says_what_is_wrong_with_a_key) {
    foreign_card f;
    f.open_isd();
    auto wrong = f.key_set(0x30, lab_test::test_keys(0x40), false);
    wrong.back() ^= 1;
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x81, wrong) == 0x9485);
    for (const auto type : {0x80, 0x85, 0xA1, 0xB0, 0xFF}) {
        auto other = f.key_set(0x30, lab_test::test_keys(0x40), false);
        other[1] = static_cast<std::uint8_t>(type);
        BOOST_TEST(f.h.secured(0xD8, 0x00, 0x81, other) == 0x9484, type);
    }
    // pySim's --suppress-key-check.
    auto unchecked = bytes{0x30, 0x88, 0x10};
    append(unchecked, crypto::aes_cbc(f.h.dek).encrypt({}, bytes(16, 0x11)));
    unchecked.push_back(0x00);
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x01, unchecked) == 0x9000);
}

BOOST_AUTO_TEST_CASE(factory_keys_go_with_the_first_own_ones_or_stay) {
    for (const auto& [name, stay] : {std::pair("small", false), {"factory", true}}) {
        foreign_card f(name);
        f.open_isd();
        BOOST_TEST(f.h.secured(0xD8, 0x00, 0x01, f.key_set(0x30, lab_test::test_keys(0x40), true)) == 0x6A80);
        BOOST_TEST(f.h.secured(0xD8, 0x00, 0x81, f.key_set(0x30, lab_test::test_keys(0x40), true)) == 0x9000);
        BOOST_REQUIRE(f.h.plain("00A4040000") == 0x9000);
        BOOST_TEST(f.h.plain("8050FF00085A5A5A5A5A5A5A5A00") == (stay ? 0x9000 : 0x6A88), name);
        BOOST_TEST(f.h.open(lab_test::test_keys(0x40), 0x33, 0x30) == 0x9000);
    }
    // One key alone opens no channel, so the factory's stay.
    foreign_card f("small");
    f.open_isd();
    bytes data{0x30};
    append(data, f.key(crypto::secret(bytes(16, 0x11)), true));
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x01, data) == 0x9000);
    f.open_isd();
}

BOOST_AUTO_TEST_CASE(a_domain_without_keys_lists_none) {
    foreign_card f;
    f.open_isd();
    BOOST_REQUIRE(f.create_sd() == 0x9000);
    BOOST_REQUIRE(f.h.select(tsm_sd) == 0x9000);
    BOOST_TEST(f.listed_keys() == "E000");
    BOOST_TEST(f.h.plain("80CA00C100") == 0x6A88); // and no counter
}

// GPCS 11.3.2.1 and H.4; the answers are those that hosts take apart.
BOOST_AUTO_TEST_CASE(a_card_tells_its_capabilities_counters_and_level) {
    foreign_card f;
    BOOST_TEST(f.h.plain("80CA006700") == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "671E"
                                   "A00E800103"
                                   "8106001020306070"
                                   "820107"
                                   "81039EDE00" // without Token Verification and Receipt Generation

                                   "8203060000"
                                   "83020102");
    BOOST_TEST(f.h.plain("80CA00C200") == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "C2020000");
    BOOST_TEST(f.h.plain("80CA00D300") == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "D30100");
    f.open_isd();
    BOOST_TEST(f.h.secured("80CA00D300") == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "D30133");
    // A domain that may not issue receipts counts none; its own "i" is in its data.
    BOOST_REQUIRE(f.h.install(0x0C, {sd_package, sd_module, tsm_sd, "804000", "C90A81020310820120870120", ""}) ==
                  0x9000);
    BOOST_REQUIRE(f.h.select(tsm_sd) == 0x9000);
    BOOST_TEST(f.h.plain("80CA00C200") == 0x6A88);
    BOOST_TEST(f.h.plain("80CA006600") == 0x9000);
    BOOST_TEST(to_hex(*gp::find_path(f.h.data, {0x66, 0x73, 0x64, 0x06})) == "2A864886FC6B040310");
    // R-ENC without R-MAC is no "i" (Amendment D, table 5-1).
    f.open_isd();
    BOOST_TEST(f.h.install(0x0C, {sd_package, sd_module, service_sd, "800000", "C90481020340", ""}) == 0x6A80);
}

// GlobalPlatformPro's --rename-isd (P1=90).
BOOST_AUTO_TEST_CASE(the_isd_can_be_given_another_aid) {
    foreign_card f;
    f.open_isd();
    BOOST_REQUIRE(f.create_sd() == 0x9000);
    BOOST_TEST(f.h.secured("80E29000094F07A000000151AA0100") == 0x6985); // taken
    BOOST_TEST(f.h.secured("80E29000064F04A000000100") == 0x6A80);       // no AID
    BOOST_TEST(f.h.secured("80E290000A4F08D27600016801010100") == 0x9000);
    BOOST_TEST(f.h.secured("80F28002024F0000") == 0x9000); // the session goes on
    BOOST_TEST(to_hex(*gp::find_path(f.h.data, {0xE3, 0x4F})) == "D276000168010101");
    BOOST_TEST(to_hex(*gp::find_path(f.h.data, {0xE3, 0xCC})) == "D276000168010101");
    BOOST_TEST(f.h.erase(tsm_sd) == 0x9000); // still below it
    BOOST_TEST(f.h.select("A000000151000000") == 0x6A82);
    f.open_isd(); // the pseudo-random challenge has the new AID in it
    BOOST_TEST(f.h.plain("00A4040000") == 0x9000);
    BOOST_TEST(to_hex(*gp::find_path(f.h.data, {0x6F, 0x84})) == "D276000168010101");
    // Only the ISD has it.
    f.open_isd();
    BOOST_REQUIRE(f.create_sd() == 0x9000);
    BOOST_REQUIRE(f.h.install(0x20, {"", "", tsm_sd, "", "", ""}) == 0x9000);
    BOOST_TEST(f.h.secured("80E290000A4F08D27600016801010200") == 0x6A80);
}

// GlobalPlatformPro's --set-pre-perso and --set-perso (P1=80: no word of the format).
BOOST_AUTO_TEST_CASE(the_cplc_is_completed_when_a_card_is_issued) {
    for (const auto* p1 : {"80", "88", "90"}) {
        foreign_card f;
        const auto before = f.card.state().cplc;
        f.open_isd();
        BOOST_TEST(f.h.secured("80E2" + std::string(p1) + "000B9F6708112233445566778800") == 0x9000);
        BOOST_TEST(f.h.secured("80E2" + std::string(p1) +
                               "000B9F66080102030405060708"
                               "00") == 0x9000);
        BOOST_TEST(f.h.secured("80E2" + std::string(p1) +
                               "000A9F670711223344556677"
                               "00") == 0x6A80);
        BOOST_TEST(f.h.plain("00A4040000") == 0x9000);
        BOOST_TEST(f.h.plain("80CA9F7F00") == 0x9000);
        BOOST_TEST(to_hex(f.h.data) ==
                   "9F7F2A" + to_hex(bytes_view(before).first(26)) + "11223344556677880102030405060708");
        f.open_isd(); // the lab's issuer derives the same keys as before
    }
}

BOOST_AUTO_TEST_CASE(data_objects_come_in_every_format) {
    foreign_card f;
    f.open_isd();
    BOOST_TEST(f.h.secured("80E2900008"
                           "42064950AABBCCDD"
                           "00") == 0x9000); // BER-TLV
    BOOST_TEST(f.h.secured("80E2800005"
                           "4503414243"
                           "00") == 0x9000); // no format, BER-TLV
    BOOST_TEST(f.h.secured("80E2880008"
                           "007005"
                           "5F500278"
                           "79"
                           "00") == 0x9000); // DGI 0070
    BOOST_TEST(f.h.secured("80E2880005"
                           "5F2002"
                           "0102"
                           "00") == 0x9000); // the tag as a DGI
    BOOST_TEST(f.h.secured("80E2900005"
                           "DF01020102"
                           "00") == 0x6A80);
    BOOST_TEST(f.h.secured("80E2980005"
                           "4503414243"
                           "00") == 0x6A86); // reserved
    for (const auto& [tag, value] : {std::pair("0042", "42064950AABBCCDD"),
                                     {"0045", "4503414243"},
                                     {"5F50", "5F50027879"},
                                     {"5F20", "5F20020102"}}) {
        BOOST_TEST(f.h.secured("80CA" + std::string(tag) + "00") == 0x9000);
        BOOST_TEST(to_hex(f.h.data) == value);
    }
}

// GlobalPlatformPro's --make-default: INSTALL [for make selectable] of an application that is selectable already.
BOOST_AUTO_TEST_CASE(an_application_is_made_the_default_one) {
    constexpr auto make_default = "80E6080010"
                                  "0000"
                                  "07D2760001680101"
                                  "03040000"
                                  "0000"
                                  "00";
    constexpr auto other_default = "80E6080010"
                                   "0000"
                                   "07D2760001690101"
                                   "03040000"
                                   "0000"
                                   "00";
    foreign_card f;
    f.open_isd();
    BOOST_REQUIRE(f.load_applet(package, applet) == 0x9000);
    BOOST_REQUIRE(f.load_applet("D27600016901", "D2760001690101") == 0x9000);
    BOOST_REQUIRE(f.h.install(0x0C, {package, applet, applet, "000000", "C900", ""}) == 0x9000);
    BOOST_REQUIRE(f.h.install(0x0C, {"D27600016901", "D2760001690101", "D2760001690101", "00", "C900", ""}) == 0x9000);
    BOOST_TEST(f.h.install(0x08, {"", "", applet, "000000", "", ""}) == 0x6985); // it is selectable, and no more
    BOOST_TEST(f.h.secured(make_default) == 0x9000);
    BOOST_TEST(f.h.secured("80F240020E"
                           "4F07D2760001680101"
                           "5C039F70C5"
                           "00") == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "E309"
                                   "9F700107"
                                   "C503040000");
    BOOST_TEST(f.h.secured("80F28002074F005C039F70C500") == 0x9000); // which the ISD is no more
    BOOST_TEST(to_hex(f.h.data) == "E309"
                                   "9F70010F"
                                   "C5039AFE80");
    BOOST_TEST(f.h.secured(other_default) == 0x6985); // one at a time
    BOOST_TEST(f.h.install(0x40, {"", "", "D2760001690101", "040000", "", ""}) == 0x6985);
    f.card.reset();
    BOOST_TEST(f.h.plain("0010000000") == 0x9000); // no Security Domain answers so
    // Revoked, another one may have it; deleted, the ISD has it again.
    f.open_isd();
    BOOST_TEST(f.h.install(0x40, {"", "", applet, "000000", "", ""}) == 0x9000);
    BOOST_TEST(f.h.secured(other_default) == 0x9000);
    BOOST_TEST(f.h.erase("D2760001690101") == 0x9000);
    BOOST_TEST(f.h.secured("80F28002074F005C039F70C500") == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "E309"
                                   "9F70010F"
                                   "C5039EFE80");
    f.card.reset();
    BOOST_TEST(f.h.plain("0010000000") == 0x6D00);
}

BOOST_AUTO_TEST_CASE(a_card_may_have_no_access_rules) {
    foreign_card f("no-ara");
    BOOST_TEST(f.h.select("A00000015141434C00") == 0x6A82);
    f.open_isd();
    BOOST_TEST(f.h.secured("80F24002024F0000") == 0x6A88); // no application at all
    BOOST_TEST(f.h.install(0x20, {"", "", "A00000015141434C00", "", "", ""}) == 0x6A88);
}

// 3GPP TS 43.019: what a toolkit applet for any SIM imports, and javacard.framework 1.2.
BOOST_AUTO_TEST_CASE(an_euicc_takes_sim_toolkit_applets) {
    foreign_card f("euicc");
    BOOST_REQUIRE(f.h.plain("00A4040000") == 0x9000);
    BOOST_REQUIRE(f.h.open(isd_keys(f.card)) == 0x9000);
    for (const auto* imported : {"A0000000090003FFFFFFFF8910710001", "A0000000090003FFFFFFFF8910710002"})
        for (const std::uint8_t minor : {0, 6})
            BOOST_TEST(f.card.state().registry.provides({hex(imported), 2, minor}), imported);
    BOOST_TEST(!f.card.state().registry.provides({hex("A0000000090003FFFFFFFF8910710002"), 3, 0}));
}

// ISO/IEC 7816-4 11.1.2 and 11.2.2.
BOOST_AUTO_TEST_CASE(select_and_manage_channel_have_more_than_one_form) {
    foreign_card f;
    BOOST_TEST(f.h.plain("00A4040C08A000000151000000") == 0x9000); // no response data
    BOOST_TEST(f.h.data.empty());
    BOOST_TEST(f.h.plain("00A40400") == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "6F108408A000000151000000A5049F6501FF");
    BOOST_TEST(f.h.plain("00A40400000000") == 0x9000); // extended Le
    BOOST_TEST(f.h.plain("0070000001") == 0x9000);
    BOOST_TEST(f.h.plain("01708000") == 0x9000); // the channel of CLA
    BOOST_TEST(f.h.plain("01CA006600") == 0x6881);
    BOOST_TEST(f.h.plain("00708000") == 0x6881); // the basic channel stays
}

BOOST_AUTO_TEST_CASE(a_card_may_tell_less_and_take_less) {
    foreign_card untagged("terse");
    BOOST_TEST(untagged.h.plain("00A4040000") == 0x9000);
    BOOST_TEST(to_hex(*gp::find_path(untagged.h.data, {0x6F, 0xA5, 0x9F65})) == "80");
    BOOST_TEST(untagged.h.plain("80CA9F7F00") == 0x9000);
    BOOST_TEST(to_hex(untagged.h.data) == to_hex(untagged.card.state().cplc));
    BOOST_TEST(untagged.h.plain("80E2800080" + std::string(256, '0')) == 0x6982);
    BOOST_TEST(untagged.h.plain("80E2800081" + std::string(258, '0')) == 0x6700);
    untagged.open_isd();
    BOOST_REQUIRE(untagged.create_sd() == 0x9000);
    BOOST_TEST(untagged.h.secured("80F24002024F0000") == 0x6310);
    BOOST_TEST(untagged.h.secured("80F24003024F0000") == 0x9000);

    foreign_card numbers("numbers");
    BOOST_TEST(numbers.h.plain("80CA9F7F00") == 0x6A88);
    BOOST_TEST(numbers.h.plain("80CA004500") == 0x9000);
    numbers.open_isd();
}

BOOST_AUTO_TEST_SUITE_END()
