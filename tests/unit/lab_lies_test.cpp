// A card that lies in its answers, under a valid R-MAC.

#include "tests/unit/lab_some_card.hpp"

using namespace tsms;
using namespace tsms::lab_test;

namespace {

constexpr auto list_applications = "80F24002094F005C054F9F70C5CC00";
constexpr auto ara_m = "A00000015141434C00";
constexpr auto other = "A000000151AA02";

const std::string tsm_entry = "E31C4F07A000000151AA019F700107C503804000CC08A000000151000000";
const std::string other_entry = "E31C4F07A000000151AA029F700107C503800000CC08A000000151000000";

/// Two security domains; the host checks every R-MAC.
struct liar : some_card {
    liar() {
        open_isd();
        BOOST_REQUIRE(create_sd() == 0x9000);
        BOOST_REQUIRE(create_sd(other, "800000") == 0x9000);
    }
    void inject(std::string_view spec) { card.inject(lab::fault_plan::parse(spec, random)); }
    std::string told(std::string_view command) {
        BOOST_TEST(h.secured(command) == 0x9000);
        return to_hex(h.data);
    }
    /// Without the ARA-M, which is the first.
    std::string listing() {
        const auto all = told(list_applications);
        const auto first = all.find("A000000151AA0");
        return first == all.npos ? "" : all.substr(first - 8);
    }
    std::string plain(std::string_view command) {
        BOOST_TEST(h.plain(command) == 0x9000);
        return to_hex(h.data);
    }
    std::uint16_t store(std::string_view command) {
        BOOST_REQUIRE(h.install(0x20, {"", "", ara_m, "", "", ""}) == 0x9000);
        return h.store(hex(command), 0x11);
    }
};

std::string why_refused(std::string_view spec) {
    lab_test::counting_random random;
    try {
        lab::fault_plan::parse(spec, random);
    } catch (const lab::fault_error& e) {
        return e.what();
    }
    return {};
}

} // namespace

BOOST_AUTO_TEST_SUITE(lab_lies)

BOOST_AUTO_TEST_CASE(an_entry_of_the_registry_is_another_or_missing) {
    liar f;
    BOOST_TEST(f.listing() == tsm_entry + other_entry);
    f.inject("lie9F70=0F/A000000151AA02@get-status:1,lieC5=9EFE80/A000000151AA01@get-status:2,"
             "lieCC=A000000151AA01/A000000151AA02@get-status:3,lie4F=D276000001/A000000151AA02@get-status:4,"
             "hideE3/A000000151AA01@get-status:5,hideC5@get-status:6");
    BOOST_TEST(f.listing() == tsm_entry + "E31C4F07A000000151AA029F70010FC503800000CC08A000000151000000");
    BOOST_TEST(f.listing() == "E31C4F07A000000151AA019F700107C5039EFE80CC08A000000151000000" + other_entry);
    BOOST_TEST(f.listing() == tsm_entry + "E31B4F07A000000151AA029F700107C503800000CC07A000000151AA01");
    BOOST_TEST(f.listing() == tsm_entry + "E31A4F05D2760000019F700107C503800000CC08A000000151000000");
    BOOST_TEST(f.listing() == other_entry);
    BOOST_TEST(f.listing().find("C503") == std::string::npos);
    BOOST_TEST(f.listing() == tsm_entry + other_entry); // the channel goes on, and the card is what it was
}

BOOST_AUTO_TEST_CASE(a_listing_without_entries_is_that_of_an_empty_card) {
    liar f;
    f.inject("hideE3@get-status:1,hideE3/A000000151AA01@get-status:2");
    BOOST_TEST(f.h.secured(list_applications) == 0x6A88);
    BOOST_TEST(f.h.secured("80F24002094F07A000000151AA0100") == 0x6A88);
    BOOST_TEST(f.knows(tsm_sd));
}

BOOST_AUTO_TEST_CASE(without_a_position_a_lie_is_told_every_time) {
    liar f;
    f.inject("hideE3/A000000151AA01@get-status");
    for (int n = 0; n < 3; ++n)
        BOOST_TEST(f.listing() == other_entry);
    f.inject("hideE3/D276000001@get-status"); // nobody's
    BOOST_TEST(f.listing() == tsm_entry + other_entry);
}

BOOST_AUTO_TEST_CASE(the_card_is_another_one) {
    liar f;
    f.inject("lie9F7F=00112233@get-data:1,lieC0=013188100231881003318810@get-data:2,hideC0@get-data:3");
    BOOST_TEST(f.told("80CA9F7F00") == "9F7F0400112233");
    BOOST_TEST(f.told("80CA00E000").starts_with("E02AC00C013188100231881003318810"));
    BOOST_TEST(f.told("80CA00E000") == "E000");
    f.inject("lie84=D276000001@select,patch10=31@initialize-update:1,patch12=00@initialize-update:2");
    BOOST_TEST(f.plain("00A4040000") == "6F0D8405D276000001A5049F6501FF");
    BOOST_TEST(f.plain("80500000085A5A5A5A5A5A5A5A00").substr(20, 6) == "310370");
    BOOST_TEST(f.plain("80500000085A5A5A5A5A5A5A5A00").substr(20, 6) == "010300");
    BOOST_TEST(f.plain("80500000085A5A5A5A5A5A5A5A00").substr(20, 6) == "010370");
}

BOOST_AUTO_TEST_CASE(other_check_values_and_other_rules) {
    liar f;
    const auto keys = lab_test::test_keys(0x70);
    bytes command{0x02};
    for (const auto* key : {&keys.enc, &keys.mac, &keys.dek}) {
        append(command, hex("881110"));
        append(command, crypto::aes_cbc(f.h.dek).encrypt({}, key->view()));
        gp::append_lv(command, {});
    }
    f.inject("patch1=000000@put-key,lieD0=00@store-data:3,hideE2/D2760001680101@store-data:4,lieFF40=@store-data:5");
    BOOST_TEST(f.h.secured(0xD8, 0x00, 0x81, command) == 0x9000);
    BOOST_TEST(to_hex(f.h.data).substr(0, 8) == "02000000");
    BOOST_TEST(to_hex(f.h.data).substr(8, 6) == to_hex(lab::key_check_value(keys.mac)));
    BOOST_TEST(f.card.state().registry.isd().sd->key_sets.size() == 2u);

    const std::string first = "E226E11F4F07D2760001680101C1140102030405060708090A0B0C0D0E0F1011121314E303D00101";
    const std::string second = "E226E11F4F07D2760001680102C1140102030405060708090A0B0C0D0E0F1011121314E303D00101";
    BOOST_TEST(f.store("F028" + first) == 0x9000);
    BOOST_TEST(f.store("F028" + second) == 0x9000);
    const std::pair<const char*, std::string> asked[] = {
        {"never", "FF4050" + first.substr(0, first.size() - 1) + "0" + second.substr(0, second.size() - 1) + "0"},
        {"one of two", "FF4028" + second},
        {"none", "FF4000"},
        {"the truth", "FF4050" + first + second},
    };
    for (const auto& [what, answer] : asked) {
        BOOST_TEST(f.store("F400") == 0x9000, what);
        BOOST_TEST(to_hex(f.h.data) == answer, what);
    }
}

BOOST_AUTO_TEST_CASE(a_stale_card_tells_what_it_was) {
    liar f;
    const auto keys = f.told("80CA00E000");
    f.inject("stale@get-status,stale@get-data:1");
    BOOST_TEST(f.h.erase(other) == 0x9000);
    BOOST_TEST(f.create_sd("A000000151AA03") == 0x9000);
    BOOST_TEST(f.h.store(f.h.key_groups(lab_test::test_keys(0x40), 0x30)) == 0x9000);
    BOOST_TEST(f.listing() == tsm_entry + other_entry);
    BOOST_TEST(f.told("80CA00E000") == keys);
    BOOST_TEST((f.told("80CA00E000") != keys));
    BOOST_TEST(!f.knows(other));
    f.inject("none");
    BOOST_TEST(f.listing() == tsm_entry + "E31C4F07A000000151AA039F700107C503804000CC08A000000151000000");
    // Who was not there can be told nothing.
    f.inject("stale@get-status");
    BOOST_TEST(f.create_sd("A000000151AA04") == 0x9000);
    BOOST_TEST(f.give_keys("A000000151AA04", lab_test::test_keys(0x60), 0x30) == 0x9000);
    BOOST_TEST(f.h.select("A000000151AA04") == 0x9000);
    BOOST_TEST(f.h.open(lab_test::test_keys(0x60), 0x33, 0x30) == 0x9000);
    BOOST_TEST(f.h.secured(list_applications) == 0x6A88);
}

BOOST_AUTO_TEST_CASE(lies_are_strict_and_of_the_cards_own) {
    const std::pair<const char*, const char*> bad[] = {
        {"lie@get-status", "TAG=HEX"},
        {"lie9F70@get-status", "TAG=HEX"},
        {"lie9F=07@get-status", "TAG=HEX"},
        {"lie9F70=0@get-status", "TAG=HEX"},
        {"lie9F70=07/AA@get-status", "TAG=HEX"},
        {"hide@get-status", "TAG or"},
        {"hideE3=00@get-status", "TAG or"},
        {"patch=00@put-key", "OFFSET"},
        {"patch1@put-key", "OFFSET"},
        {"patch1=@put-key", "OFFSET"},
        {"patch256=00@put-key", "OFFSET"},
        {"patch1=00/A000000151AA01@put-key", "OFFSET"},
        {"stale@delete", "does not read"},
        {"stale@select", "does not read"},
        {"stale1@get-status", "no action"},
    };
    for (const auto& [spec, reason] : bad)
        BOOST_TEST(why_refused(spec).find(reason) != std::string::npos, spec << ": " << why_refused(spec));
    BOOST_TEST(why_refused("lie9F70=" + std::string(402, '0') + "@get-status").find("200 octets") != std::string::npos);
    lab_test::counting_random random;
    for (const auto* own : {"lieC5=00@any", "hideE3@any", "patch0=00@any", "stale@any"})
        BOOST_CHECK_THROW(lab::fault_plan::parse(own, random).require_on_the_way(), lab::fault_error);
}

BOOST_AUTO_TEST_SUITE_END()
