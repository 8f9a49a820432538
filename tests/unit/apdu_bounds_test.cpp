// C-APDUs at the borders between the short and the extended length fields (ISO/IEC 7816-4 5.1).

#include "gp/apdu.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using gp::command_apdu;

namespace {

struct written {
    std::size_t nc;
    std::optional<std::uint32_t> ne;
    const char* before; ///< between the header and the data, by hand
    const char* behind; ///< the data
};

const written forms[] = {
    {0, {}, "", ""},              // case 1
    {0, 1, "01", ""},             // case 2
    {0, 255, "FF", ""},           //
    {0, 256, "00", ""},           //
    {0, 257, "000101", ""},       // extended
    {0, 65535, "00FFFF", ""},     //
    {0, 65536, "000000", ""},     //
    {1, {}, "01", ""},            // case 3
    {255, {}, "FF", ""},          //
    {256, {}, "000100", ""},      // extended
    {65535, {}, "00FFFF", ""},    //
    {1, 1, "01", "01"},           // case 4
    {255, 256, "FF", "00"},       //
    {255, 257, "0000FF", "0101"}, // extended for its Le
    {256, 1, "000100", "0001"},   // extended for its data
    {256, 256, "000100", "0100"}, //
    {65535, 65536, "00FFFF", "0000"},
};

} // namespace

BOOST_AUTO_TEST_SUITE(apdu_bounds)

BOOST_AUTO_TEST_CASE(every_case_is_written_and_read) {
    for (const auto& f : forms) {
        BOOST_TEST_CONTEXT(f.nc << " octets, Le " << f.ne.value_or(0)) {
            const command_apdu command{0x80, 0xE2, 0x12, 0x34, bytes(f.nc, 0xAB), f.ne};
            auto octets = hex("80E21234" + std::string(f.before));
            append(octets, command.data);
            append(octets, hex(f.behind));
            BOOST_CHECK(gp::encode(command) == octets);
            BOOST_CHECK(gp::parse_command(octets) == command);
            BOOST_TEST(command.extended() == (std::string_view(f.before).size() >= 6));
        }
    }
}

BOOST_AUTO_TEST_CASE(one_octet_more_or_less_is_another_case_or_none) {
    const auto read = [](const char* head, std::size_t behind) {
        auto octets = hex(head);
        octets.resize(octets.size() + behind);
        return gp::parse_command(octets);
    };
    BOOST_CHECK(!read("80E212", 0));
    for (const auto& [head, data] : {std::pair{"80E2123405", 5u}, {"80E21234FF", 255u}}) {
        BOOST_CHECK(!read(head, data - 1));
        BOOST_CHECK(read(head, data) && !read(head, data)->le);
        BOOST_CHECK(read(head, data + 1)->le == 256u);
        BOOST_CHECK(!read(head, data + 2));
    }
    for (const auto& [head, data] : {std::pair{"80E21234000005", 5u}, {"80E21234000100", 256u}}) {
        BOOST_CHECK(!read(head, data - 1));
        BOOST_CHECK(read(head, data) && !read(head, data)->le);
        BOOST_CHECK(!read(head, data + 1)); // one octet of Le is not enough
        BOOST_CHECK(read(head, data + 2)->le == 65536u);
        BOOST_CHECK(!read(head, data + 3));
    }
    BOOST_CHECK(!read("80E2123400", 1)); // the extended form has three octets at least
    BOOST_CHECK(read("80E2123400", 2)->le == 65536u);
    BOOST_CHECK(!read("80E21234000000", 1)); // no data is no Lc
    BOOST_CHECK(!read("80E21234000000", 2));
}

BOOST_AUTO_TEST_CASE(a_response_ends_with_its_status) {
    BOOST_CHECK(!gp::parse_response({}));
    BOOST_CHECK(!gp::parse_response(hex("90")));
    BOOST_CHECK((gp::parse_response(hex("6310")) == gp::response_apdu{{}, 0x6310}));
    BOOST_CHECK((gp::parse_response(hex("0163A0")) == gp::response_apdu{hex("01"), 0x63A0}));
    BOOST_TEST(to_hex(gp::encode(gp::response_apdu{hex("01"), 0x63A0})) == "0163A0");
}

BOOST_AUTO_TEST_SUITE_END()
