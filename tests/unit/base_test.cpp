// Bytes, APDUs, TLVs, JSON, AES, and the coroutine machinery.

#include "base/ascii.hpp"
#include "base/number.hpp"
#include "base/split.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"
#include "crypto/aes.hpp"
#include "crypto/random.hpp"
#include "gp/procedure.hpp"
#include "gp/tlv.hpp"
#include "json/json.hpp"

#include <boost/test/unit_test.hpp>
#include <stdexcept>

using namespace tsms;

BOOST_AUTO_TEST_SUITE(base)

BOOST_AUTO_TEST_CASE(hexadecimal_text) {
    BOOST_TEST(to_hex(hex("00ff7Fa0")) == "00FF7FA0");
    BOOST_TEST(!from_hex("0").has_value());
    BOOST_TEST(!from_hex("0g").has_value());
    BOOST_TEST(!from_hex("00 11").has_value());
    BOOST_CHECK_THROW(hex("x"), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_number_is_the_whole_text) {
    BOOST_TEST(text::number<int>("0").value() == 0);
    BOOST_TEST(text::number<int>("-12").value() == -12);
    BOOST_TEST(text::number<unsigned>("007").value() == 7u);
    BOOST_TEST(text::number<std::uint32_t>("fF", 16).value() == 255u);
    BOOST_TEST(text::number<std::uint16_t>("65535").value() == 65535u);
    BOOST_TEST(!text::number<std::uint16_t>("65536").has_value());
    BOOST_TEST(text::number<std::int64_t>("9223372036854775807").has_value());
    BOOST_TEST(!text::number<std::int64_t>("9223372036854775808").has_value());
    for (const auto* bad : {"", " 1", "1 ", "+1", "-", "1x", "0x1", "1.0", "1,0", "--1", "\t1", "1\n"})
        BOOST_TEST(!text::number<int>(bad).has_value(), bad);
    BOOST_TEST(!text::number<int>(std::string_view("1\0", 2)).has_value());
    BOOST_TEST(!text::number<unsigned>("-1").has_value());
}

BOOST_AUTO_TEST_CASE(digits_and_control_characters) {
    BOOST_TEST(text::is_digits("0123456789"));
    for (const auto* bad : {"", "-1", "1 ", "/", ":", "\u0661"})
        BOOST_TEST(!text::is_digits(bad), bad);
    for (int c = 0; c < 256; ++c)
        BOOST_TEST(text::is_control(static_cast<char>(c)) == (c < 32 || c == 127), c);
    BOOST_TEST(text::has_control("a\x1f"));
    BOOST_TEST(text::has_control("\x7f"));
    BOOST_TEST(!text::has_control("\u00e4 ~"));
    BOOST_TEST(text::quotable("a\nbc", 3) == "a\uFFFDb");
    BOOST_TEST(text::quotable("\u00e4\u00e4", 3) == "\u00e4");
}

BOOST_AUTO_TEST_CASE(what_stands_between_separators) {
    using parts = std::vector<std::string_view>;
    BOOST_TEST(text::split("1.2.3", '.') == (parts{"1", "2", "3"}), boost::test_tools::per_element());
    BOOST_TEST(text::split("", '.') == parts{""}, boost::test_tools::per_element());
    BOOST_TEST(text::split(".", '.') == (parts{"", ""}), boost::test_tools::per_element());
    BOOST_TEST(text::split("a..b.", '.') == (parts{"a", "", "b", ""}), boost::test_tools::per_element());
    BOOST_TEST(text::split("a.b", ' ') == parts{"a.b"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(time_as_text) {
    BOOST_TEST(iso8601(wall_time(std::chrono::seconds(1795933812)) + std::chrono::milliseconds(123)) ==
               "2026-11-29T06:30:12.123Z");
    BOOST_TEST(iso8601(wall_time{}) == "1970-01-01T00:00:00.000Z");
    BOOST_TEST(iso8601(wall_time(std::chrono::milliseconds(-1))) == "1969-12-31T23:59:59.999Z");
}

BOOST_AUTO_TEST_CASE(rfc4493_cmac) {
    crypto::aes_cmac cmac(crypto::secret(hex("2b7e151628aed2a6abf7158809cf4f3c")));
    BOOST_TEST(to_hex(cmac.mac(bytes_view{})) == "BB1D6929E95937287FA37D129B756746");
    BOOST_TEST(to_hex(cmac.mac(hex("6bc1bee22e409f96e93d7e117393172a"))) == "070A16B46B4D4144F79BDD9DD04A287C");
    BOOST_TEST(to_hex(cmac.mac(hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"
                                   "e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"))) ==
               "51F0BEBF7E3B9D92FC49741779363CFE");
    // The context is reused: the last answer shows that nothing of the second is left in it.
    BOOST_TEST(to_hex(cmac.mac({hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c"),
                                hex("9eb76fac45af8e5130c81c46a35ce411")})) == "DFA66747DE9AE63030CA32611497C827");
}

BOOST_AUTO_TEST_CASE(apdu_round_trips) {
    for (const auto* text : {"00A40400", "00A4040000", "80E6020003010203", "80E600000301020300", "00C0000000012C",
                             "80E80000000003AABBCC", "80E80000000003AABBCC0000"}) {
        const auto command = gp::parse_command(hex(text));
        BOOST_REQUIRE(command.has_value());
        if (std::string_view(text).substr(8, 2) != "00" || std::string_view(text).size() < 12)
            BOOST_TEST(to_hex(gp::encode(*command)) == text);
    }
    for (const auto* text : {"", "00A404", "00A40400030102", "00A4040003010203040506", "00A404000000000102"})
        BOOST_TEST(!gp::parse_command(hex(text)).has_value());
    gp::command_apdu extended{0x80, 0xE8, 0, 0, bytes(300, 0xAA), 256};
    BOOST_CHECK(gp::parse_command(gp::encode(extended)) == extended);
}

BOOST_AUTO_TEST_CASE(tlv_of_cards) {
    const auto fci = hex("6F108408A000000151000000A5049F6501FF");
    BOOST_TEST(to_hex(*gp::find_path(fci, {0x6F, 0x84})) == "A000000151000000");
    BOOST_TEST(to_hex(*gp::find_path(fci, {0x6F, 0xA5, 0x9F65})) == "FF");
    BOOST_TEST(!gp::find_path(fci, {0x6F, 0x50}).has_value());
    for (const auto* text : {"4F", "4F05A0", "1F", "9FFFFF01", "4F84010203", "4F80"})
        BOOST_TEST(!gp::parse_tlvs(hex(text)).has_value());
    BOOST_TEST(to_hex(gp::encode_tlv(0xC4, bytes(200, 1))).substr(0, 6) == "C481C8");
    BOOST_TEST(to_hex(gp::encode_tlv(0x9F70, bytes(300, 1))).substr(0, 10) == "9F7082012C");
    BOOST_TEST(to_hex(gp::encode_tlv(0xC4, bytes(0xFFFF, 1))).substr(0, 8) == "C482FFFF");
    BOOST_TEST(to_hex(gp::encode_tlv(0xC4, bytes(0x10000, 1))).substr(0, 10) == "C483010000");
    BOOST_TEST(gp::parse_tlvs(gp::encode_tlv(0xC4, bytes(0x10000, 1)))->front().value.size() == 0x10000u);
    BOOST_CHECK_THROW(gp::encode_tlv(0xC4, bytes(0x1000000)), std::length_error);
}

BOOST_AUTO_TEST_CASE(json_is_strict) {
    BOOST_CHECK_THROW(json::parse(std::string_view()), json::parse_error); // nowhere, not only empty
    const auto v = json::parse(R"({"a": [1, true, null, "x"], "b": {"c": 1.5}})");
    BOOST_TEST(json::dump(v) == R"({"a":[1,true,null,"x"],"b":{"c":1.5}})");
    for (const auto* text : {"", "{", "{} x", "{\"a\":1,\"a\":2}", "[1,]", "{\"a\":\"\x01\"}", "\"\xff\"", "nul"})
        BOOST_CHECK_THROW(json::parse(text), json::parse_error);
    const std::string digits(400, '9');
    for (const auto& text : std::vector<std::string>{"1e400", "-1e400", "18446744073709551616", "-9223372036854775809",
                                                     digits, digits + ".5e-1"}) {
        const auto beyond =
            json::parse("{\"a\\\"1e400\":[" + text + ",1],\"b\":" + text + "}"); // a number, and no integer
        BOOST_TEST((json::root_object(beyond).find("b")->kind() == json::kind::number), text);
        BOOST_TEST(*json::root_object(beyond).find("a\"1e400")->as_array()->at(1).as_integer() == 1);
    }
    for (const auto* text : {"[1e400", "01e400", "[1e400,01]", "[1e400x]", "-", "1e400 1", "{\"a\":1e400,\"a\":1e400}"})
        BOOST_CHECK_THROW(json::parse(text), json::parse_error);
    BOOST_CHECK_THROW(json::parse(std::string(1000, '[') + std::string(1000, ']')), json::parse_error);
    const json::reader r(json::root_object(v));
    BOOST_CHECK_THROW(r.string("a"), json::parse_error);
    BOOST_TEST(r.object("b").has("c"));
}

namespace {

gp::procedure<std::size_t> inner(std::uint8_t p1) {
    gp::batch commands;
    commands.commands.emplace_back(gp::step::select, bytes{0, 0xA4, p1, 0});
    const auto answer = co_await std::move(commands);
    if (answer.end != gp::transmission::complete)
        throw std::runtime_error("broken");
    co_return answer.responses.size();
}

gp::procedure<std::size_t> outer() {
    const auto first = co_await inner(1);
    const auto second = co_await inner(2);
    co_return first + second;
}

} // namespace

BOOST_AUTO_TEST_CASE(flows_nest_and_rethrow) {
    auto f = outer();
    const auto* effect = f.start();
    BOOST_REQUIRE(effect);
    BOOST_TEST(effect->commands.commands[0].apdu[2] == 1);
    effect = f.answer({{bytes{0x90, 0}}, gp::transmission::complete, ""});
    BOOST_REQUIRE(effect);
    BOOST_TEST(effect->commands.commands[0].apdu[2] == 2);
    BOOST_TEST(f.answer({{bytes{0x90, 0}, bytes{0x90, 0}}, gp::transmission::complete, ""}) == nullptr);
    BOOST_TEST(f.result() == 3u);

    auto g = outer();
    g.start();
    BOOST_TEST(g.answer({{}, gp::transmission::failed, ""}) == nullptr);
    BOOST_CHECK_THROW(g.result(), std::runtime_error);

    auto dropped = outer();
    dropped.start(); // destroying a suspended flow is safe
}

BOOST_AUTO_TEST_CASE(uuids_differ) {
    const auto a = crypto::system_random().uuid();
    BOOST_TEST(a.size() == 36u);
    BOOST_TEST(a[14] == '4');
    BOOST_TEST(a != crypto::system_random().uuid());
}

BOOST_AUTO_TEST_SUITE_END()
