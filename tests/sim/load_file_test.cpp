// Load files of formats and sizes that process_test.cpp does not have, through a whole deploy.

#include "lab/cap_writer.hpp"
#include "tests/sim/world.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using sim::world;

namespace {

constexpr auto install = model::service_command::install;
constexpr auto activate = model::service_command::activate;

world with_extended_cap(bool taken) {
    static const auto taking = [] {
        auto personality = *lab::find_personality("jc305");
        personality.extended_cap = true;
        return personality;
    }();
    world w("jc305");
    if (taken)
        w.card.state().personality = &taking;
    w.instance.target.card.extended_length = true;
    lab::cap_request wanted;
    wanted.package = hex("D2760001855458");
    wanted.applets = {hex("D276000185545801")};
    wanted.java_card = {1, 6};
    wanted.extended = true;
    wanted.load_size = 100000; // no compact CAP file is as long: C4 needs a length of three octets
    w.add_cap(gp::parse_cap(lab::write_cap(wanted)));
    return w;
}

} // namespace

BOOST_AUTO_TEST_SUITE(load_files)

BOOST_AUTO_TEST_CASE(an_extended_cap_file_is_deployed_and_terminated) {
    auto w = with_extended_cap(true);
    auto outcome = w.deploy({install, activate}, true);
    BOOST_TEST(outcome.details == "");
    BOOST_REQUIRE_EQUAL(static_cast<int>(outcome.status), 0);
    const auto there = w.on_card();
    BOOST_TEST(there.contains("D2760001855458"));
    BOOST_TEST(there.contains("D276000185545801"));
    outcome = w.terminate();
    BOOST_TEST(outcome.details == "");
    BOOST_TEST(w.on_card().empty());
}

BOOST_AUTO_TEST_CASE(a_card_that_takes_no_extended_cap_files_refuses_them_whole) {
    auto w = with_extended_cap(false);
    const auto outcome = w.deploy({install, activate}, true);
    BOOST_TEST(static_cast<int>(outcome.status) != 0);
    BOOST_TEST(outcome.details.find("6A80") != std::string::npos, outcome.details);
    BOOST_TEST(!w.on_card().contains("D2760001855458"));
    BOOST_TEST(!w.on_card().contains("D276000185545801"));
}

BOOST_AUTO_TEST_SUITE_END()
