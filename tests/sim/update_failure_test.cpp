// An update that does not come through: refused, broken off behind every effect, entered again.

#include "tests/sim/versions.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

using target = model::deployment_target;

BOOST_AUTO_TEST_SUITE(update_failures)

// AMB-225
BOOST_AUTO_TEST_CASE(memory_is_checked_before_anything_changes) {
    for (const auto& [rules, from] :
         {std::pair{"none", operational}, {"aram-issuer", operational}, {"aram-issuer", suspended}})
        BOOST_TEST_CONTEXT(rules << ", from state " << number(from)) {
            auto w = operational_service(rules);
            if (from == suspended)
                w.suspend(true);
            auto wanted = next_version(w);
            wanted.applications[0].accessible_via_nfc = true;
            wanted.load_files.push_back(load_file_of(w, package_3, {applet_4}, 9000));
            wanted.applications.push_back(application_of(wanted.load_files.back(), applet_4));
            wanted.card.memory_reserve = 10'000'000;
            const auto before = w.card.state().registry.applications().size();
            const auto rules_before = rules_on(w);
            const auto outcome = *w.play(update(w, wanted, commands_of({I, A})));
            BOOST_TEST(number(outcome) == 7);
            BOOST_TEST(number(w.instance.state) == number(from));
            BOOST_TEST(w.instance.target.version_tag == "1.0.0");
            BOOST_TEST(w.instance.target.beside.empty());
            BOOST_TEST(w.card.state().registry.applications().size() == before);
            BOOST_TEST(rules_on(w) == rules_before);
            if (from == suspended)
                BOOST_TEST(w.suspend(false).details == "");
            check_card(w);
        }
}

// What goes makes room, but only when it has gone.
BOOST_AUTO_TEST_CASE(without_room_for_both_the_former_load_file_goes_first) {
    auto w = operational_service("none", 4000);
    auto wanted = next_version(w);
    wanted.load_files[1] = load_file_of(w, package_3, {applet_4}, 4000);
    wanted.applications[2] = application_of(wanted.load_files[1], applet_4);
    const auto free = w.identify().at(0).free_memory.value();
    wanted.card.memory_reserve = static_cast<int>(free - 1000);
    std::vector<std::string> words;
    listen(w, words);
    const auto outcome = *w.play(update(w, wanted, commands_of({I, A})));
    w.on_the_way = nullptr;
    BOOST_TEST(outcome.details == "");
    BOOST_TEST(joined(words) == "delete a3, delete P2, load P3, install a4, selectable a4, extradite P3, extradite a4");
    BOOST_TEST(w.orders == 2u);
    check_card(w);
}

// A load file that the card refuses costs nothing of the Service where it came first, and its access stays.
BOOST_AUTO_TEST_CASE(a_refused_load_file_leaves_the_service_whole) {
    for (const char* rules : {"none", "arac", "aram-issuer"})
        BOOST_TEST_CONTEXT(rules) {
            auto w = operational_service(rules);
            const auto before = rules_on(w);
            auto wanted = next_version(w);
            wanted.load_files[1] = load_file_of(w, package_3, {applet_4}, 600);
            wanted.applications[2] = application_of(wanted.load_files[1], applet_4);
            w.card.inject(lab::fault_plan::parse("sw6985@load", w.random));
            const auto outcome = *w.play(update(w, wanted, commands_of({I, A})));
            w.card.inject({});
            BOOST_TEST(number(outcome) == 7);
            BOOST_TEST((outcome.commands ==
                        std::vector{model::command_status::execution_failed, model::command_status::not_executed}));
            BOOST_TEST(number(w.instance.state) == number(in_error));
            BOOST_TEST(w.instance.target.version_tag == "1.0.0"); // AMB-113
            for (const auto& applet : {applet_1, applet_2, applet_3})
                BOOST_TEST(use(w, applet) == 0x9000);
            // The issuer takes the rule of an applet that goes before anything else happens.
            BOOST_TEST(rules_on(w) == (std::string_view(rules) == "aram-issuer" ? before - 1 : before));
            BOOST_TEST(w.play(update(w, wanted, commands_of({I, A})))->details == "");
            BOOST_TEST(has_data(w, applet_1));
            check_card(w);
        }
}

// What should be there and is not comes again, in its place of the load order. That there are no load files the card
// cannot prove: it is told to delete them all the same.
BOOST_AUTO_TEST_CASE(what_is_missing_comes_again) {
    auto w = ready_with_two_load_files();
    auto& target = w.instance.target;
    target.load_files[1] = load_file_of(w, package_2, {applet_3}, 600, package);
    w.deploy({I, A}, true);
    auto state = w.card.state();
    for (const auto& aid : {applet_1, applet_2, applet_3})
        state.registry.erase_application(aid);
    state.registry.erase_load_file(package);
    state.registry.erase_load_file(package_2);
    w.card = lab::card(state, w.random);
    w.component.doubt = true;
    std::vector<std::string> words;
    listen(w, words);
    BOOST_TEST(w.play(update(w, next_version(w), commands_of({I, A})))->details == "");
    w.on_the_way = nullptr;
    BOOST_TEST(
        joined(words) ==
        "delete P2, delete P1, load P1, load P2, install a1, install a2, install a3, selectable a1, selectable a2, "
        "selectable a3, extradite P1, extradite P2, extradite a1, extradite a2, extradite a3");
    check_card(w);
}

// AMB-125: what another Service has on the card stays, and nothing gets its AID.
BOOST_AUTO_TEST_CASE(what_is_new_has_an_aid_that_is_free) {
    auto w = operational_service();
    auto wanted = next_version(w);
    wanted.load_files.push_back(load_file_of(w, package_3, {applet_4}, 600));
    wanted.applications.push_back(application_of(wanted.load_files.back(), applet_4));
    auto request = w.request();
    request.new_target = wanted;
    request.aids_of_others = {to_hex(applet_4)};
    const auto outcome = *w.play(process::update(std::move(request), commands_of({I, A}), true));
    BOOST_TEST(number(outcome) == 7);
    BOOST_TEST(w.orders == 1u); // the start
    BOOST_TEST(number(w.instance.state) == number(operational));
    check_card(w);
}

// DIV-080: it is repeated in short ones, with what the card lists then.
BOOST_AUTO_TEST_CASE(a_card_that_refuses_long_commands) {
    auto p = *lab::find_personality("jc305");
    p.extended_length = false;
    p.told_longest = 0x7FFF;
    world w(p);
    two_load_files(w, "arac", 600);
    w.deploy({I, A}, true);
    store_data(w);
    auto wanted = next_version(w);
    wanted.card.extended_length = true;
    other_content(w, wanted, 1);
    const auto outcome = *w.play(update(w, wanted, commands_of({I, A})));
    BOOST_TEST(outcome.details == "");
    BOOST_TEST(outcome.for_operator.find("extendedLength") != std::string::npos, outcome.for_operator);
    BOOST_TEST(has_data(w, applet_1));
    BOOST_TEST(has_data(w, applet_2));
    BOOST_TEST(rules_on(w) == 3u);
    check_card(w);
}

// what stays needs no personalization, and is asked for none.
BOOST_AUTO_TEST_CASE(what_stays_is_not_personalized_again) {
    auto w = ready_with_two_load_files();
    w.instance.target.applications[0].has_personalization = true;
    w.deploy({I, A}, true);
    auto wanted = next_version(w);
    other_content(w, wanted, 1);
    const auto outcome = *w.play(update(w, wanted, commands_of({I, P, A})));
    BOOST_TEST(outcome.details == "");
    BOOST_TEST((outcome.commands == std::vector(3, model::command_status::execution_success)));
    check_card(w);
    wanted = next_version(w);
    wanted.version_tag = "3.0.0";
    other_content(w, wanted, 0);
    BOOST_TEST(number(*w.play(update(w, wanted, commands_of({I, P, A})))) == 100);
    BOOST_TEST(number(w.instance.state) == number(operational));
}

namespace {

/// A load file replaced, one that comes and one that goes, an applet with other parameters, and one that stays.
target everything_else(world& w) {
    auto wanted = next_version(w);
    wanted.applications[1].install_parameters = "C9020102";
    wanted.load_files[1] = load_file_of(w, package_3, {applet_4}, 600);
    wanted.applications[2] = application_of(wanted.load_files[1], applet_4);
    if (wanted.card.ara != "none")
        wanted.device_apps = {std::string(64, 'C')};
    return wanted;
}
/// The same AIDs with other content.
target other_contents(world& w) {
    auto wanted = next_version(w);
    other_content(w, wanted, 0);
    wanted.applications.erase(wanted.applications.begin());
    if (wanted.card.ara != "none")
        wanted.applications[0].accessible_via_nfc = true;
    return wanted;
}

struct start {
    lab::card_state card;
    model::service_instance instance;
    model::secure_component component;
};

} // namespace

// Broken off behind every effect and entered again: the card ends the same.
BOOST_AUTO_TEST_CASE(broken_off_everywhere) {
    for (const char* rules : {"none", "arac", "aram-issuer"})
        for (const bool from_suspended : {false, true})
            for (const auto change : {everything_else, other_contents}) {
                auto whole = operational_service(rules);
                if (from_suspended)
                    whole.suspend(true);
                const start from{whole.card.state(), whole.instance, whole.component};
                BOOST_TEST_REQUIRE(whole.play(update(whole, change(whole), commands_of({I, A})))->details == "");
                check_card(whole);
                const auto count = whole.effects;
                BOOST_TEST_REQUIRE(count > 7u);
                for (std::size_t n = 1; n < count; ++n)
                    for (const int then : {0, 1, 2})
                        BOOST_TEST_CONTEXT(rules << (from_suspended ? ", suspended" : "")
                                                 << ", broken off after effect " << n
                                                 << (then == 0   ? ", repeated"
                                                     : then == 1 ? ", updated to what it was"
                                                                 : ", terminated")) {
                            auto w = ready_with_two_load_files(rules);
                            w.card = lab::card(from.card, w.random);
                            w.instance = from.instance;
                            w.component = from.component;
                            auto wanted = change(w);
                            BOOST_TEST(!w.play(update(w, wanted, commands_of({I, A})), n).has_value());
                            w.restart();
                            BOOST_TEST(w.instance.target.version_tag == "1.0.0");
                            BOOST_TEST(!model::refuse_update(w.instance, {I, A}, true, false).has_value());
                            if (then < 2) {
                                if (then == 1) {
                                    wanted = next_version(w);
                                    wanted.version_tag = "1.0.0";
                                }
                                BOOST_TEST(w.play(update(w, wanted, commands_of({I, A})))->details == "");
                                BOOST_TEST(number(w.instance.state) == number(operational));
                                BOOST_TEST(rules_on(w) == wanted.applications.size() * wanted.device_apps.size());
                                check_card(w);
                            }
                            BOOST_TEST(w.terminate().details == "");
                            BOOST_TEST(w.on_card().empty());
                            BOOST_TEST(rules_on(w) == 0u);
                        }
            }
}

BOOST_AUTO_TEST_SUITE_END()
