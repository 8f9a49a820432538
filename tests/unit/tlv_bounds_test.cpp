// Tags and lengths of BER-TLV at every border between two forms (ISO/IEC 7816-4 5.2.2; ISO/IEC 8825-1 8.1).

#include "gp/tlv.hpp"

#include <boost/test/unit_test.hpp>
#include <stdexcept>

using namespace tsms;
using gp::encode_tlv;
using gp::parse_tlvs;

namespace {

struct written_length {
    std::size_t octets;
    const char* field; ///< the shortest length field, by hand
};
constexpr written_length lengths[] = {
    {0, "00"},
    {1, "01"},
    {126, "7E"},
    {127, "7F"},
    {128, "8180"},
    {129, "8181"},
    {254, "81FE"},
    {255, "81FF"},
    {256, "820100"},
    {257, "820101"},
    {65534, "82FFFE"},
    {65535, "82FFFF"},
    {65536, "83010000"},
    {65537, "83010001"},
    {0xFFFFFE, "83FFFFFE"},
    {0xFFFFFF, "83FFFFFF"},
};

/// Tag C4, a length field, and so many octets of value.
bytes with_length(std::string_view field, std::size_t octets) {
    auto out = hex("C4" + std::string(field));
    out.resize(out.size() + octets, 0x5A);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(tlv_bounds)

BOOST_AUTO_TEST_CASE(every_form_of_a_length_is_written_and_read) {
    for (const auto& [octets, field] : lengths) {
        BOOST_TEST_CONTEXT(octets << " octets") {
            const auto whole = with_length(field, octets);
            BOOST_CHECK(encode_tlv(0xC4, bytes(octets, 0x5A)) == whole);
            auto two = whole; // behind it the next object begins
            append(two, hex("4F01AA"));
            const auto read = parse_tlvs(two);
            BOOST_REQUIRE(read);
            BOOST_REQUIRE_EQUAL(read->size(), 2u);
            BOOST_TEST(read->at(0).tag == 0xC4u);
            BOOST_TEST(read->at(0).value.size() == octets);
            BOOST_TEST(to_hex(read->at(1).value) == "AA");
        }
    }
}

BOOST_AUTO_TEST_CASE(one_octet_too_few_is_no_object) {
    for (const auto& [octets, field] : lengths) {
        BOOST_TEST_CONTEXT(octets << " octets") {
            if (octets > 0)
                BOOST_CHECK(!parse_tlvs(with_length(field, octets - 1)));
            const auto head = with_length(field, 0);
            for (std::size_t shorter = 1; shorter < head.size(); ++shorter) // within the length field
                BOOST_CHECK(!parse_tlvs(bytes_view(head).first(shorter)));
        }
    }
}

// ISO/IEC 7816-4 lets a sender use a longer form than it needs, and cards do.
BOOST_AUTO_TEST_CASE(a_longer_form_than_needed_is_read) {
    for (const auto* field : {"8105", "820005", "83000005", "817F", "82007F", "8200FF", "8300FFFF"}) {
        BOOST_TEST_CONTEXT(field) {
            const auto octets = std::stoul(std::string(field).substr(2), nullptr, 16);
            const auto read = parse_tlvs(with_length(field, octets));
            BOOST_REQUIRE(read);
            BOOST_TEST(read->front().value.size() == octets);
            BOOST_CHECK(!parse_tlvs(with_length(field, octets - 1)));
        }
    }
}

BOOST_AUTO_TEST_CASE(other_forms_are_malformed) {
    // The indefinite form, four octets and more, the reserved FF.
    for (const auto* field : {"80", "8400000001", "850000000001", "FF"})
        BOOST_CHECK(!parse_tlvs(with_length(field, 1)));
}

BOOST_AUTO_TEST_CASE(what_is_too_long_to_write_is_refused) {
    BOOST_CHECK_NO_THROW(encode_tlv(0xC4, bytes(0xFFFFFF)));
    BOOST_CHECK_THROW(encode_tlv(0xC4, bytes(0x1000000)), std::length_error);
    bytes out;
    gp::append_lv(out, bytes(255, 1));
    BOOST_TEST(out.size() == 256u);
    BOOST_TEST(int{out[0]} == 255);
    BOOST_CHECK_THROW(gp::append_lv(out, bytes(256)), std::length_error);
    out.clear();
    gp::append_lv(out, {});
    BOOST_TEST(to_hex(out) == "00");
}

BOOST_AUTO_TEST_CASE(tags_have_one_to_three_octets) {
    struct written_tag {
        std::uint32_t tag;
        const char* octets;
        bool constructed;
    };
    // 1F is the form with more octets; in them the first bit says whether another one follows.
    for (const auto& [tag, octets, constructed] : {written_tag{0x00, "00", false},
                                                   {0x1E, "1E", false},
                                                   {0x20, "20", true},
                                                   {0xDE, "DE", false},
                                                   {0xFE, "FE", true},
                                                   {0x1F00, "1F00", false},
                                                   {0x1F7F, "1F7F", false},
                                                   {0x9F70, "9F70", false},
                                                   {0xFF21, "FF21", true},
                                                   {0xFF7F, "FF7F", true},
                                                   {0xDF8001, "DF8001", false},
                                                   {0xFFFF7F, "FFFF7F", true}}) {
        BOOST_TEST_CONTEXT(octets) {
            BOOST_TEST(to_hex(encode_tlv(tag, hex("AA"))) == std::string(octets) + "01AA");
            const auto read = parse_tlvs(hex(std::string(octets) + "01AA"));
            BOOST_REQUIRE(read);
            BOOST_TEST(read->front().tag == tag);
            BOOST_TEST(read->front().constructed() == constructed);
        }
    }
    for (const auto* text : {"1F", "1F80", "1F8080", "1F808001AA", "FFFFFF01AA"})
        BOOST_CHECK(!parse_tlvs(hex(text)));
}

BOOST_AUTO_TEST_CASE(a_path_leads_through_what_is_whole) {
    const auto card = hex("6F0A8402A0008402A1009F65016F");                      // 6F ends in the middle of what follows
    BOOST_CHECK(!gp::find_path(hex("6F0A8402A0008402A1009F65"), {0x6F, 0x84})); // inner objects are not whole
    BOOST_CHECK(!gp::find_path(card, {0x6F, 0x84}));
    const auto good = hex("6F088402A0008402A1009F6501FF");
    BOOST_TEST(to_hex(*gp::find_path(good, {0x6F, 0x84})) == "A000"); // the first of two
    BOOST_TEST(to_hex(*gp::find_path(good, {0x9F65})) == "FF");
    BOOST_CHECK(!gp::find_path(good, {0x6F, 0x9F65}));
    BOOST_CHECK(gp::find_path(good, {}) && gp::find_path(good, {})->size() == good.size());
    BOOST_TEST(parse_tlvs({})->empty());
}

BOOST_AUTO_TEST_SUITE_END()
