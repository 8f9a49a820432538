// The handset's secure components: simulated cards, directly and as an app on a phone reaches them.

#include "app/handset/component.hpp"

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

BOOST_AUTO_TEST_CASE(wrong_specifications_say_why) {
    const folder f;
    for (const std::string& bad : {std::string("usb:x"), std::string("sim:"), std::string("x"), f.sim("?profile=none"),
                                   f.sim("?colour=red"), f.sim("?access=magic"), f.sim("?a=%")})
        BOOST_CHECK_THROW(app::open_component(bad), std::runtime_error);
    BOOST_CHECK_THROW(app::open_components({f.sim(), f.sim()}), std::runtime_error);
    BOOST_TEST(app::open_components({f.sim(), f.sim("?reader=second")}).size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
