// The TSM-internal part of a profile file: what it may say of a card, and what is refused because no card can be so.

#include "store/profile_internals.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;

namespace {

model::card_parameters card(std::string_view members) {
    const auto parsed = json::parse("{" + std::string(members) + "}");
    return store::read_card_parameters(*parsed.as_object());
}

void refused(std::string_view members, std::string_view name) {
    BOOST_TEST_CONTEXT(members)
    BOOST_CHECK_EXCEPTION(card(members), json::parse_error, [&](const json::parse_error& e) {
        return std::string_view(e.what()).find(name) != std::string_view::npos;
    });
}

} // namespace

BOOST_AUTO_TEST_SUITE(profile_internals)

BOOST_AUTO_TEST_CASE(a_card_of_defaults) {
    const auto c = card("");
    BOOST_TEST(c.scp03_mode == 8);
    BOOST_TEST(int{c.minimum_level} == 0x33);
    BOOST_TEST(c.key_bits == 128);
    BOOST_TEST(c.ara == "none");
    BOOST_TEST(c.rules_read_back); // a card that does not tell its rules is the exception that a profile names
    BOOST_TEST(!card(R"("rulesReadBack": false)").rules_read_back);
    BOOST_TEST(c.key_form == "length");
    BOOST_TEST(card(R"("keyForm": "bare")").key_form == "bare");
    BOOST_TEST(c.challenge_counter);
    BOOST_TEST(!card(R"("challengeCounter": false)").challenge_counter);
}

BOOST_AUTO_TEST_CASE(what_a_card_can_be) {
    const auto c =
        card(R"("scp03Mode": "S16", "keyBits": 256, "minimumLevel": 19, "extendedLength": true, "blockSize": 2000)");
    BOOST_TEST(c.scp03_mode == 16);
    BOOST_TEST(c.key_bits == 256);
    BOOST_TEST(int{c.minimum_level} == 0x13);
    BOOST_TEST(c.block_size == 2000);
    BOOST_TEST(card(R"("blockSize": 239)").block_size == 239);
    BOOST_TEST(card(R"("blockSize": 247, "minimumLevel": 17)").block_size == 247);
    BOOST_TEST(card(R"("blockSize": 223, "scp03Mode": "S16")").block_size == 223);
    BOOST_TEST(card(R"("privilegeBytes": 1)").privilege_bytes == 1);
    BOOST_TEST(card("").isd_aid == "");
    BOOST_TEST(card(R"("isdAid": "a000000151000000")").isd_aid == "A000000151000000");
    BOOST_TEST(card(R"("tsmSdAid": "d276000163abcdef")").tsm_sd_aid == "D276000163ABCDEF");
}

BOOST_AUTO_TEST_CASE(what_no_card_can_be) {
    refused(R"("scp03mode": "S8")", "scp03mode");
    refused(R"("scp03Mode": 16)", "scp03Mode");
    refused(R"("scp03Mode": "S32")", "S16");
    refused(R"("keyBits": 160)", "keyBits");
    refused(R"("keyBits": 512)", "keyBits");
    for (const auto* level : {"0", "2", "16", "35", "256", "\"33\""})
        refused(R"("minimumLevel": )" + std::string(level), "minimumLevel");
    refused(R"("blockSize": 240)", "239");
    refused(R"("blockSize": 224, "scp03Mode": "S16")", "223");
    refused(R"("blockSize": 65536, "extendedLength": true)", "blockSize");
    refused(R"("privilegeBytes": 2)", "1 or 3");
    refused(R"("tsmSdAid": "D276")", "tsmSdAid");
    refused(R"("sdModuleAid": "D27600016354534D00D27600016354534D00")", "sdModuleAid");
    refused(R"("sdInstallParameters": "8102")", "sdInstallParameters");
    refused(R"("tsmKeyVersion": 49)", "different"); // is that of the rotated keys
    refused(R"("serviceKeyVersion": 200)", "127");
    refused(R"("ara": "yes")", "ara");
    refused(R"("keyForm": "long")", "keyForm");
    refused(R"("keyForm": 1)", "keyForm");
    refused(R"("challengeCounter": "no")", "challengeCounter");
    refused(R"("aracAid": "D276")", "aracAid");
    refused(R"("aracAid": "D27600016354534D0001")", "aracAid");
    refused(R"("instanceFollowsElfDomain": true)", "instanceFollowsElfDomain"); // DIV-017
}

BOOST_AUTO_TEST_SUITE_END()
