// What a card tells, at the length where it counts and where it does not: CPLC, keys, resources, FCI, entries of the
// registry (GPCS 11.3.3.1, 11.4.3.1, H.2; ETSI TS 102 226 8.2.1.7).

#include "gp/card_data.hpp"
#include "gp/registry.hpp"
#include "gp/tlv.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::gp;

BOOST_AUTO_TEST_SUITE(card_bounds)

BOOST_AUTO_TEST_CASE(a_cplc_has_42_octets) {
    for (std::size_t octets = 40; octets <= 44; ++octets) {
        BOOST_TEST(parse_cplc(encode_tlv(0x9F7F, bytes(octets, 1))).has_value() == (octets == 42), octets);
        BOOST_TEST(parse_cplc(bytes(octets, 0x80)).has_value() == (octets == 42), octets);
    }
    auto two = encode_tlv(0x9F7F, bytes(42, 1)); // with something behind it it is neither form
    append(two, hex("4F00"));
    BOOST_TEST(!parse_cplc(two).has_value());
}

BOOST_AUTO_TEST_CASE(numbers_of_one_to_four_octets) {
    const auto free = [](const char* value) { return parse_card_resources(hex("FF21" + std::string(value))); };
    BOOST_TEST(free("038201FF").value().non_volatile == 0xFFu);
    BOOST_TEST(free("068204FFFFFFFF").value().non_volatile == 0xFFFFFFFFu);
    BOOST_TEST(!free("0782050000000001").has_value());
    BOOST_TEST(!free("028200").has_value());
    BOOST_TEST(free("038201FF").value().applications == 0u); // the others may be missing
    BOOST_TEST(free("06820101810102").value().applications == 2u);
}

BOOST_AUTO_TEST_CASE(keys_of_the_basic_and_the_extended_form) {
    const auto keys = [](const char* value) {
        return parse_key_information(encode_tlv(0xE0, encode_tlv(0xC0, hex(value))));
    };
    BOOST_TEST(!keys("013088").has_value());
    const auto basic = keys("01308810");
    BOOST_TEST(basic.value().at(0).length == 16);
    BOOST_TEST(keys("0130881088108810").has_value()); // several components: the first tells
    BOOST_TEST(!keys("0130FF8810").has_value());
    const auto extended = keys("0130FF880010");
    BOOST_TEST(extended.value().at(0).type == 0x88);
    BOOST_TEST(extended.value().at(0).length == 16);
    BOOST_TEST(keys("0130FF880110").value().at(0).length == 0x110);
    BOOST_TEST(!parse_key_information(hex("E006C10401308810")).has_value());
    BOOST_TEST(parse_key_information(hex("E000")).value().empty());
}

BOOST_AUTO_TEST_CASE(aids_of_5_to_16_octets) {
    for (std::size_t octets = 4; octets <= 17; ++octets) {
        const bool fits = octets >= 5 && octets <= 16;
        const bytes aid(octets, 0xA0);
        BOOST_TEST(parse_fci(encode_tlv(0x6F, encode_tlv(0x84, aid))).aid.size() == (fits ? octets : 0));
        auto entry = encode_tlv(0x4F, aid);
        append(entry, hex("9F700107"));
        BOOST_TEST(parse_registry({encode_tlv(0xE3, entry)}).has_value() == fits, octets);
    }
}

BOOST_AUTO_TEST_CASE(the_longest_command) {
    const auto longest = [](const char* value) {
        return parse_fci(encode_tlv(0x6F, encode_tlv(0xA5, encode_tlv(0x9F65, hex(value))))).longest_data;
    };
    BOOST_TEST(longest("FF").value() == 255u);
    BOOST_TEST(longest("0100").value() == 256u);
    BOOST_TEST(longest("31").value() == 49u);
    BOOST_TEST(!longest("30").has_value()); // no length that a host could keep to
    BOOST_TEST(!longest("01").has_value());
    BOOST_TEST(!longest("00").has_value());
    BOOST_TEST(!longest("").has_value());
    BOOST_TEST(!longest("0000000100").has_value());
}

BOOST_AUTO_TEST_CASE(life_cycles_of_one_and_two_octets) {
    const auto entry = [](const char* rest) {
        const auto read = parse_registry({encode_tlv(0xE3, hex("4F05A000000001" + std::string(rest)))});
        return read ? std::optional<int>(read->at(0).life_cycle) : std::nullopt;
    };
    BOOST_TEST(entry("9F700107").value() == 7);
    BOOST_TEST(entry("9F70020701").value() == 7);
    BOOST_TEST(!entry("9F7000").has_value());
    // An answer that ends within an entry goes on in the next one.
    const auto whole = encode_tlv(0xE3, hex("4F05A0000000019F700107"));
    for (std::size_t cut = 0; cut <= whole.size(); ++cut)
        BOOST_TEST(parse_registry({to_bytes(bytes_view(whole).first(cut)), to_bytes(bytes_view(whole).subspan(cut))})
                       .value()
                       .size() == 1u);
}

BOOST_AUTO_TEST_CASE(card_recognition_of_the_root_and_no_other) { // GPCS H.1
    const auto protocols = [](const char* oid) {
        return parse_card_recognition(encode_tlv(0x66, encode_tlv(0x73, encode_tlv(0x64, encode_tlv(0x06, hex(oid))))))
            .value()
            .protocols.size();
    };
    BOOST_TEST(protocols("2A864886FC6B040370") == 1u);
    BOOST_TEST(protocols("2A864886FC6B0403") == 0u);     // without its "i"
    BOOST_TEST(protocols("2A864886FC6B04037000") == 0u); // with more than that
    BOOST_TEST(protocols("2A864886FC6B0403817F") == 0u); // an arc of two octets
    BOOST_TEST(protocols("2A864886FC6C040370") == 0u);   // of somebody else
    BOOST_TEST(protocols("2A864886FC6B") == 0u);         // the root alone
    BOOST_TEST(protocols("2A864886FC6B050370") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
