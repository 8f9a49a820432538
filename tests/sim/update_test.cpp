// updateService (TR 4.2.5.4, AMB-110 to AMB-113, AMB-124, AMB-225): what two Versions can differ in, and the commands
// that follow from it, written down one by one. What is not named keeps its data.

#include "tests/sim/versions.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

namespace {

using target = model::deployment_target;

struct difference {
    const char* name;
    const char* rules;               ///< who keeps the access rules
    void (*change)(world&, target&); ///< between the Versions
    const char* commands;            ///< that leave
    const char* kept;                ///< applets that keep their data
    std::size_t orders;              ///< and the call
};

const difference differences[] = {
    {"nothing", "none", [](world&, target&) {}, "", "a1 a2 a3", 2},
    {"another Flavor of the same content", "none",
     [](world&, target& t) {
         t.flavor_id = "flavor-2";
         t.sp_parameters["color"] = "blue";
     },
     "", "a1 a2 a3", 2},
    {"a lower Version", "none", [](world&, target& t) { t.version_tag = "0.9.0"; }, "", "a1 a2 a3", 2},
    {"a load file", "none", [](world& w, target& t) { other_content(w, t, 1); },
     "delete a3, delete P2, load P2, install a3, selectable a3, extradite P2, extradite a3", "a1 a2", 2},
    {"a load file of two applets", "none", [](world& w, target& t) { other_content(w, t, 0); },
     "delete a2, delete a1, delete P1, load P1, install a1, install a2, selectable a1, selectable a2, extradite P1, "
     "extradite a1, extradite a2",
     "a3", 2},
    {"a module", "none", [](world&, target& t) { t.applications[1].module_aid = t.applications[0].module_aid; },
     "delete a2, install a2, selectable a2, extradite a2", "a1 a3", 2},
    {"install parameters", "none", [](world&, target& t) { t.applications[0].install_parameters = "C9020102"; },
     "delete a1, install a1, selectable a1, extradite a1", "a2 a3", 2},
    {"activation", "none", [](world&, target& t) { t.applications[2].make_selectable = false; },
     "delete a3, install a3, extradite a3", "a1 a2", 2},
    {"privileges", "none", [](world&, target& t) { t.applications[2].privileges = {"ContactlessSelfActivation"}; },
     "delete a3, install a3, selectable a3, extradite a3", "a1 a2", 2},
    {"the order of instantiation", "none",
     [](world&, target& t) {
         t.applications[0].priority = 9;
         std::swap(t.applications[0], t.applications[2]);
     },
     "", "a1 a2 a3", 2},
    {"an applet more", "none",
     [](world&, target& t) {
         t.applications.push_back(application_of(t.load_files[0], applet_4));
         t.applications.back().module_aid = to_hex(applet_1);
     },
     "install a4, selectable a4, extradite a4", "a1 a2 a3", 2},
    {"an applet less", "none", [](world&, target& t) { t.applications.erase(t.applications.begin()); }, "delete a1",
     "a2 a3", 2},
    {"a load file less", "none",
     [](world&, target& t) {
         t.applications.pop_back();
         t.load_files.pop_back();
     },
     "delete a3, delete P2", "a1 a2", 2},
    {"a load file more", "none",
     [](world& w, target& t) {
         t.load_files.push_back(load_file_of(w, package_3, {applet_4}, 600));
         t.applications.push_back(application_of(t.load_files.back(), applet_4));
     },
     "load P3, install a4, selectable a4, extradite P3, extradite a4", "a1 a2 a3", 2},
    {"a load file in place of another", "none",
     [](world& w, target& t) {
         t.load_files[1] = load_file_of(w, package_3, {applet_4}, 600);
         t.applications[2] = application_of(t.load_files[1], applet_4);
     },
     "load P3, delete a3, delete P2, install a4, selectable a4, extradite P3, extradite a4", "a1 a2", 3},
    {"imports", "none",
     [](world& w, target& t) {
         other_content(w, t, 0);
         t.load_files[1] = load_file_of(w, package_2, {applet_3}, 600, package);
     },
     "delete a3, delete a2, delete a1, delete P2, delete P1, load P1, load P2, install a1, install a2, install a3, "
     "selectable a1, selectable a2, selectable a3, extradite P1, extradite P2, extradite a1, extradite a2, extradite "
     "a3",
     "", 2},
    {"rules in an ARA-C", "arac", [](world&, target& t) { t.applications[0].accessible_via_nfc = true; },
     "no rule a1, rule a1", "a1 a2 a3", 2},
    {"an app more, rules in an ARA-C", "arac", [](world&, target& t) { t.device_apps.push_back(std::string(40, 'A')); },
     "rule a1, rule a2, rule a3", "a1 a2 a3", 2},
    {"an applet less, rules in an ARA-C", "arac", [](world&, target& t) { t.applications.pop_back(); },
     "no rule a3, delete a3", "a1 a2", 2},
    {"a load file, the same rules", "arac", [](world& w, target& t) { other_content(w, t, 1); },
     "delete a3, delete P2, load P2, install a3, selectable a3, extradite P2, extradite a3", "a1 a2", 2},
    {"rules of the issuer", "aram-issuer", [](world&, target& t) { t.applications[0].accessible_via_nfc = true; }, "",
     "a1 a2 a3", 4},
    {"a load file, the same rules of the issuer", "aram-issuer", [](world& w, target& t) { other_content(w, t, 1); },
     "delete a3, delete P2, load P2, install a3, selectable a3, extradite P2, extradite a3", "a1 a2", 2},
};

} // namespace

BOOST_AUTO_TEST_SUITE(update_service)

BOOST_AUTO_TEST_CASE(only_what_differs_is_named) {
    for (const auto& d : differences)
        for (const std::size_t size : {600u, 9000u})
            BOOST_TEST_CONTEXT(d.name << ", load files of " << size) {
                auto w = operational_service(d.rules, size);
                auto wanted = next_version(w);
                d.change(w, wanted);
                std::vector<std::string> words;
                listen(w, words);
                const auto outcome = *w.play(update(w, wanted, commands_of({I, A})));
                w.on_the_way = nullptr;
                BOOST_TEST(outcome.details == "");
                BOOST_TEST(joined(words) == d.commands);
                BOOST_TEST(w.orders == d.orders);
                BOOST_TEST(number(w.instance.state) == number(operational));
                BOOST_TEST(w.instance.target.version_tag == wanted.version_tag);
                BOOST_TEST(w.instance.target.flavor_id == wanted.flavor_id);
                BOOST_TEST(static_cast<int>(w.instance.last_operation) == 23);
                BOOST_TEST(outcome.commands.size() == 2u);
                for (const auto status : outcome.commands)
                    BOOST_TEST(static_cast<int>(status) == 0);
                check_card(w);
                BOOST_TEST(rules_on(w) == (std::string_view(d.rules) == "none"
                                               ? 0u
                                               : wanted.applications.size() * wanted.device_apps.size()));
                for (const auto& [name, aid] : {std::pair{"a1", applet_1}, {"a2", applet_2}, {"a3", applet_3}})
                    BOOST_TEST(has_data(w, aid) == (std::string(d.kept).find(name) != std::string::npos), name);
                BOOST_TEST(w.terminate().details == "");
                BOOST_TEST(w.on_card().empty());
                BOOST_TEST(rules_on(w) == 0u);
            }
}

BOOST_AUTO_TEST_CASE(install_parameters_are_compared_as_they_were_filled_in) {
    for (const bool same : {true, false})
        BOOST_TEST_CONTEXT((same ? "the same" : "other") << " installationData") {
            auto w = ready_with_two_load_files();
            w.instance.target.applications[0].install_parameters = "C901${key}";
            auto commands = commands_of({I, A});
            commands[0].data = {{"key", "01"}};
            w.play(process::deploy(w.request(), commands, true));
            store_data(w);
            commands[0].data = {{"key", same ? "01" : "02"}};
            BOOST_TEST(w.play(update(w, next_version(w), commands))->details == "");
            BOOST_TEST(has_data(w, applet_1) == same);
            BOOST_TEST(has_data(w, applet_2));
            check_card(w);
        }
}

// AMB-107: only an Activate of the update suspends; finalization without one leads to OPERATIONAL.
BOOST_AUTO_TEST_CASE(what_is_suspended_is_unlocked_first) {
    struct row {
        const char* name;
        std::vector<model::service_command> commands;
        bool suspends, finalize;
        model::instance_state end;
        const char* leaving;
    };
    const char* replaced = "unlock SD, delete a3, delete P2, load P2, install a3, selectable a3, extradite P2, "
                           "extradite a3";
    const row rows[] = {
        {"activated", {I, A}, false, true, operational, replaced},
        {"activated and suspended", {I, A}, true, true, suspended, replaced},
        {"finalized without an Activate", {I}, false, true, operational, nullptr},
        {"not finalized", {I, A}, true, false, activated, replaced},
    };
    for (const auto& r : rows)
        for (const bool from_the_start : {true, false}) // suspendOnFinalize of the former Version, or suspended later
            for (const bool together : {true, false})
                BOOST_TEST_CONTEXT(r.name << (from_the_start ? ", suspended from the start" : ", suspended later")
                                          << (together ? "" : ", locked one by one")) {
                    auto w = ready_with_two_load_files();
                    w.instance.target.card.lock_with_applications = together;
                    w.deploy({I, A}, true, from_the_start);
                    if (!from_the_start)
                        w.suspend(true);
                    store_data(w);
                    BOOST_TEST_REQUIRE(number(w.instance.state) == number(suspended));
                    auto wanted = next_version(w);
                    other_content(w, wanted, 1);
                    std::vector<std::string> words;
                    listen(w, words);
                    const auto outcome = *w.play(update(w, wanted, commands_of(r.commands, r.suspends), r.finalize));
                    w.on_the_way = nullptr;
                    BOOST_TEST(outcome.details == "");
                    BOOST_TEST(w.orders == 3u); // it looks first
                    BOOST_TEST(number(w.instance.state) == number(r.end));
                    if (r.leaving && together)
                        BOOST_TEST(joined(words) == r.leaving + std::string(r.end == suspended ? ", lock SD" : ""));
                    const bool usable = r.end != suspended;
                    BOOST_TEST((use(w, applet_1) == 0x9000) == usable);
                    BOOST_TEST((use(w, applet_3) == 0x9000) == (usable && r.commands.size() == 2));
                    BOOST_TEST(has_data(w, applet_1));
                    BOOST_TEST(!has_data(w, applet_3));
                    if (r.end == suspended) {
                        BOOST_TEST(w.suspend(false).details == "");
                        check_card(w);
                    }
                    BOOST_TEST(w.terminate().details == "");
                    BOOST_TEST(w.on_card().empty());
                }
}

// What the profile says of locks today says nothing of how the card was locked.
BOOST_AUTO_TEST_CASE(it_is_unlocked_as_it_is_listed) {
    for (const bool together : {true, false}) {
        auto w = ready_with_two_load_files();
        w.instance.target.card.lock_with_applications = together;
        w.deploy({I, A}, true, true);
        auto wanted = next_version(w);
        other_content(w, wanted, 1);
        wanted.card.lock_with_applications = !together;
        BOOST_TEST(w.play(update(w, wanted, commands_of({I, A})))->details == "");
        check_card(w);
    }
}

// AMB-110: a partial update is continued with deployService; AMB-124: rules change with its Activate.
BOOST_AUTO_TEST_CASE(a_partial_update_is_continued_with_deploy) {
    for (const char* rules : {"none", "arac", "aram-issuer"})
        for (const bool from_suspended : {false, true})
            BOOST_TEST_CONTEXT(rules << (from_suspended ? ", suspended" : "")) {
                auto w = operational_service(rules);
                if (from_suspended)
                    w.suspend(true);
                const auto before = rules_on(w);
                auto wanted = next_version(w);
                other_content(w, wanted, 1);
                wanted.applications.erase(wanted.applications.begin());
                if (before != 0)
                    wanted.device_apps = {std::string(64, 'C')};
                BOOST_TEST(w.play(update(w, wanted, commands_of({I}), false))->details == "");
                BOOST_TEST(number(w.instance.state) == number(installed));
                BOOST_TEST(static_cast<int>(w.instance.last_operation) == 20);
                BOOST_TEST(rules_on(w) == before / 3); // of the applet that has stayed
                BOOST_TEST(use(w, applet_2) == 0x9000);
                BOOST_TEST(use(w, applet_3) != 0x9000);
                BOOST_TEST(!model::refuse_deploy(w.instance, {A}, true, false).has_value());
                BOOST_TEST(model::refuse_update(w.instance, {I, A}, true, false).has_value());
                BOOST_TEST(w.deploy({A}, true).details == "");
                BOOST_TEST(number(w.instance.state) == number(operational));
                BOOST_TEST(has_data(w, applet_2));
                BOOST_TEST(rules_on(w) == wanted.applications.size() * wanted.device_apps.size());
                check_card(w);
                BOOST_TEST(w.terminate().details == "");
                BOOST_TEST(w.on_card().empty());
                BOOST_TEST(rules_on(w) == 0u);
            }
}

// Also rules that no Activate of this deployment has written may be there, and go with the Service.
BOOST_AUTO_TEST_CASE(rules_of_before_go_with_the_service) {
    for (const char* rules : {"arac", "aram-issuer"}) {
        auto w = operational_service(rules);
        auto wanted = next_version(w);
        wanted.device_apps = {std::string(64, 'C')};
        BOOST_TEST(w.play(update(w, wanted, commands_of({I}), true))->details == "");
        BOOST_TEST(rules_on(w) == 3u);
        wanted = next_version(w);
        wanted.version_tag = "3.0.0";
        wanted.applications.pop_back();
        BOOST_TEST(w.play(update(w, wanted, commands_of({I}), true))->details == "");
        BOOST_TEST(rules_on(w) == 2u);
        BOOST_TEST(w.terminate().details == "");
        BOOST_TEST(rules_on(w) == 0u);
    }
}

// A phone says that the TSM's domain has none of our keys: its issuer gives it new ones, and nobody knows what else is
// in it.
BOOST_AUTO_TEST_CASE(hidden_keys_hide_no_rules) {
    for (const bool continued : {false, true})
        BOOST_TEST_CONTEXT((continued ? "continued with deploy" : "at once")) {
            auto w = operational_service("arac");
            auto wanted = next_version(w);
            wanted.device_apps = {std::string(64, 'C')};
            if (continued)
                BOOST_TEST(w.play(update(w, wanted, commands_of({I}), false))->details == "");
            bool hidden = false;
            w.on_the_way = [&](const gp::card_command& command, const auto&) -> std::optional<bytes> {
                if (command.what != gp::step::initialize_update || std::exchange(hidden, true))
                    return std::nullopt;
                return hex("6A88");
            };
            const auto outcome = continued ? w.deploy({A}, true) : *w.play(update(w, wanted, commands_of({I, A})));
            w.on_the_way = nullptr;
            BOOST_TEST(outcome.details == "");
            BOOST_TEST(hidden);
            BOOST_TEST(rules_on(w) == 3u);
            check_card(w);
        }
}

BOOST_AUTO_TEST_CASE(an_access_client_that_is_gone_gets_all_rules_again) {
    auto w = operational_service("arac");
    auto state = w.card.state();
    const auto client = hex(w.instance.target.card.arac_aid);
    state.registry.erase_application(client);
    state.client_rules.clear();
    w.card = lab::card(state, w.random);
    w.component.doubt = true;
    BOOST_TEST(w.play(update(w, next_version(w), commands_of({I, A})))->details == "");
    BOOST_TEST(rules_on(w) == 3u);
    check_card(w);
}

BOOST_AUTO_TEST_SUITE_END()
