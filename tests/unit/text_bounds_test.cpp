// Texts at the length where they are accepted and refused: AIDs, hashes, tags, URLs, UUIDs, characters
// (AMB-039 … 043, AMB-075).

#include "base/bytes.hpp"
#include "base/utf8.hpp"
#include "http/rest/text_formats.hpp"
#include "model/card_identity.hpp"
#include "model/version_tag.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using model::text_format;

namespace {

bool good(text_format format, const std::string& text, std::int64_t most = 255) {
    return rest::canonical(format, text, most).has_value();
}
std::string digits(std::size_t octets) {
    return std::string(2 * octets, 'a');
}

} // namespace

BOOST_AUTO_TEST_SUITE(text_bounds)

BOOST_AUTO_TEST_CASE(octets_of_an_aid_and_of_an_app) {
    for (std::size_t octets = 0; octets <= 40; ++octets) {
        const bool aid = octets >= 5 && octets <= 16; // ISO/IEC 7816-4 8.2.1.2
        BOOST_TEST(good(text_format::aid, digits(octets)) == aid, octets);
        BOOST_TEST(good(text_format::device_app, digits(octets)) == (aid || octets == 20 || octets == 32), octets);
    }
    BOOST_TEST(rest::canonical(text_format::aid, "d27600016301", 255).value() == "D27600016301");
    for (const auto* bad : {"D2760001630", "D2760001630G", "D2 76000163", "0xD276000163"})
        BOOST_TEST(!good(text_format::aid, bad), bad);
}

BOOST_AUTO_TEST_CASE(characters_and_not_octets) {
    BOOST_TEST(good(text_format::any, std::string(255, 'x')));
    BOOST_TEST(!good(text_format::any, std::string(256, 'x')));
    std::string wide;
    for (int k = 0; k < 255; ++k)
        wide += "€";
    BOOST_TEST(good(text_format::any, wide));
    BOOST_TEST(!good(text_format::any, wide + "€"));
    BOOST_TEST(good(text_format::any, ""));
    BOOST_TEST(good(text_format::https_url, "https://a/" + std::string(490, 'x'), 500));
    BOOST_TEST(!good(text_format::https_url, "https://a/" + std::string(491, 'x'), 500));
}

BOOST_AUTO_TEST_CASE(ports_of_a_url) {
    for (const auto& [port, fits] : {std::pair{"0", false},
                                     {"1", true},
                                     {"65535", true},
                                     {"65536", false},
                                     {"4294967297", false},
                                     {"", false},
                                     {"01", true}})
        BOOST_TEST(good(text_format::https_url, std::string("https://a:") + port, 500) == fits, port);
}

BOOST_AUTO_TEST_CASE(numbers_of_a_tag) {
    for (const auto* yes : {"0.0.0", "1.2.3", "999.999.999", "4.31.005"})
        BOOST_TEST(good(text_format::tag, yes), yes);
    for (const auto* no : {"", "1", "1.2", "1.2.3.4", "1000.0.0", "0.1000.0", "0.0.1000", "0001.0.0", "1..2", ".1.2",
                           "1.2.", "-1.0.0", "1.a.0", " 1.0.0"})
        BOOST_TEST(!good(text_format::tag, no), no);
    for (const auto* yes : {"1.2", "1.2.3", "999.999"})
        BOOST_TEST(good(text_format::platform, yes), yes);
    for (const auto* no : {"1", "1.2.3.4", "1000.0"})
        BOOST_TEST(!good(text_format::platform, no), no);
    BOOST_TEST(model::parse_tag("999.0.10")->sort_key() == "999.000.010");
    BOOST_TEST((*model::parse_tag("1.9.0") < *model::parse_tag("1.10.0")));
    BOOST_TEST((*model::parse_tag("1.999.999") < *model::parse_tag("2.0.0")));
}

BOOST_AUTO_TEST_CASE(patterns_are_open_from_a_place_on) { // AMB-136
    for (const auto* yes : {"x.x.x", "X.x.X", "1.x.x", "1.2.x", "1.2.3", "999.x.x"})
        BOOST_TEST(model::parse_pattern(yes).has_value(), yes);
    for (const auto* no :
         {"x", "x.x", "x.x.x.x", "x.1.x", "x.x.1", "1.x.1", "1.x", "1", "1000.x.x", "xx.x.x", "1.*.*", ""})
        BOOST_TEST(!model::parse_pattern(no).has_value(), no);
    const auto matches = [](const char* pattern, const char* tag) {
        return model::parse_pattern(pattern)->matches(*model::parse_tag(tag));
    };
    BOOST_TEST(matches("x.x.x", "9.9.9"));
    BOOST_TEST(matches("1.2.x", "1.2.9"));
    BOOST_TEST(!matches("1.2.x", "1.3.9"));
    BOOST_TEST(!matches("1.x.x", "2.0.0"));
    BOOST_TEST(matches("1.2.3", "1.2.003"));
    BOOST_TEST(!matches("1.2.3", "1.2.4"));
    BOOST_TEST(model::parse_pattern("1.2.3")->is_concrete());
    BOOST_TEST(!model::parse_pattern("1.2.x")->is_concrete());
}

BOOST_AUTO_TEST_CASE(a_uuid_to_the_last_character) {
    const std::string uuid = "0aF9b1c2-3d4e-4f50-8a9b-0c1d2e3f4a5b";
    BOOST_TEST(rest::canonical_uuid(uuid).value() == "0af9b1c2-3d4e-4f50-8a9b-0c1d2e3f4a5b");
    BOOST_TEST(!rest::canonical_uuid(uuid + "0").has_value());
    BOOST_TEST(!rest::canonical_uuid(uuid.substr(1)).has_value());
    for (std::size_t i = 0; i < uuid.size(); ++i)
        for (const char other : {'g', '/', ':', '@', '`', uuid[i] == '-' ? '0' : '-'}) {
            auto bad = uuid;
            bad[i] = other;
            BOOST_TEST(!rest::canonical_uuid(bad).has_value(), bad);
        }
}

BOOST_AUTO_TEST_CASE(the_borders_of_utf8) { // RFC 3629 4
    const auto text = [](const char* octets) {
        const auto b = hex(octets);
        return std::string(b.begin(), b.end());
    };
    for (const auto* yes : {"00", "7F", "C280", "DFBF", "E0A080", "ED9FBF", "EE8080", "EFBFBF", "F0908080", "F48FBFBF"})
        BOOST_TEST(text::is_utf8(text(yes)), yes);
    for (const auto* no :
         {"80", "BF", "C0AF", "C1BF", "C2", "C27F", "C2C0", "E09FBF", "E0A0", "EDA080", "EDBFBF", "F08FBFBF",
          "F0908080"
          "80",
          "F4908080", "F5808080", "FF", "E0A07F", "F09080C0"})
        BOOST_TEST(!text::is_utf8(text(no)), no);
    BOOST_TEST(text::characters(text("7FC280E0A080F0908080")) == 4u);
}

BOOST_AUTO_TEST_CASE(octets_of_a_card_identity) {
    using model::card_identity;
    const std::string cplc(model::cplc_digits, '4');
    BOOST_TEST(card_identity::of_cplc(cplc).has_value());
    BOOST_TEST(!card_identity::of_cplc(cplc.substr(2)).has_value());
    BOOST_TEST(!card_identity::of_cplc(cplc + "44").has_value());
    BOOST_TEST(card_identity::of_issuers_number("42", "45").value().text() == "4245");
    BOOST_TEST(!card_identity::of_issuers_number("", "45").has_value());
    BOOST_TEST(!card_identity::of_issuers_number("42", "").has_value());
    // As long as a CPLC together, it would be taken for one.
    BOOST_TEST(card_identity::of_issuers_number(std::string(42, '4'), std::string(40, '4')).has_value());
    BOOST_TEST(!card_identity::of_issuers_number(std::string(42, '4'), std::string(42, '4')).has_value());
    BOOST_TEST(card_identity::of_issuers_number(std::string(42, '4'), std::string(44, '4')).has_value());
    for (const auto* blank : {"00", "FF", "2020", "3030", "000F", "0FFF", "FFFF"}) {
        BOOST_TEST(!card_identity::of_issuers_number("42", blank).has_value(), blank);
        BOOST_TEST(!card_identity::of_issuers_number(blank, "45").has_value(), blank);
    }
    for (const auto* told : {"01", "10", "FE", "0F10", "2021"})
        BOOST_TEST(card_identity::of_issuers_number("42", told).has_value(), told);
}

BOOST_AUTO_TEST_SUITE_END()
