// CAP files of the lab.

#include "gp/cap.hpp"
#include "lab/cap_writer.hpp"
#include "lab/card/load_image.hpp"

#include <boost/test/unit_test.hpp>
#include <stdexcept>

using namespace tsms;

namespace {

lab::cap_request request(std::size_t load_size = 0) {
    lab::cap_request r;
    r.package = hex("D27600016801");
    r.applets = {hex("D2760001680101"), hex("D2760001680102")};
    r.version = {1, 3};
    r.load_size = load_size;
    return r;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cap_writer)

BOOST_AUTO_TEST_CASE(the_card_reads_what_it_loads) {
    auto r = request();
    r.gp_api = lab::cap_version{1, 1};
    const auto image = lab::read_load_image(lab::load_file_block(r));
    BOOST_REQUIRE(image.has_value());
    BOOST_TEST(to_hex(image->package.aid) == "D27600016801");
    BOOST_TEST(image->package.major == 1);
    BOOST_TEST(image->package.minor == 3);
    BOOST_TEST(image->applets.size() == 2u);
    BOOST_REQUIRE(image->imports.size() == 3u);
    BOOST_TEST(to_hex(image->imports[2].aid) == "A00000015100");
}

BOOST_AUTO_TEST_CASE(load_files_have_the_size_asked_for) {
    for (std::size_t size : {300u, 301u, 302u, 303u, 5000u, 8395u, 20000u, 55000u}) {
        const auto block = lab::load_file_block(request(size));
        BOOST_TEST(block.size() == size);
        BOOST_TEST(lab::read_load_image(block).has_value());
    }
    BOOST_CHECK_THROW(lab::load_file_block(request(55001)), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_backend_reads_what_it_writes) {
    auto r = request(9000);
    r.gp_api = lab::cap_version{1, 1};
    const auto cap = gp::parse_cap(lab::write_cap(r));
    BOOST_TEST(to_hex(cap.package_aid) == "D27600016801");
    BOOST_TEST(cap.package_name == "org.tsms.lab");
    BOOST_TEST(cap.applets.size() == 2u);
    BOOST_TEST(cap.imports.size() == 3u);
    BOOST_TEST(cap.java_card_version == "3.0.4");
    BOOST_TEST((cap.load_image == lab::load_file_block(r)));
}

BOOST_AUTO_TEST_CASE(damaged_load_files_are_seen) {
    const auto block = lab::load_file_block(request());
    auto cut = block;
    cut.pop_back();
    BOOST_TEST(!lab::read_load_image(cut).has_value());
    auto extended = block;
    extended[9] |= 0x08; // flags of the header: sizes of two octets are not those of the extended format
    BOOST_TEST(!lab::read_load_image(extended).has_value());
    auto other_magic = block;
    other_magic[3] ^= 1;
    BOOST_TEST(!lab::read_load_image(other_magic).has_value());
}

BOOST_AUTO_TEST_CASE(extended_cap_files) {
    auto r = request();
    r.extended = true;
    r.java_card = {1, 8};
    for (std::size_t size : {0u, 500u, 70000u, 130000u, 400000u}) {
        r.load_size = size;
        const auto block = lab::load_file_block(r);
        if (size > 0)
            BOOST_TEST((block.size() <= size && block.size() + 16 > size));
        const auto image = lab::read_load_image(block);
        BOOST_REQUIRE(image.has_value());
        BOOST_TEST(image->extended);
        BOOST_TEST(image->package.aid == r.package);
        BOOST_TEST(image->applets == r.applets);
        const auto cap = gp::parse_cap(lab::write_cap(r));
        BOOST_TEST(cap.extended());
        BOOST_TEST((cap.load_image == block));
        BOOST_TEST(cap.package_name == "org.tsms.lab");
        BOOST_TEST(cap.applets == r.applets);
        BOOST_TEST(cap.java_card_version == "3.1.0");
    }
    auto cut = lab::load_file_block(r);
    cut[9] &= 0xF7; // without the flag, sizes of four octets are no components
    BOOST_TEST(!lab::read_load_image(cut).has_value());
}

BOOST_AUTO_TEST_CASE(files_repeat_octet_by_octet) {
    BOOST_TEST((lab::write_cap(request(5000)) == lab::write_cap(request(5000))));
    auto foreign = request();
    foreign.applets.push_back(hex("A000000001020304"));
    BOOST_CHECK_THROW(lab::write_cap(foreign), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
