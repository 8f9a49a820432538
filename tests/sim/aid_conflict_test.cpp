// AIDs that a deploy would bring onto a card where something else has them (DIV-066).

#include "tests/sim/service.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

BOOST_AUTO_TEST_SUITE(aid_conflicts)

// DIV-066: the catalog refuses such a Flavor; an instance of before, or of a profile that has changed since, meets it
// here.
BOOST_AUTO_TEST_CASE(an_aid_that_the_card_would_refuse_is_refused_before_anything_is_sent) {
    const auto refused = [](auto change) {
        auto w = ready();
        const auto before = w.on_card();
        change(w.instance.target);
        const auto outcome = w.deploy({I, A}, true);
        BOOST_TEST(number(outcome) == 7);
        BOOST_TEST(number(w.instance.state) == number(not_deployed));
        BOOST_TEST(w.orders == 0u);
        BOOST_TEST(w.on_card() == before, boost::test_tools::per_element());
        return outcome.details;
    };
    using target = model::deployment_target;
    BOOST_TEST(refused([](target& t) { t.applications[0].instance_aid = to_hex(package); }) ==
               "application " + to_hex(package) +
                   " cannot be on this secure component: it is the AID of a load file of the same Flavor");
    refused([](target& t) { t.applications[0].instance_aid = t.applications[1].instance_aid; });
    refused([](target& t) { t.applications[0].instance_aid = t.sd_aid; });
    refused([](target& t) { t.applications[0].instance_aid = t.card.isd_aid = "A000000003000000"; });
    refused([](target& t) { t.applications[0].instance_aid = "A000000151000000"; });
    refused([](target& t) { t.applications[0].instance_aid = t.card.tsm_sd_aid; });
    refused([](target& t) { t.applications[0].instance_aid = t.card.sd_package_aid; });
    refused([](target& t) { t.load_files[0].aid = "A0000000620101"; });
    refused([](target& t) { t.load_files.push_back(t.load_files[0]); });
    BOOST_TEST(refused([](target& t) { t.sd_aid = "A000000151000000"; }) ==
               "security domain A000000151000000 cannot be on this secure component: it is the AID of issuer security "
               "domains");
}

// What the rows do not know and a listing shows is told before the installation, which would break off in the middle.
BOOST_AUTO_TEST_CASE(an_aid_that_the_card_lists_as_somebody_elses_is_refused_before_the_installation) {
    auto w = ready();
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    second_service(w);
    auto r = w.request();
    r.look_first = true;
    const auto outcome = *w.play(process::deploy(r, {{I, {}, false}, {A, {}, false}}, true));
    BOOST_TEST(number(outcome) == 7);
    BOOST_TEST(outcome.details.find("something else that the card lists") != std::string::npos, outcome.details);
    BOOST_TEST(number(w.instance.state) == number(not_deployed));
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_sharing_between_services) {
    auto w = ready();
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    second_service(w);
    auto r = w.request();
    r.aids_of_others = {to_hex(package), to_hex(applet_1), to_hex(applet_2)};
    const auto outcome = *w.play(process::deploy(r, {{I, {}, false}, {A, {}, false}}, true));
    BOOST_TEST(number(outcome) == 7);
    BOOST_TEST(number(w.instance.state) == number(not_deployed));
    BOOST_TEST(w.orders == 0u);
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
}

// DIV-059: what another row says of the card counts when the card has proven itself, and is not told before.
BOOST_AUTO_TEST_CASE(rows_beside_the_cards_own_are_respected_behind_its_proof) {
    {
        auto w = ready();
        BOOST_TEST(w.deploy({I, A}, true).details == "");
        second_service(w);
        auto r = w.request();
        r.aids_behind_proof = {to_hex(package), to_hex(applet_1), to_hex(applet_2)};
        r.look_first = true;
        const auto outcome = *w.play(process::deploy(r, {{I, {}, false}, {A, {}, false}}, true));
        BOOST_TEST(number(outcome) == 7);
        BOOST_TEST(number(w.instance.state) == number(not_deployed));
        BOOST_TEST(w.orders > 0u);
        BOOST_TEST(outcome.card_proven);
        BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
    }
    auto w = ready(); // the same Service, in a row of its own that knows nothing of what is there
    const auto fresh = w.instance;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    w.instance = fresh;
    w.component.tsm_domain.reset();
    auto r = w.request();
    r.look_first = true;
    BOOST_TEST(w.play(process::deploy(r, {{I, {}, false}, {A, {}, false}}, true))->details == "");
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
    BOOST_TEST(use(w, applet_1) == 0x9000);
}

BOOST_AUTO_TEST_SUITE_END()
