// CAP files: one built here octet by octet, its hostile variations, and real ones where TSMS_CAPS names their
// directory.

#include "crypto/digest.hpp"
#include "gp/cap.hpp"
#include "json/json.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <zip.h>

using namespace tsms;
using namespace tsms::gp;

namespace {

struct zip_entry {
    std::string name;
    bytes content;
};

/// A ZIP file in memory.
bytes make_zip(const std::vector<zip_entry>& entries) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
    zip_t* archive = zip_open_from_source(target, ZIP_TRUNCATE, &error);
    BOOST_REQUIRE(archive != nullptr);
    zip_source_keep(target);
    for (std::size_t k = 0; k < entries.size(); ++k) {
        const auto& [name, content] = entries[k];
        auto* source = zip_source_buffer(archive, content.data(), content.size(), 0);
        BOOST_REQUIRE(zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8) >= 0);
    }
    BOOST_REQUIRE(zip_close(archive) == 0);
    BOOST_REQUIRE(zip_source_open(target) == 0);
    zip_source_seek(target, 0, SEEK_END);
    bytes out(static_cast<std::size_t>(zip_source_tell(target)));
    zip_source_seek(target, 0, SEEK_SET);
    BOOST_REQUIRE(zip_source_read(target, out.data(), out.size()) == static_cast<zip_int64_t>(out.size()));
    zip_source_close(target);
    zip_source_free(target);
    return out;
}

bytes component(std::uint8_t tag, const std::string& body) {
    auto content = hex(body);
    bytes out{tag, static_cast<std::uint8_t>(content.size() >> 8), static_cast<std::uint8_t>(content.size())};
    append(out, content);
    return out;
}

/// A small applet package of format 2.2: one applet, imports of java.lang, javacard.framework 1.5 and
/// org.globalplatform 1.6.
struct sample_cap {
    std::string header = "DECAFFED"
                         "0202"
                         "04"
                         "0001"
                         "06D27600016301"
                         "08"
                         "64652F74736D7374"; // "de/tsmst"
    std::string applet = "01"
                         "07D2760001630101"
                         "0008";
    std::string import = "03"
                         "0001"
                         "07A0000000620001"
                         "0501"
                         "07A0000000620101"
                         "0601"
                         "06A00000015100";
    std::string constant_pool = "0000";
    std::string class_ = "00";
    std::string method = "00"
                         "01020304";
    std::string static_field = "00000000000000000000";
    std::string ref_location = "00000000";
    std::vector<zip_entry> more;
    std::string directory; ///< computed if empty
    std::string folder = "de/tsms/test/javacard/";

    std::vector<zip_entry> entries() const {
        const auto size = [](const std::string& body) {
            const auto octets = body.size() / 2;
            return to_hex(bytes{static_cast<std::uint8_t>(octets >> 8), static_cast<std::uint8_t>(octets)});
        };
        auto sizes = directory;
        if (sizes.empty())
            sizes = size(header) + "0021" + size(applet) + size(import) + size(constant_pool) + size(class_) +
                    size(method) + size(static_field) + size(ref_location) + "0000" + "0000" + "0000" + "000000000000" +
                    "03" + "01" + "00";
        std::vector<zip_entry> out{{folder + "Header.cap", component(1, header)},
                                   {folder + "Directory.cap", component(2, sizes)},
                                   {folder + "Import.cap", component(4, import)},
                                   {folder + "ConstantPool.cap", component(5, constant_pool)},
                                   {folder + "Class.cap", component(6, class_)},
                                   {folder + "Method.cap", component(7, method)},
                                   {folder + "StaticField.cap", component(8, static_field)},
                                   {folder + "RefLocation.cap", component(9, ref_location)},
                                   {folder + "Descriptor.cap", component(11, "00")}};
        if (!applet.empty())
            out.push_back({folder + "Applet.cap", component(3, applet)});
        out.insert(out.end(), more.begin(), more.end());
        return out;
    }
    bytes zip() const { return make_zip(entries()); }
};

void refused(const bytes& zip, std::string_view reason, const cap_limits& limits = {}) {
    BOOST_CHECK_EXCEPTION(parse_cap(zip, limits), cap_error, [reason](const cap_error& e) {
        const bool found = std::string_view(e.what()).find(reason) != std::string_view::npos;
        if (!found)
            BOOST_TEST_MESSAGE("got: " << e.what());
        return found;
    });
}

void refused(const sample_cap& cap, std::string_view reason) {
    refused(cap.zip(), reason);
}

bytes without(std::vector<zip_entry> entries, std::string_view name) {
    std::erase_if(entries, [&](const zip_entry& e) { return e.name.ends_with(name); });
    return make_zip(entries);
}

bytes read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    return to_bytes(as_bytes(all.str()));
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

} // namespace

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
                       "0001"
                       "0005"
                       "000A"
                       "0004"
                       "0000"
                       "0000"
                       "000000000000"
                       "030100";
    sample.more = {
        {"META-INF/MANIFEST.MF", to_bytes(as_bytes("Manifest-Version: 1.0\r\nJava-Card-Package-Name: de.tsms.a\r\n"
                                                   " pplet\r\nOther: x\r\n"))}};
    const auto cap = parse_cap(sample.zip());
    BOOST_TEST(cap.package_name == "de.tsms.applet");
    BOOST_TEST(to_string(cap.format) == "2.1");
}

BOOST_AUTO_TEST_CASE(extended_format_is_refused_by_name) {
    sample_cap sample;
    sample.header = "DECAFFED"
                    "0302"
                    "0C"
                    "0001"
                    "06D27600016301"
                    "00";
    refused(sample, "extended CAP format");
    sample = {};
    sample.more = {{"de/tsms/javacard/Method.capx", bytes(10)}};
    refused(sample, "extended CAP format");
    sample = {};
    sample.header = "DECAFFED"
                    "0402"
                    "04"
                    "0001"
                    "06D27600016301"
                    "00";
    refused(sample, "CAP format 2.4 is not supported");
}

BOOST_AUTO_TEST_CASE(components_must_be_what_they_say) {
    const sample_cap good;
    for (const auto* name : {"Header.cap", "Directory.cap", "Import.cap", "ConstantPool.cap", "Class.cap", "Method.cap",
                             "StaticField.cap", "RefLocation.cap"})
        refused(without(good.entries(), name), "component is missing");
    refused(without(good.entries(), "Applet.cap"), "size of the Applet component");

    auto entries = good.entries();
    entries[5].content.push_back(0);
    refused(make_zip(entries), "size of the Method component is not the size of its file");
    entries = good.entries();
    entries[5].content[0] = 6;
    refused(make_zip(entries), "Method.cap holds another component");
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
    refused(sample, "");
    sample = good;
    sample.applet = "01"
                    "07A0000000630101"
                    "0008";
    refused(sample, "RID of its package");
    sample = good;
    sample.import = "04" + good.import.substr(2);
    refused(sample, "another number of imports");
}

BOOST_AUTO_TEST_CASE(hostile_zips) {
    const sample_cap good;
    const auto zip = good.zip();
    refused(bytes{}, "component is missing"); // libzip takes no octets for a ZIP without files
    refused(to_bytes(as_bytes("no ZIP at all, only text that is long enough to be one")), "not a ZIP");
    for (std::size_t length = 1; length < zip.size(); length += 7)
        BOOST_CHECK_THROW(parse_cap(bytes_view(zip).first(length)), cap_error);
    refused(zip, "larger than 100 octets", {.file = 100});
    refused(zip, "more than 3 files", {.entries = 3});

    auto sample = good;
    sample.more = {{"../../etc/passwd", bytes(3)}};
    refused(sample, "leads out of its directory");
    sample.more = {{"/Method.cap", bytes(3)}};
    refused(sample, "leads out of its directory");
    sample.more = {{"a\\Method.cap", bytes(3)}};
    refused(sample, "leads out of its directory");
    sample.more = {{"other/javacard/Method.cap", component(7, "00")}};
    refused(sample, "Method.cap twice");

    // A bomb: 64 MiB of zeros that compress to nothing.
    auto entries = good.entries();
    entries[5].content.assign(64u << 20, 0);
    const auto bomb = make_zip(entries);
    BOOST_TEST(bomb.size() < (1u << 20));
    refused(bomb, "larger than 65538 octets");
}

BOOST_AUTO_TEST_CASE(damaged_octets_never_pass_unnoticed) {
    // Whatever single octet is changed: refused, or the same load image (dates, attributes, Descriptor).
    const sample_cap good;
    const auto zip = good.zip();
    const auto image = parse_cap(zip).load_image;
    std::size_t noticed = 0;
    for (std::size_t k = 0; k < zip.size(); ++k) {
        auto damaged = zip;
        damaged[k] ^= 0x41;
        try {
            BOOST_CHECK(parse_cap(damaged).load_image == image);
        } catch (const cap_error&) {
            ++noticed;
        }
    }
    BOOST_TEST(noticed > zip.size() / 4);
}

BOOST_AUTO_TEST_CASE(requirements_table) {
    const auto needs = [](const char* aid, std::uint8_t minor) {
        return java_card_version_of({{hex(aid), {1, minor}}});
    };
    BOOST_TEST(needs("A0000000620101", 0) == "2.1.1");
    BOOST_TEST(needs("A0000000620101", 6) == "3.0.5");
    BOOST_TEST(needs("A0000000620101", 9) == "3.2.0");
    BOOST_TEST(needs("A0000000620101", 7) == ""); // no kit has it
    BOOST_TEST(needs("A0000000620001", 0) == "2.1.1");
    BOOST_TEST(needs("A0000000620102", 6) == "");
    BOOST_TEST(gp_api_version_of({}) == "");
}

BOOST_AUTO_TEST_CASE(real_files) {
    const char* directory = std::getenv("TSMS_CAPS");
    if (!directory) {
        BOOST_TEST_MESSAGE("TSMS_CAPS is not set: real CAP files are not tried");
        return;
    }
    const std::string base = std::string(directory) + "/";
    const auto manifest_octets = read_file(base + "manifest.json");
    const auto manifest =
        json::parse(std::string_view(reinterpret_cast<const char*>(manifest_octets.data()), manifest_octets.size()));
    std::size_t count = 0;
    for (const auto& item : json::reader(json::root_object(manifest)).array("caps")) {
        const json::reader expected(json::root_object(item));
        BOOST_TEST_CONTEXT(expected.string("file")) {
            const auto cap = parse_cap(read_file(base + expected.string("file")));
            ++count;
            BOOST_TEST(to_string(cap.format) == expected.string("cap_format"));
            BOOST_TEST(to_hex(cap.package_aid) == expected.string("package_aid"));
            BOOST_TEST(to_string(cap.package_version) == expected.string("package_version"));
            auto name = expected.string_or("package_name", "");
            std::replace(name.begin(), name.end(), '/', '.');
            BOOST_TEST(cap.package_name == name);
            BOOST_TEST(static_cast<std::int64_t>(cap.exports) == expected.integer("exports"));
            std::vector<std::string> applets;
            for (const auto& aid : cap.applets)
                applets.push_back(to_hex(aid));
            BOOST_TEST(applets == expected.strings("applets"), boost::test_tools::per_element());
            const auto& imports = expected.array("imports");
            BOOST_REQUIRE(cap.imports.size() == imports.size());
            for (std::size_t k = 0; k < imports.size(); ++k) {
                const json::reader import(json::root_object(imports[k]));
                BOOST_TEST(to_hex(cap.imports[k].aid) == import.string("aid"));
                BOOST_TEST(to_string(cap.imports[k].version) == import.string("version"));
            }
            const auto image = expected.object("lfdb_without_descriptor");
            BOOST_TEST(static_cast<std::int64_t>(cap.load_image.size()) == image.integer("bytes"));
            BOOST_TEST(lower(to_hex(cap.sha256)) == image.string("sha256"));
            BOOST_TEST(lower(to_hex(cap.sha1)) == image.string("sha1"));
        }
    }
    BOOST_TEST(count > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
