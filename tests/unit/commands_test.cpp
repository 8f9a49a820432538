// Builders and parsers of GlobalPlatform's commands. Expected octets are written out by hand from GPCS 11.

#include "gp/access_rules.hpp"
#include "gp/card_data.hpp"
#include "gp/commands.hpp"
#include "gp/install_parameters.hpp"
#include "gp/registry.hpp"
#include "gp/tlv.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::gp;

namespace {

const bytes package = hex("D27600016301");
const bytes module = hex("D2760001630101");
const bytes instance = hex("D276000163010101");
const bytes domain = hex("D27600016354534D0001");

std::string text(const command_apdu& command) {
    return to_hex(encode(command));
}

crypto::encrypted_keys some_keys(std::size_t octets) {
    crypto::encrypted_keys keys;
    for (std::uint8_t k = 0; k < 3; ++k)
        keys[k] = {bytes(octets, static_cast<std::uint8_t>(0xA0 + k)), bytes(3, static_cast<std::uint8_t>(0xC0 + k))};
    return keys;
}

} // namespace

BOOST_AUTO_TEST_SUITE(commands)

BOOST_AUTO_TEST_CASE(reading) {
    BOOST_TEST(text(select({})) == "00A4040000");
    BOOST_TEST(text(select(package)) == "00A4040006D2760001630100");
    BOOST_TEST(text(get_data(0x9F7F)) == "80CA9F7F00");
    BOOST_TEST(text(get_data(0x66)) == "80CA006600");
    BOOST_TEST(text(get_status(registry_scope::applications)) == "80F240020A4F005C064F9F70C5C4CC00");
    BOOST_TEST(text(get_status(registry_scope::load_files_and_modules, package, true)) ==
               "80F21003114F06D276000163015C074F9F70C5CCCE8400");
    BOOST_TEST(text(initialize_update(0x30, hex("0102030405060708"))) == "8050300008010203040506070800");
}

BOOST_AUTO_TEST_CASE(installing) {
    BOOST_TEST(text(install_for_load(package, domain, bytes(32, 0xAA))) == "80E60200"
                                                                           "35"
                                                                           "06D27600016301"
                                                                           "0AD27600016354534D0001"
                                                                           "20" +
                                                                               to_hex(bytes(32, 0xAA)) +
                                                                               "0000"
                                                                               "00");
    const instance_description description{package, module, instance, privilege::cvm_management, 1, hex("C90101")};
    const std::string fields = "06D27600016301"
                               "07D2760001630101"
                               "08D276000163010101"
                               "0102"
                               "03C90101"
                               "00";
    BOOST_TEST(text(install_for_install(description)) == "80E604001F" + fields + "00");
    BOOST_TEST(text(install_and_make_selectable(description)) == "80E60C001F" + fields + "00");
    BOOST_TEST(text(install_for_make_selectable(instance, 0)) == "80E6080011"
                                                                 "0000"
                                                                 "08D276000163010101"
                                                                 "03000000"
                                                                 "0000"
                                                                 "00");
    BOOST_TEST(text(install_for_extradition(domain, instance)) == "80E6100018"
                                                                  "0AD27600016354534D0001"
                                                                  "00"
                                                                  "08D276000163010101"
                                                                  "000000"
                                                                  "00");
    BOOST_TEST(text(install_for_personalization(instance)) == "80E620000E"
                                                              "0000"
                                                              "08D276000163010101"
                                                              "000000"
                                                              "00");
    BOOST_TEST(text(install_for_registry_update(domain, instance, privilege::privacy_trusted)) ==
               "80E640001B"
               "0AD27600016354534D0001"
               "00"
               "08D276000163010101"
               "03000008"
               "0000"
               "00");

    auto bare = description;
    bare.parameters.clear();
    BOOST_TEST(to_hex(install_for_install(bare).data).ends_with("02C90000")); // C9 is mandatory
    bare.parameters = encode_tlv(0xC9, bytes(200));
    BOOST_TEST(to_hex(install_for_install(bare).data).find("81CBC981C8") != std::string::npos); // GPCS 11.1.5
    bare.instance_aid = bytes(300);
    BOOST_CHECK_THROW(install_for_install(bare), std::length_error);
}

BOOST_AUTO_TEST_CASE(privileges_of_one_and_three_octets) {
    BOOST_TEST(to_hex(encode_privileges(privilege::security_domain | privilege::authorized_management, 3)) == "804000");
    BOOST_TEST(to_hex(encode_privileges(privilege::security_domain, 1)) == "80");
    BOOST_CHECK_THROW(encode_privileges(privilege::global_service, 1), std::invalid_argument);
    BOOST_CHECK_THROW(encode_privileges(0, 2), std::invalid_argument);
    BOOST_TEST(*privilege_from_name("CVMManagement") == 0x020000u);
    BOOST_TEST(*privilege_from_name("GlobalService") == 0x000100u);
    BOOST_TEST(*privilege_from_name("ContactlessSelfActivation") == 0x000010u);
    BOOST_TEST(*privilege_from_name("PrivacyTrusted") == 0x000008u);
    BOOST_TEST(!privilege_from_name("SecurityDomain").has_value());
    BOOST_TEST(*parse_privileges(hex("80")) == 0x800000u);
    BOOST_TEST(!parse_privileges(hex("8000")).has_value());
}

BOOST_AUTO_TEST_CASE(loading) {
    bytes image(1000);
    for (std::size_t k = 0; k < image.size(); ++k)
        image[k] = static_cast<std::uint8_t>(k * 7);
    const auto blocks = load(image, 239);
    BOOST_TEST(blocks.size() == 5u);
    BOOST_TEST(load_block_count(image.size(), 239) == 5u);
    bytes together;
    for (std::size_t k = 0; k < blocks.size(); ++k) {
        BOOST_TEST(blocks[k].ins == 0xE8);
        BOOST_TEST(blocks[k].p1 == (k == 4 ? 0x80 : 0x00));
        BOOST_TEST(blocks[k].p2 == k);
        append(together, blocks[k].data);
    }
    BOOST_TEST(to_hex(bytes_view(together).first(4)) == "C48203E8");
    BOOST_CHECK(bytes(together.begin() + 4, together.end()) == image);
    BOOST_TEST(load(bytes(235), 239).size() == 1u); // 81 EB: 238 octets with tag and length
    BOOST_TEST(load(bytes(236), 239).size() == 1u);
    BOOST_TEST(load(bytes(237), 239).size() == 2u);

    // The block number is one octet: 61184 octets of S8 data at level 33 (procedures, sizes), tag and length included.
    BOOST_TEST(load(bytes(256 * 239 - 4), 239).size() == 256u);
    BOOST_TEST(load_block_count(256 * 239 - 4, 239) == 256u);
    BOOST_TEST(load_block_count(256 * 239 - 3, 239) == 257u);
    BOOST_CHECK_THROW(load(bytes(256 * 239 - 3), 239), std::length_error);
    BOOST_CHECK_THROW(load(bytes(10), 0), std::length_error);
    for (std::size_t size : {0u, 1u, 127u, 128u, 255u, 256u, 4000u})
        BOOST_TEST(load(bytes(size), 100).size() == load_block_count(size, 100));
    // Extended length: the length of C4 takes four octets from 65536 on.
    for (std::size_t size : {0xFFFFu, 0x10000u, 0x10000u + 1991, 0x10000u + 1992})
        BOOST_TEST(load(bytes(size), 2000).size() == load_block_count(size, 2000));
}

BOOST_AUTO_TEST_CASE(deleting_and_states) {
    BOOST_TEST(text(delete_object(instance)) == "80E400000A4F08D27600016301010100");
    BOOST_TEST(text(delete_object(package, true)) == "80E40080084F06D2760001630100");
    BOOST_TEST(text(delete_keys(0x30)) == "80E4000003D2013000");
    BOOST_TEST(text(set_status(status_type::application, life_cycle::personalized, instance)) ==
               "80F0400F08D276000163010101");
    BOOST_TEST(text(set_status(status_type::domain_with_applications, life_cycle::locked, instance)) ==
               "80F0608008D276000163010101");
}

BOOST_AUTO_TEST_CASE(keys) {
    const auto keys = some_keys(16);
    const auto command = put_keys(0x00, 0x31, 128, keys);
    BOOST_TEST(to_hex(bytes_view(encode(command)).first(6)) == "80D800814631");
    BOOST_TEST(to_hex(bytes_view(command.data).subspan(1, 23)) == "881110" + to_hex(keys[0].cryptogram) + "03C0C0C0");
    const auto long_keys = put_keys(0x30, 0x31, 192, some_keys(32)); // SCP03 7.2: clear length 24, cryptogram 32
    BOOST_TEST(to_hex(bytes_view(long_keys.data).subspan(1, 3)) == "882118");
    // GPCS 2.3, tables 11-70 and 11-71: the cryptogram alone.
    const auto bare = put_keys(0x00, 0x31, 128, keys, key_form::bare);
    BOOST_TEST(to_hex(bytes_view(encode(bare)).first(6)) == "80D800814331");
    BOOST_TEST(to_hex(bytes_view(bare.data).subspan(1, 22)) == "8810" + to_hex(keys[0].cryptogram) + "03C0C0C0");
    BOOST_TEST(to_hex(key_dgis(0x20, 128, keys, key_form::bare)).substr(40, 42) ==
               "811313" + to_hex(keys[0].cryptogram) + "C0C0");
    BOOST_TEST(put_keys_untold({}, 0x31));
    BOOST_TEST(put_keys_untold(hex("31"), 0x31));
    BOOST_TEST(!put_keys_untold(hex("30"), 0x31));
    BOOST_TEST(!put_keys_untold(hex("31C0C0C0"), 0x31));
    BOOST_TEST(put_keys_confirmed(hex("31C0C0C0C1C1C1C2C2C2"), 0x31, keys));
    BOOST_TEST(!put_keys_confirmed(hex("30C0C0C0C1C1C1C2C2C2"), 0x31, keys));
    BOOST_TEST(!put_keys_confirmed(hex("31C0C0C0C1C1C1C2C2"), 0x31, keys));

    const auto dgis = to_hex(key_dgis(0x20, 128, keys));
    BOOST_TEST(dgis.substr(0, 82) == "00B911B90F950138800188810110820101830120"
                                     "81131410" +
                                         to_hex(keys[0].cryptogram) + "C0");
    BOOST_TEST(dgis.find("820103830120"
                         "81131410A2A2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(storing) {
    const auto chain = store_data(bytes(500, 0x11), 239, store_data_format::ber_tlv);
    BOOST_TEST(chain.size() == 3u);
    BOOST_TEST(chain[0].p1 == 0x10);
    BOOST_TEST(chain[2].p1 == 0x90); // AMB-167
    BOOST_TEST(chain[2].p2 == 2);
    BOOST_TEST(chain[2].data.size() == 22u);
    bytes dgi;
    append_dgi(dgi, 0x8113, bytes(254));
    append_dgi(dgi, 0x8113, bytes(255));
    BOOST_TEST(to_hex(bytes_view(dgi).first(3)) == "8113FE");
    BOOST_TEST(to_hex(bytes_view(dgi).subspan(257, 5)) == "8113FF00FF");
}

BOOST_AUTO_TEST_CASE(install_parameters_are_siblings) {
    const auto of = [](const char* configured, const std::map<std::string, std::string>& values = {}) {
        return to_hex(install_parameters(configured, values));
    };
    BOOST_TEST(of("") == "");
    BOOST_TEST(of("C9 02 01 02") == "C9020102");
    BOOST_TEST(of("81:02:03:70") == "C90481020370");
    BOOST_TEST(of("C9020102EF04C7020100EA028000") == "C9020102EF04C7020100EA028000");
    BOOST_TEST(of("EF04C7020100") == "C900EF04C7020100"); // C9 is mandatory
    BOOST_TEST(of("80810101") == "C90480810101");         // as it was written
    BOOST_TEST(of("8002${pin}", {{"pin", "1234"}, {"unused", "zz"}}) == "C90480021234");
}

BOOST_AUTO_TEST_CASE(install_parameters_that_are_none) {
    for (const auto* bad : {"8", "C902", "C90201020", "zz", "C 9020102", "C9020102FF"})
        BOOST_CHECK_THROW(install_parameters(bad), parameter_error);
    BOOST_CHECK_THROW(install_parameters("8002${pin}"), parameter_error);
    BOOST_CHECK_THROW(install_parameters("8002${pin", {{"pin", "1234"}}), parameter_error);
    // A value brings no placeholders of its own.
    BOOST_CHECK_THROW(install_parameters("8002${a}", {{"a", "${b}"}, {"b", "1234"}}), parameter_error);
    BOOST_CHECK_THROW(install_parameters(to_hex(encode_tlv(0x80, bytes(251)))), parameter_error);
}

BOOST_AUTO_TEST_CASE(registry_entries) {
    const auto first = hex("E3274F08D2760001630101019F700107C503020000C406D27600016301CC0A"
                           "D27600016354534D0001"
                           "E3");
    const auto second = hex("194F06D276000163019F700101CE0201008407D2760001630101");
    // One entry is split over two answers (6310).
    const auto entries = parse_registry({first, second});
    BOOST_REQUIRE(entries.has_value());
    BOOST_REQUIRE(entries->size() == 2);
    BOOST_TEST(to_hex((*entries)[0].aid) == "D276000163010101");
    BOOST_TEST((*entries)[0].life_cycle == 0x07);
    BOOST_TEST((*entries)[0].rights == privilege::cvm_management);
    BOOST_TEST(to_hex((*entries)[0].load_file_aid) == "D27600016301");
    BOOST_TEST(to_hex((*entries)[0].security_domain_aid) == to_hex(domain));
    BOOST_TEST(to_hex((*entries)[1].version) == "0100");
    BOOST_REQUIRE((*entries)[1].modules.size() == 1);
    BOOST_TEST(find_entry(*entries, package) == &(*entries)[1]);
    BOOST_TEST(find_entry(*entries, module) == nullptr);
    BOOST_TEST(parse_registry({})->empty());
    for (const auto* bad : {"E3", "E3034F01D2", "6F00", "E3094F05D2760001639F70", "E30B4F05D276000163C5020000"})
        BOOST_TEST(!parse_registry({hex(bad)}).has_value());
    BOOST_TEST(!parse_registry({first}).has_value());
}

BOOST_AUTO_TEST_CASE(card_data) {
    bytes cplc(42);
    for (std::size_t k = 0; k < cplc.size(); ++k)
        cplc[k] = static_cast<std::uint8_t>(k);
    BOOST_CHECK(parse_cplc(encode_tlv(0x9F7F, cplc)) == cplc);
    BOOST_CHECK(parse_cplc(cplc) == cplc);
    BOOST_TEST(!parse_cplc(bytes(41)).has_value());

    const auto recognition = parse_card_recognition(hex("66377335"
                                                        "06072A864886FC6B01"
                                                        "600C060A2A864886FC6B02020301"
                                                        "630906072A864886FC6B03"
                                                        "640B06092A864886FC6B040370"
                                                        "640406022B85"));
    BOOST_REQUIRE(recognition.has_value());
    BOOST_TEST(recognition->gp_version == "2.3.1");
    BOOST_REQUIRE(recognition->protocols.size() == 1);
    BOOST_TEST(recognition->protocols[0].scp == 3);
    BOOST_TEST(recognition->protocols[0].i == 0x70);

    const auto resources = parse_card_resources(hex("FF210E810105820400012345830310ABCD"));
    BOOST_REQUIRE(resources.has_value());
    BOOST_TEST(resources->applications == 5u);
    BOOST_TEST(resources->non_volatile == 0x12345u);
    BOOST_TEST(resources->volatile_ == 0x10ABCDu);
    BOOST_TEST(!parse_card_resources(hex("FF2103820501")).has_value());

    const auto keys = parse_key_information(hex("E00CC00401308810C00402308810"));
    BOOST_REQUIRE(keys.has_value());
    BOOST_TEST(keys->size() == 2u);
    BOOST_TEST((*keys)[1].identifier == 2);
    BOOST_TEST((*keys)[1].version == 0x30);
    BOOST_TEST((*keys)[1].length == 16);

    const auto fci = parse_fci(hex("6F108408A000000151000000A5049F6501FF"));
    BOOST_TEST(to_hex(fci.aid) == "A000000151000000");
    BOOST_TEST(*fci.longest_data == 255u);
    BOOST_TEST(parse_fci({}).aid.empty());
}

BOOST_AUTO_TEST_CASE(access_rules) {
    const access_rule rule{instance, bytes(20, 0xAB), true, false};
    const std::string reference = "E1204F08D276000163010101C114" + to_hex(bytes(20, 0xAB));
    const std::string whole = "E22A" + reference + "E306D00101D10100";
    BOOST_TEST(to_hex(encode_rule(rule)) == whole);
    const auto stored = store_rule(rule, 239);
    BOOST_REQUIRE(stored.size() == 1);
    BOOST_TEST(text(stored[0]) == "80E290002EF02C" + whole);
    BOOST_TEST(text(delete_rule(rule, 239)[0]) == "80E2900024F122" + reference);
    BOOST_TEST(text(register_client(domain, 239)[0]) == "80E290000EF70C4F0AD27600016354534D0001");
    BOOST_TEST(text(get_all_rules()) == "80CAFF4000");

    // Long answers are continued with GET DATA [Next].
    const auto all = encode_tlv(0xFF40, hex(whole));
    const auto rules = parse_rules({to_bytes(bytes_view(all).first(20)), to_bytes(bytes_view(all).subspan(20))});
    BOOST_REQUIRE(rules.has_value());
    BOOST_REQUIRE(rules->size() == 1);
    BOOST_CHECK(rules->front() == rule);
    BOOST_TEST(parse_rules({hex("FF4000")})->empty());
    BOOST_TEST(!parse_rules({hex("FF4002E200")}).has_value());
    BOOST_TEST(!parse_rules({hex("FF40")}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
