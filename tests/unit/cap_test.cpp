// CAP files: one built here octet by octet, and variations of it. The ZIP around them: cap_zip_test.cpp; files of other
// people: cap_real_files_test.cpp.

#include "crypto/digest.hpp"
#include "lab/cap_writer.hpp"
#include "tests/unit/cap_sample.hpp"
#include "json/json.hpp"

using namespace tsms;
using namespace tsms::gp;
using namespace tsms::cap_test;

BOOST_AUTO_TEST_SUITE(cap)

BOOST_AUTO_TEST_CASE(small_package) {
    const sample_cap sample;
    const auto cap = parse_cap(sample.zip());
    BOOST_TEST(to_hex(cap.package_aid) == "D27600016301");
    BOOST_TEST(to_string(cap.package_version) == "1.0");
    BOOST_TEST(to_string(cap.format) == "2.2");
    BOOST_TEST(cap.package_name == "de.tsmst");
    BOOST_REQUIRE(cap.applets.size() == 1);
    BOOST_TEST(to_hex(cap.applets[0]) == "D2760001630101");
    BOOST_REQUIRE(cap.imports.size() == 3);
    BOOST_TEST(to_string(cap.imports[1].version) == "1.5");
    BOOST_TEST(cap.exports == 0u);
    BOOST_TEST(cap.java_card_version == "3.0.4");
    BOOST_TEST(cap.gp_api_version == "1.6");

    // Order: Header, Directory, Import, Applet, Class, Method, StaticField, Export, ConstantPool, RefLocation; no
    // Descriptor.
    std::string tags;
    for (std::size_t at = 0; at < cap.load_image.size();) {
        tags += std::to_string(cap.load_image[at]) + " ";
        at += 3u + static_cast<std::size_t>(cap.load_image[at + 1] << 8 | cap.load_image[at + 2]);
    }
    BOOST_TEST(tags == "1 2 4 3 6 7 8 5 9 ");
    BOOST_CHECK(cap.sha256 == crypto::sha256(cap.load_image));
    BOOST_CHECK(cap.sha1 == crypto::sha1(cap.load_image));
}

BOOST_AUTO_TEST_CASE(components_in_the_root_and_names_from_the_manifest) {
    sample_cap sample;
    sample.folder = "";
    sample.header = "DECAFFED"
                    "0102"
                    "04"
                    "0001"
                    "06D27600016301";
    sample.directory = "0010"
                       "001F"
                       "000B"
                       "001E"
                       "0002"
                       "0002"
                       "000B"
                       "000A"
                       "0004"
                       "0000"
                       "0001"
                       "000000000000"
                       "030100";
    sample.more = {
        {"META-INF/MANIFEST.MF", to_bytes(as_bytes("Manifest-Version: 1.0\r\nJava-Card-Package-Name: de.tsms.a\r\n"
                                                   " pplet\r\nOther: x\r\n"))}};
    const auto cap = parse_cap(sample.zip());
    BOOST_TEST(cap.package_name == "de.tsms.applet");
    BOOST_TEST(to_string(cap.format) == "2.1");
}

BOOST_AUTO_TEST_CASE(extended_format) {
    extended_cap sample;
    auto cap = parse_cap(sample.zip());
    BOOST_TEST(cap.extended());
    BOOST_TEST(to_string(cap.format) == "2.3");
    BOOST_TEST(to_hex(cap.package_aid) == "D27600016310");
    BOOST_TEST(to_string(cap.package_version) == "2.1");
    BOOST_TEST(cap.package_name == ""); // the CAP file's own name stands in the manifest only
    BOOST_REQUIRE(cap.packages.size() == 1);
    BOOST_CHECK((cap.packages[0] == cap_import{hex("D2760001631050"), {1, 0}}));
    BOOST_REQUIRE(cap.applets.size() == 1);
    BOOST_TEST(to_hex(cap.applets[0]) == "D2760001631001");
    BOOST_TEST(cap.imports.size() == 2u);
    BOOST_TEST(cap.java_card_version == "3.1.0");

    // The components one behind the other, StaticResources last; sizes of two and of four octets.
    sample.static_resources = "0001"
                              "0007"
                              "00000002"
                              "CAFE";
    sample.header.replace(12, 2, "0E");
    sample.export_ = "01"
                     "01"
                     "0002"
                     "0001"
                     "010001";
    cap = parse_cap(sample.zip());
    BOOST_TEST(cap.exports == 1u);
    const auto entries = sample.entries(); // in the order of tags, Export and StaticResources behind Descriptor
    bytes image;
    for (std::size_t k : {0u, 1u, 3u, 2u, 5u, 6u, 7u, 10u, 4u, 8u, 11u})
        append(image, entries[k].content);
    BOOST_CHECK(cap.load_image == image);
    BOOST_CHECK(cap.sha256 == crypto::sha256(image));
}

BOOST_AUTO_TEST_CASE(header_and_file_names_agree_on_the_extended_format) {
    const extended_cap good;
    auto sample = good;
    sample.header.replace(8, 2, "02");
    refused(sample, "flag of the extended CAP format, which CAP format 2.2");
    sample = good;
    sample.header.replace(12, 2, "04"); // without the flag: one package, compact
    refused(sample, "behind its contents");
    auto entries = good.entries();
    entries[6].name = "app/javacard/Method.cap";
    refused(make_zip(entries), "method.cap, but the Header component says that the CAP file is of the extended format");
    const sample_cap compact;
    entries = compact.entries();
    entries[5].name = "de/tsms/test/javacard/Method.capx";
    refused(make_zip(entries), "method.capx, but the Header component says that the CAP file is of the compact format");
    entries = good.entries();
    entries.push_back({"app/javacard/Method.cap", component(7, "00")});
    refused(make_zip(entries), "method.cap, but");
}

BOOST_AUTO_TEST_CASE(extended_components_must_be_what_they_say) {
    const extended_cap good;
    auto sample = good;
    sample.blocks = "01";
    refused(sample, "another number of blocks");
    sample = good;
    sample.applet.replace(18, 2, "02");
    refused(sample, "install method outside the Method component");
    sample = good;
    sample.applet.replace(20, 4, "0006"); // its block has seven octets
    refused(sample, "install method outside the Method component");
    sample = good;
    sample.method.replace(10, 8, "00000009");
    refused(sample, "offsets do not ascend");
    sample = good;
    sample.method.replace(10, 8, "00000090");
    refused(sample, "shorter than its contents");
    sample = good;
    sample.method.replace(10, 8, "00010009");
    refused(sample, "more than 65535 octets");
    sample = good;
    sample.ref_location += "00";
    refused(sample, "1 octets behind its contents");
    sample = good;
    sample.applet = "02"
                    "07D2760001631001"
                    "01"
                    "0001"
                    "07D2760002631001"
                    "01"
                    "0001";
    refused(sample, "does not start with the RID of the other applets");
    sample = good;
    sample.custom = "01"
                    "80"
                    "00000001"
                    "05D276000163";
    refused(sample, "custom components, which are not supported");

    for (const auto& [resources, reason] : {std::pair{"0000", "holds no resource"},
                                            {"0001000700008000", "more than 32767 octets"},
                                            {"00010007000000020A", "shorter than its contents"},
                                            {"000200070000000000070000000", "two resources with one id"},
                                            {"0001000700000001CAFE", "1 octets behind its contents"}}) {
        sample = good;
        sample.static_resources = resources;
        if (sample.static_resources.size() % 2 != 0)
            sample.static_resources += "0";
        refused(sample, reason);
    }
    // Format 2.2 has no StaticResources, not even as an addition.
    sample_cap old;
    old.more = {{"de/tsms/test/javacard/StaticResources.capx", big_component(13, "000100070000000142")}};
    refused(old, "has no such component");
}

BOOST_AUTO_TEST_CASE(formats_that_nobody_knows_are_refused) {
    sample_cap sample;
    sample.header.replace(8, 4, "0402");
    refused(sample, "CAP format 2.4 is not supported");
    sample.header.replace(8, 4, "0203");
    refused(sample, "CAP format 3.2 is not supported");
    sample = {};
    sample.header.replace(12, 2, "14");
    refused(sample, "flags that are reserved");
}

BOOST_AUTO_TEST_CASE(components_agree_with_one_another) {
    const sample_cap good;
    auto sample = good;
    sample.applet.replace(18, 4, "000A"); // the component has eleven octets, a method's header two
    refused(sample, "install method outside the Method component");
    sample.applet.replace(18, 4, "0000"); // the number of exception handlers
    refused(sample, "install method outside the Method component");
    sample = good;
    sample.applet = "00";
    refused(sample, "holds no applet");
    sample = good;
    sample.applet = "02" + good.applet.substr(2) + good.applet.substr(2);
    refused(sample, "two applets with one AID");
    sample = good;
    sample.method = "FF" + good.method.substr(2);
    refused(sample, "Method component is shorter than its contents");
    sample = good;
    sample.constant_pool = "000107000000";
    refused(sample, "unknown tag 7");
    sample.constant_pool = "000201000000";
    refused(sample, "ConstantPool component is shorter than its contents");
    sample = good;
    sample.class_ = "0001";
    refused(sample, "Class component is shorter than its contents");
    sample = good;
    sample.static_field = "00020000000000000000";
    refused(sample, "image of another size than its fields");
    sample.static_field = "00020001000000000000"; // one reference: a good image, but the Directory knows of none
    refused(sample, "another static field image");
    sample = good;
    sample.import = "81"; // package tokens have seven bits
    for (int k = 0; k < 0x81; ++k)
        sample.import += "000105D276000163";
    refused(sample, "imports more than 128 packages");
}

BOOST_AUTO_TEST_CASE(directory_and_exports_agree_with_the_components) {
    sample_cap sample;
    sample.header.replace(12, 2, "06");
    const zip_entry export_{"de/tsms/test/javacard/Export.cap", component(10, "01"
                                                                              "0000"
                                                                              "0000")};
    sample.more = {export_};
    refused(sample, "records another size of the Export component");
    // Sizes are the Directory's: header, itself, applet, import, constant pool, class, method, …
    const std::string sizes = "00190021000B001E00020002000B000A000400050001"
                              "0000000000000000";
    for (const auto& [counts, reason] : {std::pair{"040100", "another number of imports"},
                                         {"030200", "another number of applets"},
                                         {"030101", "custom components, which are not supported"},
                                         {"03010000", "records another size of the Directory component"}}) {
        sample.directory = sizes + counts;
        refused(sample, reason);
    }
    sample.directory = sizes + "030100";
    BOOST_TEST(parse_cap(sample.zip()).exports == 1u);
    sample.more[0].content = component(10, "01"
                                           "0002"
                                           "0000");
    refused(sample, "exports a class beyond the Class component");
    sample.more[0].content = component(10, "0000000000");
    refused(sample, "4 octets behind its contents");
    sample.directory = "00190021000B001E00020002000B000A000400010001"
                       "0000000000000000"
                       "030100";
    sample.more[0].content = component(10, "00");
    refused(sample, "exports nothing");
}

BOOST_AUTO_TEST_CASE(components_end_with_their_contents) {
    const sample_cap good;
    for (const auto* name : {"Import", "Applet", "StaticField", "RefLocation", "ConstantPool"}) {
        auto longer = good;
        auto& body = name == std::string("Import")        ? longer.import
                     : name == std::string("Applet")      ? longer.applet
                     : name == std::string("StaticField") ? longer.static_field
                     : name == std::string("RefLocation") ? longer.ref_location
                                                          : longer.constant_pool;
        body += "00";
        refused(longer, std::string(name) + " component has 1 octets behind its contents");
    }
    auto sample = good;
    sample.header += "00";
    refused(sample, "Header component has 1 octets behind its contents");
    auto entries = good.entries();
    entries[8].content = component(11, "0000");
    refused(make_zip(entries), "records another size of the Descriptor component");
    // It is not loaded, and some tools leave it out.
    BOOST_CHECK(parse_cap(without(good.entries(), "Descriptor.cap")).load_image == parse_cap(good.zip()).load_image);
}

BOOST_AUTO_TEST_CASE(component_names_have_no_case) {
    const sample_cap good;
    auto entries = good.entries();
    for (auto& e : entries)
        e.name = lower(e.name);
    BOOST_CHECK(parse_cap(make_zip(entries)).load_image == parse_cap(good.zip()).load_image);
}

BOOST_AUTO_TEST_CASE(components_must_be_what_they_say) {
    const sample_cap good;
    for (const auto* name : {"Header.cap", "Directory.cap", "Import.cap", "ConstantPool.cap", "Class.cap", "Method.cap",
                             "StaticField.cap", "RefLocation.cap"})
        refused(without(good.entries(), name), "component is missing");
    refused(without(good.entries(), "Applet.cap"), "another size of the Applet component");

    auto entries = good.entries();
    entries[5].content.push_back(0);
    refused(make_zip(entries), "size of the Method component is not the size of its file");
    entries = good.entries();
    entries[5].content[0] = 6;
    refused(make_zip(entries), "method.cap holds another component");
    entries = good.entries();
    entries[5].content.clear();
    refused(make_zip(entries), "shorter than its contents");

    auto sample = good;
    sample.header = "DECAFFEE" + good.header.substr(8);
    refused(sample, "DECAFFED");
    sample = good;
    sample.header = "DECAFFED"
                    "0202"
                    "04"
                    "0001"
                    "06D276";
    refused(sample, "shorter than its contents");
    sample = good;
    sample.header = "DECAFFED"
                    "0202"
                    "04"
                    "0001"
                    "04D2760001"
                    "00";
    refused(sample, "5 to 16 octets");
    sample = good;
    sample.header = "DECAFFED"
                    "0202"
                    "00"
                    "0001"
                    "06D27600016301"
                    "00";
    refused(sample, "applet flag contradicts");
    sample = good;
    sample.header = "DECAFFED"
                    "0202"
                    "06"
                    "0001"
                    "06D27600016301"
                    "00";
    refused(sample, "export flag contradicts");
    sample = good;
    sample.applet = "01"
                    "07A000000063010101"
                    "0008";
    refused(sample, "install method outside the Method component");
    sample = good;
    sample.applet = "01"
                    "07A0000000630101"
                    "0008";
    refused(sample, "RID of its package");
    sample = good;
    sample.import = "04" + good.import.substr(2);
    refused(sample, "Import component is shorter than its contents");
    sample.import = "02" + good.import.substr(2);
    refused(sample, "Import component has 9 octets behind its contents");
}

BOOST_AUTO_TEST_CASE(requirements_table) {
    const auto needs = [](const char* aid, std::uint8_t minor, cap_version format = {2, 1}) {
        return java_card_version_of(format, {{hex(aid), {1, minor}}});
    };
    BOOST_TEST(needs("A0000000620101", 0) == "2.1.1");
    BOOST_TEST(needs("A0000000620101", 1) == "2.2.0");
    BOOST_TEST(needs("A0000000620101", 6) == "3.0.5");
    BOOST_TEST(needs("A0000000620101", 9) == "3.2.0");
    BOOST_TEST(needs("A0000000620101", 7) == ""); // no kit has it
    BOOST_TEST(needs("A0000000620001", 0) == "2.1.1");
    BOOST_TEST(needs("A0000000620001", 1) == "");
    BOOST_TEST(needs("A0000000620102", 6) == "3.0.5"); // javacard.security and javacardx.crypto count apart
    BOOST_TEST(needs("A0000000620102", 7) == "3.1.0");
    BOOST_TEST(needs("A0000000620201", 8) == "3.2.0");
    BOOST_TEST(needs("A000000062020804", 0) == "3.0.4"); // javacardx.framework.string
    BOOST_TEST(needs("A000000062020502", 0) == "3.1.0"); // javacardx.security.derivation
    BOOST_TEST(needs("D27600016301", 0) == "");

    // The most demanding import counts; the format is a demand too, but no clue by itself.
    const cap_import lang{hex("A0000000620001"), {1, 0}};
    const cap_import framework{hex("A0000000620101"), {1, 3}};
    const cap_import security{hex("A0000000620102"), {1, 5}};
    BOOST_TEST(java_card_version_of({2, 1}, {lang, framework, security}) == "3.0.4");
    BOOST_TEST(java_card_version_of({2, 1}, {lang, framework, {hex("A0000000620102"), {1, 99}}}) == "2.2.2");
    BOOST_TEST(java_card_version_of({2, 1}, {{hex("A0000000620101"), {1, 99}}, security}) == "");
    BOOST_TEST(needs("A0000000620101", 0, {2, 2}) == "2.2.0");
    BOOST_TEST(needs("A0000000620101", 5, {2, 3}) == "3.1.0");
    BOOST_TEST(java_card_version_of({2, 3}, {}) == "");
}

BOOST_AUTO_TEST_CASE(gp_api_is_told_by_its_own_package_only) {
    BOOST_TEST(gp_api_version_of({}) == "");
    std::vector<cap_import> others;
    for (const auto* aid :
         {"A00000015102", "A00000015103", "A00000015104", "A00000015105", "A00000015106", "A00000015107",
          "A0000000090005FFFFFFFF8911000000",  // uicc.access
          "A0000000090005FFFFFFFF8912000000"}) // uicc.toolkit
        others.push_back({hex(aid), {1, 9}});
    BOOST_TEST(gp_api_version_of(others) == "");
    BOOST_TEST(java_card_version_of({2, 1}, others) == "");
    others.push_back({hex("A00000015100"), {1, 6}});
    BOOST_TEST(gp_api_version_of(others) == "1.6");
}

BOOST_AUTO_TEST_SUITE_END()
