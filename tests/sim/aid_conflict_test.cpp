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
        BOOST_TEST(w.orders == 1u); // the start
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
    BOOST_TEST(w.orders == 1u); // the start
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
}

namespace {

/// A card with another provider's Service whose second application has the AID that the own Service's domain will get.
/// The world goes on with the own Service, of another load file and other AIDs.
void squat(world& w) {
    w.add_load_file(package, {applet_1, applet_2});
    second_service(w);
    w.instance.target.applications[1].instance_aid = service_domain;
    BOOST_REQUIRE_EQUAL(w.deploy({I, A}, true).details, "");
    BOOST_REQUIRE_EQUAL(use(w, hex(service_domain)), 0x9000);
    second_service(w);
    w.instance.id = "instance-3";
    w.instance.domain.reset();
    auto& target = w.instance.target;
    target.service_id = "service-3";
    target.sd_aid = service_domain;
    target.load_files.clear();
    target.applications.clear();
    w.add_load_file(hex("D2760001855499"), {hex("D276000185549901")});
}

/// As cards of older specifications do: what an entry is associated with they do not tell (CC is conditional, GPCS
/// table 11-36).
lab::personality terse_registry() {
    auto p = *lab::find_personality("jc305");
    p.tells_association = false;
    return p;
}

} // namespace

// AMB-125: an application with the AID of a Service's domain is another provider's, and is never deleted for it.
BOOST_AUTO_TEST_CASE(an_application_with_the_aid_of_our_domain_is_not_ours_to_delete) {
    for (const auto& personality : {*lab::find_personality("jc305"), terse_registry()})
        for (const bool rows_know : {true, false})
            for (int times = 0; times < 2; ++times) {
                BOOST_TEST_CONTEXT("tells " << personality.tells_association << ", rows " << rows_know) {
                    world w(personality);
                    squat(w);
                    const auto before = w.on_card();
                    auto r = w.request();
                    r.look_first = !rows_know || times > 0; // an earlier deploy may have left something
                    r.instance.on_card = times > 0;
                    r.card.doubt = times > 0;
                    if (rows_know)
                        r.aids_of_others = {to_hex(package), to_hex(applet_1), service_domain};
                    const auto outcome = *w.play(process::deploy(r, {{I, {}, false}, {A, {}, false}}, true));
                    BOOST_TEST(number(outcome) == 7);
                    BOOST_TEST(outcome.details.starts_with("security domain " + std::string(service_domain) +
                                                           " cannot be on this secure component: it is the AID of "),
                               outcome.details);
                    BOOST_TEST(w.on_card() == before, boost::test_tools::per_element());
                    BOOST_TEST(use(w, hex(service_domain)) == 0x9000);
                    w.instance.on_card = true; // what a row of ours says by mistake
                    w.last_on_card = false;
                    w.terminate();
                    BOOST_TEST(w.on_card() == before, boost::test_tools::per_element());
                    BOOST_TEST(use(w, hex(service_domain)) == 0x9000);
                }
            }
}

// The same of an application with the AID of an instance of ours, and of a lost instance's tombstone.
BOOST_AUTO_TEST_CASE(what_is_of_another_load_file_is_not_ours_to_delete) {
    for (const auto& personality : {*lab::find_personality("jc305"), terse_registry()})
        for (const bool tombstone : {false, true})
            BOOST_TEST_CONTEXT("tells " << personality.tells_association << ", tombstone " << tombstone) {
                world w(personality);
                squat(w);
                const auto before = w.on_card();
                auto lost = w.instance.target;
                lost.applications[0].instance_aid = to_hex(applet_1); // theirs, of their load file
                if (tombstone)
                    w.tombstones = {lost};
                else
                    w.instance.target = lost;
                w.instance.on_card = true;
                w.last_on_card = false;
                w.terminate();
                BOOST_TEST(w.on_card() == before, boost::test_tools::per_element());
                BOOST_TEST(use(w, applet_1) == 0x9000);
            }
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
