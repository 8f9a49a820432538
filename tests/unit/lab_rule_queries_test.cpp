// Access rules read back in the secure channel: STORE DATA Command-Get and its siblings (GPD_SPE_013 5.1).

#include "tests/lab_reader.hpp"
#include "tests/unit/lab_some_card.hpp"

using namespace tsms;
using namespace tsms::lab_test;

namespace {

constexpr auto ara_m = "A00000015141434C00";
constexpr auto ara_c = "A00000015141524301AA";
constexpr auto everything = "F400";
constexpr auto goes_on = "F500";
constexpr auto clients = "F600";

const std::string app_1 = "0102030405060708090A0B0C0D0E0F1011121314";

/// REF-AR-DO of 40 octets: for one applet, APDU always.
std::string rule_of(std::string_view aid) {
    return "E226E11F4F07" + std::string(aid) + "C114" + app_1 + "E303D00101";
}

struct asked_card : some_card {
    explicit asked_card(std::string_view name = "jc305", std::uint8_t level = 0x33) : some_card(name) {
        open_isd(level);
        BOOST_REQUIRE(h.install(0x0C, {lab::ara_c_package, lab::ara_c_module, ara_c, "00", "C900", ""}) == 0x9000);
    }

    /// INSTALL [for personalization] and one block of BER-TLV; P1 = 91 expects response data (GPCS 11.11.2.1).
    std::uint16_t store(std::string_view aid, std::string_view command, std::uint8_t format = 0x11) {
        BOOST_REQUIRE(h.install(0x20, {"", "", aid, "", "", ""}) == 0x9000);
        return h.store(hex(command), format);
    }
    std::string told(std::string_view aid, std::string_view command) {
        BOOST_TEST(store(aid, command) == 0x9000);
        return to_hex(h.data);
    }
    void write(std::string_view aid, std::string_view applet_aid) {
        BOOST_TEST(store(aid, "F028" + rule_of(applet_aid), 0x10) == 0x9000);
        BOOST_TEST(h.data.empty());
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(lab_rule_queries)

BOOST_AUTO_TEST_CASE(an_ara_tells_its_rules_in_the_channel) {
    for (const auto level : {0x01, 0x03, 0x13, 0x33}) {
        asked_card f("jc305", static_cast<std::uint8_t>(level));
        BOOST_TEST(f.told(ara_c, everything) == "FF4000");
        f.write(ara_c, "D2760001680101");
        f.write(ara_c, "D2760001680102");
        const auto both = "FF4050" + rule_of("D2760001680101") + rule_of("D2760001680102");
        BOOST_TEST(f.told(ara_c, everything) == both);
        BOOST_TEST(f.told(ara_c, "F300") == both);
        BOOST_TEST(f.told(ara_c, "F3094F07D2760001680102") == "FF4028" + rule_of("D2760001680102"));
        BOOST_TEST(f.told(ara_c, "F3094F07D2760001680199") == "FF4000");
        BOOST_TEST(f.told(ara_c, "F302C000") == "FF4000");
        BOOST_TEST(f.store(ara_c, "F400", 0x10) == 0x9000); // P1 = 90, as hosts of before GPCS 2.3
        BOOST_TEST(to_hex(f.h.data) == both);
        BOOST_TEST(f.told(ara_m, everything) == "FF4000"); // not registered
    }
}

BOOST_AUTO_TEST_CASE(the_master_tells_its_clients) {
    asked_card f;
    f.write(ara_m, "D2760001680101");
    f.write(ara_c, "D2760001680102");
    BOOST_TEST(f.told(ara_m, clients) == "FF7000");
    BOOST_TEST(f.store(ara_m, "F70C4F0AA00000015141524301AA") == 0x9000);
    BOOST_TEST(f.told(ara_m, clients) == "FF700C4F0AA00000015141524301AA");
    BOOST_TEST(f.told(ara_m, everything) == "FF4050" + rule_of("D2760001680101") + rule_of("D2760001680102"));
    BOOST_TEST(f.told(ara_m, "F300") == "FF4028" + rule_of("D2760001680101"));
    BOOST_TEST(f.told(ara_c, everything) == "FF4028" + rule_of("D2760001680102"));
    BOOST_TEST(f.store(ara_c, clients) == 0x6A80);
}

BOOST_AUTO_TEST_CASE(a_long_answer_comes_in_parts) {
    const std::pair<std::uint8_t, std::size_t> rooms[] = {{0x03, 256}, {0x13, 248}, {0x33, 239}};
    for (const auto& [level, room] : rooms) {
        asked_card f("jc305", level);
        std::string all = "FF40820140";
        for (int n = 0; n < 8; ++n) {
            f.write(ara_c, "D27600016801" + to_hex(bytes{static_cast<std::uint8_t>(n)}));
            all += rule_of("D27600016801" + to_hex(bytes{static_cast<std::uint8_t>(n)}));
        }
        const auto first = f.told(ara_c, everything);
        BOOST_TEST(first.size() == 2 * room);
        BOOST_TEST(first + f.told(ara_c, goes_on) == all);
        BOOST_TEST(f.store(ara_c, goes_on) == 0x6985); // there is no more
        // What the rest would be a part of, is gone: another ARA, another command, other rules.
        f.told(ara_c, everything);
        BOOST_TEST(f.store(ara_m, goes_on) == 0x6985);
        f.told(ara_c, everything);
        BOOST_TEST(f.h.secured("80F24002024F0000") == 0x9000);
        BOOST_TEST(f.store(ara_c, goes_on) == 0x6985);
        f.told(ara_c, everything);
        f.write(ara_c, "D27600016802FF");
        BOOST_TEST(f.store(ara_c, goes_on) == 0x6985);
        f.told(ara_c, everything);
        f.open_isd(level);
        BOOST_TEST(f.store(ara_c, goes_on) == 0x6985);
    }
}

BOOST_AUTO_TEST_CASE(over_t0_the_answer_is_fetched) {
    some_card f("t0");
    host h([&](bytes_view apdu) { return lab_reader(f.card).transmit(apdu); });
    BOOST_REQUIRE(h.plain("00A4040000") == 0x9000);
    BOOST_REQUIRE(h.open(isd_keys(f.card)) == 0x9000);
    BOOST_REQUIRE(h.install(0x20, {"", "", ara_m, "", "", ""}) == 0x9000);
    BOOST_TEST(h.store(hex("F028" + rule_of("D2760001680101")), 0x10) == 0x9000);
    BOOST_REQUIRE(h.install(0x20, {"", "", ara_m, "", "", ""}) == 0x9000);
    BOOST_TEST(h.store(hex(everything), 0x11) == 0x9000);
    BOOST_TEST(to_hex(h.data) == "FF4028" + rule_of("D2760001680101"));
}

BOOST_AUTO_TEST_CASE(questions_are_strict_and_some_cards_tell_nothing) {
    asked_card f;
    for (const auto* wrong : {"F40100", "F50100", "F60100", "F302E100", "F3044F00C000", "F400F400", "F800"})
        BOOST_TEST(f.store(ara_m, wrong) == 0x6A80, wrong);
    const std::pair<const char*, std::uint16_t> silent[] = {{"jc304", 0x6A80}, {"small", 0x6981}};
    for (const auto& [name, status] : silent) {
        asked_card older(name);
        older.write(ara_c, "D2760001680101");
        for (const auto* question : {"F300", everything, goes_on, clients})
            BOOST_TEST(older.store(ara_c, question) == status, name);
    }
}

BOOST_AUTO_TEST_CASE(to_read_rules_changes_nothing) {
    asked_card f;
    f.write(ara_c, "D2760001680101");
    const auto before = to_json(f.card.state());
    f.told(ara_c, everything);
    f.told(ara_m, clients);
    BOOST_CHECK((to_json(f.card.state()) == before));
}

BOOST_AUTO_TEST_SUITE_END()
