// What an app sees of a Service Instance and of what it could become (TR 4.2.3.1, 4.2.3.13, AMB-138).

#include "model/instance_view.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms::model;

namespace {

service_instance instance() {
    service_instance i;
    i.id = "one";
    i.reader = "eSE1";
    i.target.service_id = "service";
    i.target.version_tag = "1.0.0";
    i.target.flavor_id = "flavor";
    i.target.flavor_name = "for all";
    i.target.profile_id = "profile";
    i.target.sp_parameters = {{"color", "blue"}};
    return i;
}

/// The four that are empty where nothing is installed.
std::string names_in(const technical_information& t) {
    return t.service_id + "|" + t.service_version_tag + "|" + t.flavor_id + "|" + t.flavor_name;
}

} // namespace

BOOST_AUTO_TEST_SUITE(instance_view)

BOOST_AUTO_TEST_CASE(what_is_not_installed_has_no_names) {
    auto i = instance();
    for (const bool installed : {false, true}) {
        if (installed)
            i.executed = {service_command::install};
        const auto seen = view_of(i);
        BOOST_TEST(seen.id == "one");
        BOOST_TEST(seen.reader == "eSE1");
        BOOST_TEST(names_in(seen.technical) == (installed ? "service|1.0.0|flavor|for all" : "|||"));
        BOOST_TEST(seen.technical.profile_id == "profile"); // of the card, whatever is on it
        BOOST_TEST(seen.technical.sp_parameters.at("color") == "blue");
    }
    i.target.sp_parameters.clear();
    BOOST_TEST(view_of(i).technical.sp_parameters.empty());
}

BOOST_AUTO_TEST_CASE(what_could_be_installed_has_its_names) { // TR 4.2.5.7, 4.2.5.8
    BOOST_TEST(names_in(technical_information_of(instance().target, true)) == "service|1.0.0|flavor|for all");
}

BOOST_AUTO_TEST_SUITE_END()
