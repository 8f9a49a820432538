// What hosts rely on in a card, item by item (gp/procedures, "What a card must do that hosts rely on"), where
// lab_card_test.cpp and lab_content_test.cpp do not come to it.

#include "lab/cap_writer.hpp"
#include "tests/lab_reader.hpp"
#include "tests/unit/lab_some_card.hpp"

#include <filesystem>
#include <thread>

using namespace tsms;
using namespace tsms::lab_test;

namespace {

constexpr auto greeting = "80500000085A5A5A5A5A5A5A5A00";
constexpr auto greeting_over_t0 = "80500000085A5A5A5A5A5A5A5A"; // no Le behind data (ISO/IEC 7816-3 12.1.3)

struct expected_card : some_card {
    using some_card::some_card;

    std::uint16_t load_applet(std::string_view privileges = "00") {
        lab::cap_request r;
        r.package = hex(package);
        r.applets = {hex(applet)};
        auto sw = h.install(0x02, {package, "", "", "", ""});
        if (sw == 0x9000)
            sw = h.load(lab::load_file_block(r));
        return sw == 0x9000 ? h.install(0x0C, {package, applet, applet, privileges, "C900", ""}) : sw;
    }
    std::uint32_t counter() {
        BOOST_REQUIRE(h.plain(greeting) == 0x9000);
        const auto last = bytes_view(h.data).last(3);
        return static_cast<std::uint32_t>(last[0] << 16 | last[1] << 8 | last[2]);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(lab_expectations)

BOOST_AUTO_TEST_CASE(initialize_update_ends_the_session_that_was) {
    expected_card f;
    f.open_isd();
    BOOST_TEST(f.h.secured("80F28002024F0000") == 0x9000);
    BOOST_TEST(f.h.plain(greeting) == 0x9000);
    BOOST_TEST(f.h.secured("80F28002024F0000") == 0x6982);
    // Refused for its key version, it ends the session as well.
    f.open_isd();
    BOOST_TEST(f.h.plain("80507700085A5A5A5A5A5A5A5A00") == 0x6A88);
    BOOST_TEST(f.h.secured("80F28002024F0000") == 0x6982);
}

BOOST_AUTO_TEST_CASE(each_key_set_counts_for_itself) {
    expected_card f;
    f.open_isd();
    BOOST_REQUIRE(f.create_sd(tsm_sd, "804000") == 0x9000);
    const auto keys = lab_test::test_keys(0x40);
    BOOST_REQUIRE(f.give_keys(tsm_sd, keys, 0x30) == 0x9000);
    BOOST_REQUIRE(f.h.plain("00A4040000") == 0x9000);
    const auto isd = f.counter();
    BOOST_TEST(f.counter() == isd + 1);
    BOOST_REQUIRE(f.h.select(tsm_sd) == 0x9000);
    BOOST_TEST(f.counter() == 1u); // its own keys, its own counter
    f.card.reset();
    BOOST_TEST(f.counter() == isd + 2); // it is persistent
    // Attempts too: a blocked set of the domain leaves the ISD's alone.
    for (int i = 0; i < 10; ++i) {
        BOOST_REQUIRE(f.h.select(tsm_sd) == 0x9000);
        f.h.plain(greeting);
        BOOST_TEST(f.h.plain("848233001000112233445566770011223344556677") == 0x6982);
    }
    BOOST_TEST(f.h.plain(greeting) == 0x6983);
    f.open_isd();
    BOOST_TEST(f.card.registry_text().find("keys 30 (10 of 10 attempts failed)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(counters_are_in_the_cards_file) {
    const auto file = std::filesystem::temp_directory_path() / ("tsms-lab-counters-" + crypto::system_random().uuid());
    lab_test::counting_random random;
    for (int run = 0; run < 2; ++run) { // two attempts, each with a program of its own
        lab::stored_card card(file, *lab::find_personality("t0"), random);
        BOOST_TEST(card.transmit(hex(greeting_over_t0)).front() == 0x61);
        BOOST_TEST(to_hex(card.transmit(hex("848233001000112233445566770011223344556677"))) == "6982");
    }
    lab::stored_card card(file, *lab::find_personality("t0"), random);
    BOOST_TEST(to_hex(card.transmit(hex(greeting_over_t0))) == "6983");
    std::filesystem::remove(file);
}

BOOST_AUTO_TEST_CASE(an_s16_card_refuses_a_short_challenge) {
    expected_card f("s16");
    BOOST_TEST(f.h.plain(greeting) == 0x6700);
    BOOST_TEST(f.h.plain("80500000105A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A00") == 0x9000);
    BOOST_TEST(f.h.data.size() == 48u);
    expected_card random_challenge("i00");
    BOOST_TEST(random_challenge.h.plain(greeting) == 0x9000);
    BOOST_TEST(random_challenge.h.data.size() == 29u); // no sequence counter
}

BOOST_AUTO_TEST_CASE(data_objects_are_the_same_in_a_session) {
    expected_card f;
    f.open_isd();
    for (const auto* tag : {"9F7F", "0066", "00E0", "0042", "0045", "00CF", "FF21"}) {
        const auto command = "80CA" + std::string(tag) + "00";
        BOOST_TEST(f.h.secured(command) == 0x9000);
        const auto inside = f.h.data;
        host outside(f.card);
        BOOST_TEST(outside.plain("0070000001") == 0x9000);
        BOOST_TEST(outside.plain("81" + command.substr(2)) == 0x9000);
        BOOST_TEST(to_hex(outside.data) == to_hex(inside), tag);
        BOOST_TEST(outside.plain("00708001") == 0x9000);
    }
    BOOST_TEST(f.h.secured("80CA00C100") == 0x9000);
    BOOST_TEST(f.h.secured("80CA5F5000") == 0x6A88);
}

BOOST_AUTO_TEST_CASE(management_commands_answer_one_octet) {
    expected_card f;
    f.open_isd();
    BOOST_TEST(f.create_sd(tsm_sd, "804000") == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "00");
    BOOST_TEST(f.load_applet() == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "00");
    BOOST_TEST(f.h.erase(package, 0x80) == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "00");
}

BOOST_AUTO_TEST_CASE(a_load_ends_with_its_last_block_or_with_any_other_command) {
    expected_card f;
    f.open_isd();
    BOOST_TEST(f.h.install(0x02, {package, "", "", "", ""}) == 0x9000);
    BOOST_TEST(f.h.secured("80E8000004C482010000") == 0x9000);
    BOOST_TEST(f.h.secured("80CA006600") == 0x9000);
    BOOST_TEST(f.h.secured("80E80001020000") == 0x6985);
    BOOST_TEST(f.card.state().registry.find_load_file(hex(package)) == nullptr);
    BOOST_TEST(f.h.install(0x02, {package, "", "", "", ""}) == 0x9000);
    BOOST_TEST(f.h.secured("80E8000004C482010000") == 0x9000);
    BOOST_TEST(f.h.secured("80E88001020000") == 0x6A80); // the last one, and the file is not whole
    BOOST_TEST(f.load_applet() == 0x9000);
}

BOOST_AUTO_TEST_CASE(the_ara_module_of_public_caps_can_be_loaded) {
    expected_card f;
    f.open_isd();
    lab::cap_request r;
    r.package = hex("A00000015141434C");
    r.applets = {hex("A00000015141434C01")};
    BOOST_TEST(f.h.install(0x02, {to_hex(r.package), "", "", "", ""}) == 0x9000);
    BOOST_TEST(f.h.load(lab::load_file_block(r)) == 0x9000);
}

BOOST_AUTO_TEST_CASE(listings_are_scoped_by_privilege_and_tag_list) {
    expected_card f;
    f.open_isd();
    constexpr auto other_sd = "A000000151AA02";
    BOOST_REQUIRE(f.create_sd(tsm_sd, "804000") == 0x9000);
    BOOST_REQUIRE(f.create_sd(other_sd, "804400") == 0x9000); // with Global Registry
    BOOST_REQUIRE(f.give_keys(tsm_sd, lab_test::test_keys(0x40), 0x30) == 0x9000);
    BOOST_REQUIRE(f.give_keys(other_sd, lab_test::test_keys(0x50), 0x31) == 0x9000);
    const auto seen_by = [&](std::string_view aid, const lab::static_keys& keys, std::uint8_t version) {
        BOOST_REQUIRE(f.h.select(aid) == 0x9000);
        BOOST_REQUIRE(f.h.open(keys, 0x33, version) == 0x9000);
        BOOST_TEST(f.h.secured("80F24002024F0000") == 0x9000);
        return gp::parse_tlvs(f.h.data)->size();
    };
    BOOST_TEST(seen_by(tsm_sd, lab_test::test_keys(0x40), 0x30) == 1u);
    BOOST_TEST(seen_by(other_sd, lab_test::test_keys(0x50), 0x31) == 3u); // both, and the ARA-M
    // Only what the tag list asks for, in the card's order.
    f.open_isd();
    BOOST_TEST(f.h.secured("80F24002"
                           "0D"
                           "4F07A000000151AA01"
                           "5C024FCC"
                           "00") == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "E3134F07A000000151AA01CC08A000000151000000");
    BOOST_TEST(f.h.secured("80F24002"
                           "10"
                           "4F07A000000151AA01"
                           "5C059F70C5C484"
                           "00") == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "E31C"
                                   "9F70010F"
                                   "C503804000"
                                   "C407A0000001515350"
                                   "8408A000000151535041");
    BOOST_TEST(f.h.secured("80F210020A4F00"
                           "5C064F9F70CE84CC"
                           "00") == 0x9000);
    BOOST_TEST(gp::find_path(f.h.data, {0xE3, 0x84}).has_value());
    BOOST_TEST(gp::find_path(f.h.data, {0xE3, 0xCE}).has_value());
    BOOST_TEST(f.h.secured("80F24004024F0000") == 0x6A86);
    BOOST_TEST(f.h.secured("80F24002025C0000") == 0x6A80); // search criterion 4F is mandatory
}

BOOST_AUTO_TEST_CASE(another_command_ends_a_listing) {
    expected_card f;
    f.open_isd();
    for (int i = 0; i < 12; ++i)
        BOOST_REQUIRE(f.create_sd("A0000001510000BB0" + std::to_string(i % 10) + (i < 10 ? "00" : "01"), "80") ==
                      0x9000);
    BOOST_TEST(f.h.secured("80F24002024F0000") == 0x6310);
    BOOST_TEST(f.h.secured("80CA006600") == 0x9000);
    BOOST_TEST(f.h.secured("80F24003024F0000") == 0x6985);
    BOOST_TEST(f.h.secured("80F24002024F0000") == 0x6310);
    BOOST_TEST(f.h.secured("80F22003024F0000") == 0x6985); // another question is not a continuation
}

BOOST_AUTO_TEST_CASE(channels_are_few) {
    expected_card f;
    for (const auto* number : {"01", "02", "03"}) {
        BOOST_TEST(f.h.plain("0070000001") == 0x9000);
        BOOST_TEST(to_hex(f.h.data) == number);
    }
    BOOST_TEST(f.h.plain("0070000001") == 0x6A81);
    BOOST_TEST(f.h.plain("00708002") == 0x9000);
    BOOST_TEST(f.h.plain("00700002") == 0x9000); // by number
    BOOST_TEST(f.h.plain("00700002") == 0x6A81);
    BOOST_TEST(f.h.plain("00708000") == 0x6881); // the basic channel is never closed
    f.card.reset();
    BOOST_TEST(f.h.plain("0070000001") == 0x9000);
}

BOOST_AUTO_TEST_CASE(a_card_can_be_locked_and_has_a_default_application) {
    expected_card f;
    f.open_isd();
    BOOST_TEST(f.load_applet("04") == 0x9000); // Card Reset
    f.card.reset();
    BOOST_TEST(f.h.plain("0010000000") == 0x9000); // which no Security Domain answers
    f.open_isd();
    BOOST_TEST(f.h.secured("80F0807F") == 0x9000);
    BOOST_TEST(f.h.select(applet) == 0x6A82);
    BOOST_TEST(f.h.plain("00A4040000") == 0x6283);
    f.card.reset();
    BOOST_TEST(f.h.plain("0010000000") == 0x6D00);
    BOOST_TEST(f.h.open(lab_test::isd_keys(f.card)) == 0x9000);
    BOOST_TEST(f.h.secured("80F0800F") == 0x9000);
    BOOST_TEST(f.h.select(applet) == 0x9000);
}

// Two cards share nothing, and neither do two threads with a card each.
BOOST_AUTO_TEST_CASE(several_cards_at_once) {
    expected_card a("jc305", 0), b("euicc", 7);
    BOOST_TEST((a.card.state().cplc != b.card.state().cplc));
    const auto cin = [](const expected_card& c) { return c.card.state().registry.isd().sd->data.at(0x45); };
    BOOST_TEST((cin(a) != cin(b)));
    a.open_isd();
    b.open_isd();
    BOOST_TEST(a.create_sd(tsm_sd, "804000") == 0x9000);
    BOOST_TEST(b.h.erase(tsm_sd) == 0x6A88);
    BOOST_TEST(a.h.secured("80CA00E000") == 0x9000);
    BOOST_TEST(b.h.secured("80CA00E000") == 0x9000);
    BOOST_TEST((lab_test::isd_keys(a.card).mac.view().size() != lab_test::isd_keys(b.card).mac.view().size()));

    std::vector<std::thread> holders;
    std::array<std::uint16_t, 4> results{};
    for (std::size_t i = 0; i < results.size(); ++i)
        holders.emplace_back([&results, i] {
            auto card = lab::card::create(*lab::find_personality("jc305"), crypto::system_random());
            for (int n = 0; n < 50; ++n)
                results[i] = gp::parse_response(card.transmit(hex(greeting)))->sw;
        });
    for (auto& holder : holders)
        holder.join();
    for (auto sw : results)
        BOOST_TEST(sw == 0x9000);
}

BOOST_AUTO_TEST_CASE(the_registry_can_be_read_by_people_and_programs) {
    expected_card f;
    f.open_isd();
    BOOST_REQUIRE(f.load_applet() == 0x9000);
    lab::access_rule rule;
    rule.reference = hex("4F07D2760001680101C114" + std::string(40, 'A'));
    rule.rule = hex("D00101D10100");
    f.card.state().ara.rules.push_back(rule);
    const auto text = f.card.registry_text();
    for (const auto& part :
         {std::string("card jc305"), "serial " + to_hex(bytes_view(f.card.state().cplc).subspan(12, 4)),
          "ATR " + to_hex(f.card.atr()), std::string("ISD  A000000151000000  SECURED"),
          std::string("APP  D2760001680101  SELECTABLE"), std::string("ELF  D27600016801  1.0"),
          std::string("RULE application D2760001680101  app ") + std::string(40, 'A') + "  APDU always  NFC never"})
        BOOST_TEST(text.find(part) != std::string::npos, part << "\n" << text);
    const auto json = json::dump(f.card.registry());
    for (const auto* part :
         {R"("atr":")", R"("keySets":[{"version":"01","octets":16,"sequenceCounter":1,"failedAttempts":0}])",
          R"("apdu":"always","nfc":"never")", R"("memory":184320)"})
        BOOST_TEST(json.find(part) != std::string::npos, part << "\n" << json);
}

// What a reader has to do for a card of T=0.
BOOST_AUTO_TEST_CASE(a_t0_card_takes_tpdus) {
    expected_card f("t0");
    BOOST_TEST(to_hex(f.card.transmit(hex(greeting))) == "6700");
    BOOST_TEST(f.card.transmit(hex(greeting_over_t0)).front() == 0x61);
    const auto refused = f.card.transmit(hex("80CA9F7F00"));
    BOOST_REQUIRE(to_hex(refused) == "6C2D"); // 42 octets, their tag and length
    BOOST_TEST(to_hex(f.card.transmit(hex("80CA9F7F2D"))).ends_with("9000"));
    BOOST_TEST(to_hex(lab_reader(f.card).transmit(hex("80CA9F7F00"))).ends_with("9000"));
    BOOST_TEST(to_hex(lab_reader(f.card).transmit(hex(greeting))).ends_with("9000"));
}

BOOST_AUTO_TEST_SUITE_END()
