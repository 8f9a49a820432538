// CAP files of other people, where TSMS_CAPS names their directory: what is read of them, and that a card takes them.

#include "lab/card/personality.hpp"
#include "tests/unit/cap_sample.hpp"
#include "tests/unit/lab_host.hpp"
#include "json/json.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

using namespace tsms;
using namespace tsms::gp;
using cap_test::lower;

namespace {

bytes read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    return to_bytes(as_bytes(all.str()));
}

/// Loads them onto a card as the ISD does, those that are imported first, and looks for their modules there. An eUICC
/// has the packages that toolkit applets import as well.
void load_all(std::vector<cap_file> waiting) {
    lab_test::counting_random random;
    auto card = lab::card::create(*lab::find_personality("euicc"), random);
    lab_test::host h(card);
    BOOST_REQUIRE(h.plain("00A4040000") == 0x9000);
    BOOST_REQUIRE(h.open(lab_test::isd_keys(card)) == 0x9000);
    while (!waiting.empty()) {
        const auto next = std::find_if(waiting.begin(), waiting.end(), [&](const cap_file& cap) {
            return std::none_of(waiting.begin(), waiting.end(), [&](const cap_file& other) {
                return &other != &cap && std::any_of(cap.imports.begin(), cap.imports.end(),
                                                     [&](const cap_import& i) { return i.aid == other.package_aid; });
            });
        });
        BOOST_REQUIRE(next != waiting.end());
        const auto aid = to_hex(next->package_aid);
        BOOST_TEST_CONTEXT(aid) {
            BOOST_TEST(h.install(0x02, {aid, "", to_hex(next->sha256), "", ""}) == 0x9000);
            BOOST_TEST(h.load(next->load_image) == 0x9000);
            const auto* file = card.state().registry.find_load_file(next->package_aid);
            BOOST_REQUIRE(file != nullptr);
            BOOST_CHECK(file->modules == next->applets);
        }
        waiting.erase(next);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(cap)

BOOST_AUTO_TEST_CASE(real_files) {
    const char* directory = std::getenv("TSMS_CAPS");
    if (!directory || !*directory) {
        std::cout << "NOT GIVEN: real CAP files: TSMS_CAPS is not set\n"; // scripts/test.sh shows it
        return;
    }
    const std::string base = std::string(directory) + "/";
    const auto manifest_octets = read_file(base + "manifest.json");
    const auto manifest =
        json::parse(std::string_view(reinterpret_cast<const char*>(manifest_octets.data()), manifest_octets.size()));
    std::size_t count = 0;
    std::vector<cap_file> waiting;
    for (const auto& item : json::reader(json::root_object(manifest)).array("caps")) {
        const json::reader expected(json::root_object(item));
        BOOST_TEST_CONTEXT(expected.string("file")) {
            const auto cap = parse_cap(read_file(base + expected.string("file")));
            ++count;
            BOOST_TEST(to_string(cap.format) == expected.string("cap_format"));
            BOOST_TEST(cap.extended() == expected.boolean("extended"));
            std::vector<std::string> flags;
            for (const auto& [name, flag] : {std::pair{"INT", cap_flags::uses_int},
                                             {"EXPORT", cap_flags::exports},
                                             {"APPLET", cap_flags::applets},
                                             {"EXTENDED", cap_flags::extended}})
                if ((cap.flags & flag) != 0)
                    flags.emplace_back(name);
            BOOST_TEST(flags == expected.strings("flags"), boost::test_tools::per_element());
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
            waiting.push_back(cap);
        }
    }
    BOOST_TEST(count > 0u);
    load_all(std::move(waiting));
}

BOOST_AUTO_TEST_SUITE_END()
