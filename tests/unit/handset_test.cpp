// The handset's secure components: simulated cards, directly and as an app on a phone reaches them.

#include "app/handset/access_rules.hpp"
#include "app/handset/component.hpp"
#include "gp/tlv.hpp"
#include "lab/card/card.hpp"
#include "lab/card/personality.hpp"
#include "lab/card/state.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <unistd.h>

using namespace tsms;

namespace {

struct folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("tsms-handset-test-" + std::to_string(::getpid()));
    folder() { std::filesystem::create_directories(path); }
    ~folder() { std::filesystem::remove_all(path); }
    std::string sim(const std::string& rest = {}) const { return "sim:" + (path / "card.json").string() + rest; }
};

/// REF-AR-DO: application (a TLV 4F or C0), hash of the app, content of the AR-DO.
bytes rule(std::string_view application, const std::string& hash, std::string_view access) {
    auto reference = hex(application);
    gp::append_tlv(reference, 0xC1, hex(hash));
    auto content = gp::encode_tlv(0xE1, reference);
    gp::append_tlv(content, 0xE3, hex(access));
    return gp::encode_tlv(0xE2, content);
}

/// A card whose ARA-M has these rules from the start.
void make_card(const std::string& file, const std::vector<bytes>& rules) {
    auto card = lab::card::create(*lab::find_personality("jc305"), crypto::system_random());
    for (const auto& r : rules)
        card.state().ara.rules.push_back(
            {to_bytes(*gp::find_path(r, {0xE2, 0xE1})), to_bytes(*gp::find_path(r, {0xE2, 0xE3}))});
    card.save(file);
}

constexpr const char* select_isd = "00A4040008A00000015100000000";

sdk::transport_cause cause_of(sdk::secure_component& card, const char* command) {
    try {
        card.transmit(hex(command));
    } catch (const sdk::transport_error& e) {
        return e.cause();
    }
    throw std::runtime_error("the card answered");
}

} // namespace

BOOST_AUTO_TEST_SUITE(handset)

BOOST_AUTO_TEST_CASE(a_simulated_card_is_kept_in_its_file) {
    const folder f;
    bytes cplc;
    {
        const auto card = app::open_component(f.sim("?profile=jc305&reader=eSE1&type=eSE"));
        BOOST_TEST(card->reader() == "eSE1");
        BOOST_TEST(card->se_type() == "eSE");
        BOOST_TEST(!card->atr().empty());
        card->open();
        BOOST_TEST(to_hex(card->transmit(hex(select_isd))).ends_with("9000"));
        cplc = card->transmit(hex("80CA9F7F00"));
    }
    const auto again = app::open_component(f.sim());
    again->open();
    again->transmit(hex(select_isd));
    BOOST_TEST(to_hex(again->transmit(hex("80CA9F7F00"))) == to_hex(cplc));
}

BOOST_AUTO_TEST_CASE(a_phone_hides_channels_and_refuses_what_disturbs_others) {
    const folder f;
    const auto phone = app::open_component(f.sim("?access=omapi"));
    phone->open();
    BOOST_CHECK(cause_of(*phone, "80CA9F7F00") == sdk::transport_cause::no_channel);
    BOOST_TEST(to_hex(phone->transmit(hex(select_isd))).ends_with("9000"));
    BOOST_TEST(to_hex(phone->transmit(hex("80CA9F7F00"))).ends_with("9000"));
    BOOST_CHECK(cause_of(*phone, "0070000001") == sdk::transport_cause::access_denied);
    BOOST_CHECK(cause_of(*phone, "00A40000023F00") == sdk::transport_cause::access_denied);
    // Each SELECT takes the place of the last: channels do not run out.
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(to_hex(phone->transmit(hex(select_isd))).ends_with("9000"));
    BOOST_CHECK(cause_of(*phone, "00A4040006D2760001FFFF00") == sdk::transport_cause::unavailable);
    BOOST_CHECK(cause_of(*phone, "80CA9F7F00") == sdk::transport_cause::no_channel);

    const auto quiet = app::open_component(f.sim("?access=omapi-quiet"));
    quiet->open();
    BOOST_TEST(quiet->transmit(hex(select_isd)).empty());
    const auto denied = app::open_component(f.sim("?access=omapi-denied"));
    denied->open();
    BOOST_CHECK(cause_of(*denied, select_isd) == sdk::transport_cause::access_denied);
    BOOST_CHECK(cause_of(*denied, "00A4040000") == sdk::transport_cause::access_denied);
}

BOOST_AUTO_TEST_CASE(the_most_specific_access_rule_counts) {
    const std::string us(40, '1'), them(40, '2');
    const auto applet = hex("D276000101");
    const auto may = [&](std::initializer_list<bytes> rules, bytes_view aid = hex("D276000101")) {
        bytes all;
        for (const auto& r : rules)
            append(all, r);
        const auto parsed = app::parse_access_rules(all);
        BOOST_REQUIRE(parsed.has_value());
        return app::decide(*parsed, aid, {hex(us)}).permits(hex("80CA9F7F00"));
    };
    constexpr auto this_one = "4F05D276000101", another = "4F05D276000102", every = "4F00", by_default = "C000";
    constexpr auto always = "D00101", never = "D00100";
    BOOST_TEST(!may({}));
    BOOST_TEST(may({rule(this_one, us, always)}));
    BOOST_TEST(!may({rule(another, us, always)}));
    BOOST_TEST(may({rule(every, us, always)}));
    BOOST_TEST(may({rule(this_one, "", always)}));
    BOOST_TEST(!may({rule(this_one, us, "D10101")})); // NFC only
    BOOST_TEST(!may({rule(this_one, us, never), rule(every, us, always)}));
    BOOST_TEST(!may({rule(this_one, us, never), rule(this_one, us, always)}));
    // A rule for another app shuts this one out, whatever is granted to all.
    BOOST_TEST(!may({rule(this_one, them, always), rule(this_one, "", always), rule(every, us, always)}));
    BOOST_TEST(!may({rule(every, them, always), rule(every, "", always)}));
    BOOST_TEST(may({rule(every, "", always), rule(another, them, always)}));
    BOOST_TEST(may({rule(by_default, us, always)}, {}));
    BOOST_TEST(!may({rule(this_one, us, always)}, {}));
    // Filters: header and mask, several of them are alternatives.
    BOOST_TEST(may({rule(this_one, us, "D00880CA0000FFFF0000")}));
    BOOST_TEST(!may({rule(this_one, us, "D00880CB0000FFFF0000")}));
    BOOST_TEST(may({rule(this_one, us, "D01080CB0000FFFF000080CA9F7FFFFFFFFF")}));
    for (const auto* bad : {"E2", "E200", "4F00", "E20BE1054F00C100E302D000", "E20CE1064F00C10101E302D001"})
        BOOST_TEST(!app::parse_access_rules(hex(bad)).has_value(), bad);
}

BOOST_AUTO_TEST_CASE(a_phone_enforces_the_rules_of_the_card) {
    const folder f;
    const std::string us(64, 'A');
    constexpr auto isd = "4F08A000000151000000";
    std::vector<bytes> rules{rule(isd, us, "D00101")};
    for (int i = 0; i < 20; ++i) // more than one answer holds
        rules.push_back(rule("4F05D27600010" + std::to_string(i % 10), std::string(64, 'B'), "D00101"));
    make_card((f.path / "card.json").string(), rules);
    const auto ours = app::open_component(f.sim("?access=omapi-rules&app=" + us));
    ours->open();
    BOOST_TEST(to_hex(ours->transmit(hex(select_isd))).ends_with("9000"));
    BOOST_TEST(to_hex(ours->transmit(hex("80CA9F7F00"))).ends_with("9000"));
    BOOST_CHECK(cause_of(*ours, "00A4040009A00000015141434C0000") == sdk::transport_cause::access_denied);
    const auto theirs = app::open_component(f.sim("?access=omapi-rules"));
    theirs->open();
    BOOST_CHECK(cause_of(*theirs, select_isd) == sdk::transport_cause::access_denied);
    BOOST_CHECK(cause_of(*theirs, "00A4040000") == sdk::transport_cause::access_denied);
}

BOOST_AUTO_TEST_CASE(a_phone_whose_channels_are_taken_says_so) {
    const folder f;
    const auto busy = app::open_component(f.sim("?access=omapi-busy"));
    busy->open();
    BOOST_CHECK(cause_of(*busy, select_isd) == sdk::transport_cause::no_channel);
    const auto off = app::open_component(f.sim("?access=nfc-off"));
    BOOST_CHECK_EXCEPTION(off->open(), sdk::transport_error,
                          [](const auto& e) { return e.cause() == sdk::transport_cause::nfc_off; });
    const auto single = app::open_component("sim:" + (f.path / "t0.json").string() + "?profile=t0&access=omapi");
    single->open();
    BOOST_CHECK(cause_of(*single, select_isd) == sdk::transport_cause::no_channel);
}

BOOST_AUTO_TEST_CASE(faults_reach_the_app_as_a_phone_reports_them) {
    const folder f;
    const auto card = app::open_component(f.sim("?faults=sw6F00@get-data:1,mute@get-data:2,tear-after@get-data:3"));
    card->open();
    BOOST_TEST(to_hex(card->transmit(hex("80CA9F7F00"))) == "6F00");
    BOOST_CHECK(cause_of(*card, "80CA9F7F00") == sdk::transport_cause::other);
    BOOST_CHECK(cause_of(*card, "80CA9F7F00") == sdk::transport_cause::unavailable);
    BOOST_CHECK(cause_of(*card, "80CA9F7F00") == sdk::transport_cause::unavailable); // hazard 8: nothing is reopened
    card->open();
    BOOST_TEST(to_hex(card->transmit(hex("80CA9F7F00"))).ends_with("9000"));
}

BOOST_AUTO_TEST_CASE(a_hostile_phone_lies_about_an_honest_card) {
    const folder f;
    const auto phone = app::open_component(
        f.sim("?access=hostile&faults=replay@get-data:2,sw9000@select:2,forge6985@get-data:3,tear-before@get-data:4"));
    phone->open();
    const auto isd = to_hex(phone->transmit(hex(select_isd)));
    const auto cplc = to_hex(phone->transmit(hex("80CA9F7F00")));
    BOOST_TEST(to_hex(phone->transmit(hex("80CA006600"))) == cplc);
    BOOST_TEST(to_hex(phone->transmit(hex("00A4040006D2760001FFFF00"))) == "9000"); // there is none: it never asked
    BOOST_TEST(to_hex(phone->transmit(hex("80CA006600"))) == "6985");
    BOOST_CHECK(cause_of(*phone, "80CA006600") == sdk::transport_cause::unavailable);
    BOOST_CHECK(cause_of(*phone, "80CA006600") == sdk::transport_cause::unavailable);
    phone->open();
    BOOST_TEST(to_hex(phone->transmit(hex(select_isd))) == isd);
    BOOST_CHECK_NO_THROW(app::open_component(f.sim("?access=hostile")));
}

BOOST_AUTO_TEST_CASE(wrong_specifications_say_why) {
    const folder f;
    for (const std::string& bad :
         {std::string("usb:x"), std::string("sim:"), std::string("x"), f.sim("?profile=none"), f.sim("?colour=red"),
          f.sim("?access=magic"), f.sim("?a=%"), f.sim("?faults=explode@any"), f.sim("?access=hostile&faults=x"),
          f.sim("?app=AA"), f.sim("?access=omapi-rules&app=AA"), f.sim("?access=omapi-rules&app=")})
        BOOST_CHECK_THROW(app::open_component(bad), std::runtime_error);
    BOOST_CHECK_THROW(app::open_components({f.sim(), f.sim()}), std::runtime_error);
    BOOST_TEST(app::open_components({f.sim(), f.sim("?reader=second")}).size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
