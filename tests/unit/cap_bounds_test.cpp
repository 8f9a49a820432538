// A hostile CAP file at the borders: the last octet of a block or component that still counts, and the first that does
// not (JCVM 3.1, chapter 6).

#include "gp/cap_components.hpp"
#include "tests/unit/cap_sample.hpp"

using namespace tsms;
using namespace tsms::gp;
using namespace tsms::cap_test;

namespace {

std::string zeros(std::size_t octets) {
    return std::string(2 * octets, '0');
}

template <class Cap> void accepted(const Cap& cap) {
    BOOST_CHECK_NO_THROW(parse_cap(cap.zip()));
}

/// One block of methods of so many octets, without handlers.
extended_cap with_block(std::size_t octets) {
    extended_cap sample;
    sample.method = "01"
                    "00000005" +
                    zeros(octets);
    sample.blocks = "01";
    sample.applet.replace(18, 2, "00");
    return sample;
}

std::size_t octets_of(const std::vector<zip_entry>& entries) {
    std::size_t sum = 0;
    for (const auto& e : entries)
        sum += e.content.size();
    return sum;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cap_bounds)

BOOST_AUTO_TEST_CASE(an_aid_has_5_to_16_octets) {
    const auto with_aid = [](std::size_t octets) {
        extended_cap sample; // whose applet need not have the RID of the package
        sample.header.replace(18, 14, extended_cap::number(octets, 1) + std::string(2 * octets, 'D'));
        return sample;
    };
    refused(with_aid(4), "an AID of 4 octets");
    BOOST_TEST(parse_cap(with_aid(5).zip()).package_aid.size() == 5u);
    BOOST_TEST(parse_cap(with_aid(16).zip()).package_aid.size() == 16u);
    refused(with_aid(17), "an AID of 17 octets");
}

BOOST_AUTO_TEST_CASE(a_block_has_at_most_65535_octets) { // 6.10.1
    accepted(with_block(65535));
    refused(with_block(65536), "a block of more than 65535 octets");
    auto sample = with_block(65535); // the first of two
    sample.method = "02"
                    "00000009"
                    "00010008" +
                    zeros(65535) + zeros(3);
    sample.blocks = "02";
    accepted(sample);
    sample.method.replace(10, 8, "00010009");
    sample.method += "00";
    refused(sample, "a block of more than 65535 octets");
    sample.method.replace(10, 8, "00000009"); // an empty block is no block: not even the number of its handlers
    refused(sample, "offsets do not ascend");
}

BOOST_AUTO_TEST_CASE(handlers_end_within_their_block) { // 6.10.3
    const auto with_handlers = [](const char* count, std::size_t behind) {
        sample_cap sample;
        sample.method = count + zeros(behind);
        sample.applet.replace(18, 4, extended_cap::number(behind - 1, 2)); // the last place for a method's header
        return sample;
    };
    accepted(with_handlers("01", 8 + 2));
    refused(with_handlers("01", 7), "shorter than its contents");
    accepted(with_handlers("FF", 255 * 8 + 2));
    refused(with_handlers("FF", 255 * 8 - 1), "shorter than its contents");
    refused(with_handlers("01", 8 + 1), "install method outside"); // its header would overlap the handler
    refused(with_handlers("01", 8), "install method outside");
}

BOOST_AUTO_TEST_CASE(a_method_needs_room_for_its_header) { // 6.10.4
    const method_block block{9, 20};
    BOOST_TEST(!block.has_method_at(8));
    BOOST_TEST(block.has_method_at(9));
    BOOST_TEST(block.has_method_at(18));
    BOOST_TEST(!block.has_method_at(19));
    BOOST_TEST(!block.has_method_at(20));
    extended_cap sample; // the second block has seven octets
    sample.applet.replace(20, 4, "0005");
    accepted(sample);
    sample.applet.replace(20, 4, "0006");
    refused(sample, "install method outside");
    sample.applet.replace(18, 6, "010000"); // the number of its handlers
    refused(sample, "install method outside");
}

BOOST_AUTO_TEST_CASE(package_tokens_have_seven_bits) { // 6.7
    const auto with_imports = [](std::size_t count) {
        extended_cap sample;
        sample.import = extended_cap::number(count, 1);
        for (std::size_t k = 0; k < count; ++k)
            sample.import += "000105D276000163";
        return sample;
    };
    BOOST_TEST(parse_cap(with_imports(128).zip()).imports.size() == 128u);
    refused(with_imports(129), "imports more than 128 packages");
    auto one_more = with_imports(127);
    one_more.import.replace(0, 2, "80");
    refused(one_more, "Import component is shorter than its contents");
}

BOOST_AUTO_TEST_CASE(constants_have_six_tags) { // 6.8
    const auto with_tag = [](int tag) {
        sample_cap sample;
        sample.constant_pool = "0001" + extended_cap::number(static_cast<std::size_t>(tag), 1) + "000000";
        return sample;
    };
    for (int tag = 1; tag <= 6; ++tag)
        accepted(with_tag(tag));
    refused(with_tag(0), "unknown tag 0");
    refused(with_tag(7), "unknown tag 7");
    auto cut = with_tag(1);
    cut.constant_pool.resize(cut.constant_pool.size() - 2);
    refused(cut, "ConstantPool component is shorter than its contents");
}

BOOST_AUTO_TEST_CASE(a_signature_pool_ends_within_its_component) { // 6.9
    sample_cap sample;
    sample.class_ = "0003" + zeros(3);
    accepted(sample);
    sample.class_ = "0004" + zeros(3);
    refused(sample, "Class component is shorter than its contents");
}

BOOST_AUTO_TEST_CASE(distances_of_both_widths_fill_their_component) { // 6.12
    sample_cap sample;
    sample.ref_location = "0001"
                          "AA"
                          "0002"
                          "BBBB";
    accepted(sample);
    sample.ref_location = "0001"
                          "AA"
                          "0003"
                          "BBBB";
    refused(sample, "RefLocation component is shorter than its contents");
    sample.ref_location = "0001"
                          "AA"
                          "0001"
                          "BBBB";
    refused(sample, "1 octets behind its contents");
    sample.ref_location = "0000"; // without the second
    refused(sample, "RefLocation component is shorter than its contents");
}

BOOST_AUTO_TEST_CASE(exported_classes_are_in_the_class_component) { // 6.13
    const auto exporting = [](const std::string& package) {
        extended_cap sample;
        sample.header.replace(12, 2, "0E");
        sample.export_ = "01" + package;
        return sample;
    };
    const extended_cap plain;
    const auto classes = plain.class_.size() / 2;
    const auto one_at = [&](std::size_t offset) { return "01" + extended_cap::number(offset, 2) + "0000"; };
    BOOST_TEST(parse_cap(exporting(one_at(classes - 1)).zip()).exports == 1u);
    refused(exporting(one_at(classes)), "exports a class beyond the Class component");
    // Two octets for a field, three for a method of the extended format.
    accepted(exporting("01"
                       "0000"
                       "0101"
                       "AAAA"
                       "BBBBBB"));
    refused(exporting("01"
                      "0000"
                      "0101"
                      "AAAA"
                      "BBBB"),
            "shorter than its contents");
    refused(exporting("01"
                      "0000"
                      "0101"
                      "AAAA"
                      "BBBBBBBB"),
            "1 octets behind its contents");
    refused(exporting("00"), "exports nothing");
}

BOOST_AUTO_TEST_CASE(a_resource_has_at_most_32767_octets) { // 6.2, tag 13
    const auto with_resource = [](std::size_t octets) {
        extended_cap sample;
        sample.static_resources = "0001"
                                  "0007" +
                                  extended_cap::number(octets, 4) + zeros(octets);
        return sample;
    };
    accepted(with_resource(0));
    accepted(with_resource(32767));
    refused(with_resource(32768), "a resource of more than 32767 octets");
}

BOOST_AUTO_TEST_CASE(the_image_of_static_fields_is_the_sum_of_them) { // 6.11
    const auto read = [](const char* body) { return read_static_field(component_reader(static_field, hex(body))); };
    // image, references, arrays, default octets, others
    const auto good = read("0007"
                           "0001"
                           "0001"
                           "03"
                           "0002"
                           "AABB"
                           "0003"
                           "0002"
                           "CCDD");
    BOOST_TEST(good.image == 7u);
    BOOST_TEST(good.arrays == 1u);
    BOOST_TEST(good.array_octets == 2u);
    for (const auto* body : {"0006"
                             "0001"
                             "0000"
                             "0003"
                             "0002"
                             "CCDD",
                             "0008"
                             "0001"
                             "0000"
                             "0003"
                             "0002"
                             "CCDD",
                             "0007"
                             "0001"
                             "0000"
                             "0003"
                             "0003"
                             "CCDD",
                             "0007"
                             "0001"
                             "0000"
                             "0003"
                             "0001"
                             "CCDD",
                             "0007"
                             "0001"
                             "0001"
                             "03"
                             "0003"
                             "AABB"})
        BOOST_CHECK_THROW(read(body), cap_error);
}

BOOST_AUTO_TEST_CASE(formats_from_2_1_to_2_3) {
    const auto of_format = [](const char* minor_major) {
        sample_cap sample;
        sample.header.replace(8, 4, minor_major);
        return sample;
    };
    refused(of_format("0002"), "CAP format 2.0 is not supported");
    refused(of_format("0402"), "CAP format 2.4 is not supported");
    refused(of_format("0201"), "CAP format 1.2 is not supported");
    refused(of_format("0103"), "CAP format 3.1 is not supported");
    // 2.1 and 2.2 record fewer components in the Directory: what differs is refused by it, not by the format.
    refused(of_format("0102"), "Directory component");
    refused(of_format("0302"), "Directory component");
    sample_cap sample;
    sample.header.replace(12, 2, "14");
    refused(sample, "flags that are reserved");
    sample.header.replace(12, 2, "05"); // ACC_INT says nothing of what is loaded
    accepted(sample);
}

BOOST_AUTO_TEST_CASE(limits_of_a_file_are_met_exactly) {
    const sample_cap sample;
    const auto zip = sample.zip();
    const auto octets = octets_of(sample.entries());
    const auto tried = [&](cap_limits limits, const char* reason) {
        BOOST_CHECK_NO_THROW(parse_cap(zip, limits));
        return [&zip, limits, reason](auto change) {
            auto less = limits;
            change(less);
            refused(zip, reason, less);
        };
    };
    tried({.file = zip.size()}, "the file is larger than")([](cap_limits& l) { --l.file; });
    tried({.entries = sample.entries().size()}, "holds more than")([](cap_limits& l) { --l.entries; });
    tried({.unpacked = octets}, "unpacks to more than")([](cap_limits& l) { --l.unpacked; });
    tried({.image = octets}, "is larger than")([](cap_limits& l) { --l.image; });
}

BOOST_AUTO_TEST_CASE(a_name_of_255_characters_is_one) {
    sample_cap sample;
    sample.header.replace(32, std::string::npos, "FF");
    for (int k = 0; k < 255; ++k)
        sample.header += "61";
    BOOST_TEST(parse_cap(sample.zip()).package_name == std::string(255, 'a'));
    auto entries = extended_cap().entries();
    const auto manifest = [&](std::size_t letters) {
        auto with = entries;
        with.push_back(
            {"META-INF/MANIFEST.MF", to_bytes(as_bytes("Java-Card-CAP-Name: " + std::string(letters, 'b') + "\r\n"))});
        return parse_cap(make_zip(with)).package_name;
    };
    BOOST_TEST(manifest(255) == std::string(255, 'b'));
    BOOST_TEST(manifest(256) == "");
}

BOOST_AUTO_TEST_SUITE_END()
