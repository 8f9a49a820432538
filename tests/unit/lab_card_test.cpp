// The simulated card as a host meets it.

#include "tests/unit/lab_some_card.hpp"

using namespace tsms;
using namespace tsms::lab_test;

namespace {

struct fresh_card : some_card {
    using some_card::some_card;

    /// The TSM's SD with a key set of its own, as an issuer makes it.
    void create_tsm_sd() {
        open_isd();
        BOOST_REQUIRE(create_sd() == 0x9000);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(lab_card)

BOOST_AUTO_TEST_CASE(every_personality_opens_a_channel) {
    for (const auto& p : lab::personalities()) {
        BOOST_TEST_CONTEXT(p.name) {
            if (p.t0)
                continue; // needs a transport that sends GET RESPONSE
            fresh_card f(p.name);
            f.open_isd(p.scp03_i == 0 ? 0x03 : 0x33);
            BOOST_TEST(f.h.secured("80F28002024F0000") == 0x9000);
            BOOST_TEST(to_hex(*gp::find_path(f.h.data, {0xE3, 0x4F})) == p.isd);
        }
    }
}

BOOST_AUTO_TEST_CASE(discovery_without_a_session) {
    fresh_card f;
    BOOST_TEST(f.h.plain("00A4000C023F00") == 0x6A82);
    BOOST_TEST(f.h.plain("A0A40000023F00") == 0x6E00);
    BOOST_TEST(f.h.plain("00A4040000") == 0x9000);
    BOOST_TEST(to_hex(*gp::find_path(f.h.data, {0x6F, 0x84})) == "A000000151000000");
    BOOST_TEST(f.h.plain("80CA9F7F00") == 0x9000);
    BOOST_TEST(f.h.data.size() == 45u);
    for (const auto* read :
         {"80CA006600", "80CA00E000", "80CA004200", "80CA004500", "80CA00CF00", "80CA00C100", "80CAFF2100"})
        BOOST_TEST(f.h.plain(read) == 0x9000);
    BOOST_TEST(f.h.plain("80CA00FE00") == 0x6A88);
    BOOST_TEST(f.h.plain("80F28002024F0000") == 0x6982);
    BOOST_TEST(f.h.plain("84F28002024F0000") == 0x6982);
    BOOST_TEST(f.h.plain("8012000000") == 0x6D00);
    BOOST_TEST(f.h.plain("80") == 0x6700);
    // Partial AID, next occurrence, logical channels.
    BOOST_TEST(f.h.plain("00A4040005A000000151") == 0x9000);
    BOOST_TEST(f.h.plain("00A4040205A000000151") == 0x9000); // the ARA-M
    BOOST_TEST(f.h.plain("80CADF2000") == 0x9000);
    BOOST_TEST(f.h.plain("00A4040205A000000151") == 0x6A82);
    BOOST_TEST(f.h.plain("0070000001") == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "01");
    BOOST_TEST(f.h.plain("81CA006600") == 0x9000);
    BOOST_TEST(f.h.plain("00708001") == 0x9000);
    BOOST_TEST(f.h.plain("81CA006600") == 0x6881);
}

BOOST_AUTO_TEST_CASE(session_ends_where_amendment_d_says) {
    fresh_card f;
    f.open_isd();
    BOOST_TEST(f.h.erase("A0000000999999") == 0x6A88);
    BOOST_TEST(f.h.secured("80F28002024F0000") == 0x9000); // an error ends nothing
    BOOST_TEST(f.h.select("A0000000999999") == 0x6A82);
    BOOST_TEST(f.h.secured("80F28002024F0000") == 0x9000); // nor does a failed SELECT
    f.h.spoil_next_mac = true;
    BOOST_TEST(f.h.secured("80F28002024F0000") == 0x6982);
    BOOST_TEST(f.h.secured("80F28002024F0000") == 0x6982);
    f.open_isd();
    BOOST_TEST(f.h.select("A000000151000000") == 0x9000);
    BOOST_TEST(f.h.secured("80F28002024F0000") == 0x6982);
    f.open_isd();
    BOOST_TEST(f.h.plain("80CA006600") == 0x6982); // without its MAC
    BOOST_TEST(f.h.secured("80F28002024F0000") == 0x6982);
}

BOOST_AUTO_TEST_CASE(attempts_are_counted_and_survive_a_reset) {
    fresh_card f;
    const auto wrong = lab_test::test_keys(0x11);
    const auto attempt = [&] {
        f.h.plain("80500000085A5A5A5A5A5A5A5A00");
        return f.h.plain("848233001000112233445566770011223344556677");
    };
    for (int i = 0; i < 9; ++i)
        BOOST_TEST(attempt() == 0x6982);
    f.open_isd(); // a good one clears the counter
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(attempt() == 0x6982);
    f.card.reset();
    BOOST_TEST(f.h.plain("80500000085A5A5A5A5A5A5A5A00") == 0x6983);
    BOOST_TEST(f.h.plain("80500500085A5A5A5A5A5A5A5A00") == 0x6A88);
}

BOOST_AUTO_TEST_CASE(a_new_sd_answers_with_its_parents_keys_until_it_has_its_own) {
    fresh_card f;
    f.create_tsm_sd();
    BOOST_REQUIRE(f.h.select(tsm_sd) == 0x9000);
    BOOST_TEST(f.h.open(lab_test::isd_keys(f.card)) == 0x9000);
    const auto keys = lab_test::test_keys(0x40);
    BOOST_TEST(f.h.store(f.h.key_groups(keys, 0x30)) == 0x9000);
    BOOST_REQUIRE(f.h.select(tsm_sd) == 0x9000);
    BOOST_TEST(f.h.open(keys, 0x33, 0x30) == 0x9000);
    BOOST_TEST(f.h.secured("80CA00E000") == 0x9000);
    BOOST_TEST(to_hex(f.h.data) == "E012C00401308810C00402308810C00403308810");
}

BOOST_AUTO_TEST_CASE(wrong_keys_change_nothing) {
    fresh_card f;
    f.open_isd();
    auto groups = f.h.key_groups(lab_test::test_keys(0x40), 0x30);
    auto wrong = groups;
    wrong.back() ^= 1; // KCV
    BOOST_TEST(f.h.store(wrong) == 0x6A80);
    wrong = groups;
    wrong.resize(groups.size() / 3 * 2); // two of three keys
    BOOST_TEST(f.h.store(wrong) == 0x6A80);
    BOOST_TEST(f.h.secured("80CA00E000") == 0x9000);
    BOOST_TEST(f.h.data.size() == 20u);
    // After a failed INSTALL [for personalization] the selected SD itself takes the keys.
    BOOST_TEST(f.h.install(0x20, {"", "", tsm_sd, "", "", ""}) == 0x6A88);
    BOOST_TEST(f.h.store(groups) == 0x9000);
    BOOST_TEST(f.h.secured("80CA00E000") == 0x9000);
    BOOST_TEST(f.h.data.size() == 38u);
    // DELETE [key]: the new set, but never the last one.
    BOOST_TEST(f.h.secured("80E4000003D20130") == 0x9000);
    BOOST_TEST(f.h.secured("80E4000003D20130") == 0x6A88);
    BOOST_TEST(f.h.secured("80E4000003D20101") == 0x6985);
}

BOOST_AUTO_TEST_SUITE_END()
