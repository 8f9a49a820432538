// updateService (TR 4.2.5.4, AMB-110 to AMB-113, AMB-124, AMB-225): what two Versions can differ in, and the commands
// that follow from it, written down one by one. What is not named keeps its data.

#include "tests/sim/versions.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

namespace {

using target = model::deployment_target;

const std::pair<const char*, bytes> names[] = {{"P1", package},  {"P2", package_2},          {"P3", package_3},
                                               {"a1", applet_1}, {"a2", applet_2},           {"a3", applet_3},
                                               {"a4", applet_4}, {"SD", hex(service_domain)}};

/// The first of these AIDs, with its length in front, that stands in a command.
std::string named_in(const bytes& apdu, bool domain_too) {
    const auto text = to_hex(apdu);
    std::string found;
    std::size_t at = std::string::npos;
    for (const auto& [name, aid] : names) {
        const auto octets = static_cast<std::uint8_t>(aid.size());
        const auto here = text.rfind(to_hex({&octets, 1}) + to_hex(aid));
        if (here == std::string::npos || (std::string_view(name) == "SD" && !domain_too))
            continue;
        if (at == std::string::npos || here > at) {
            at = here;
            found = name;
        }
    }
    return found;
}

/// SET STATUS has the AID alone.
std::string locked_by(const bytes& apdu) {
    for (const auto& [name, aid] : names)
        if (aid.size() > package.size() && to_hex(apdu).find(to_hex(aid)) != std::string::npos)
            return name;
    return "";
}

/// The commands of a process that change the card or name an application, in words.
std::string in_words(const gp::card_command& command) {
    switch (command.what) {
    case gp::step::unlock:
        return "unlock " + locked_by(command.apdu);
    case gp::step::lock:
        return "lock " + locked_by(command.apdu);
    case gp::step::install_for_load:
        return "load " + named_in(command.apdu, false);
    case gp::step::install_for_install:
        return "install " + named_in(command.apdu, false);
    case gp::step::make_selectable:
        return "selectable " + named_in(command.apdu, false);
    case gp::step::extradite:
        return "extradite " + named_in(command.apdu, false);
    case gp::step::access_rule:
        return "rule " + named_in(command.apdu, false);
    case gp::step::access_rule_removal:
        return "no rule " + named_in(command.apdu, false);
    case gp::step::delete_object:
        return "delete " + named_in(command.apdu, true);
    default:
        return command.changes_card && command.what != gp::step::load && !named_in(command.apdu, false).empty()
                   ? "names " + named_in(command.apdu, false)
                   : "";
    }
}

std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const auto& word : words)
        all += (all.empty() ? "" : ", ") + word;
    return all;
}

void listen(world& w, std::vector<std::string>& words) {
    w.on_the_way = [&words](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        if (auto word = in_words(command); !word.empty() && word != "extradite " && word != "install ")
            words.push_back(std::move(word));
        return std::nullopt;
    };
}

/// Each applet has stored something (DIV-091), which a new installation of it would not have.
const std::map<std::uint8_t, bytes> stored{{0x00, hex("C0FFEE")}};
void store_data(world& w) {
    auto state = w.card.state();
    for (const auto& aid : {applet_1, applet_2, applet_3})
        if (auto* app = state.registry.find_application(aid))
            app->kept.objects = stored;
    w.card = lab::card(state, w.random);
}
bool has_data(const world& w, const bytes& aid) {
    const auto* app = w.card.state().registry.find_application(aid);
    return app && app->kept.objects == stored;
}

world operational_service(const char* rules = "none", std::size_t load_size = 600) {
    auto w = ready_with_two_load_files(rules, load_size);
    BOOST_TEST_REQUIRE(w.deploy({I, A}, true).details == "");
    store_data(w);
    return w;
}

/// The card has exactly this, below the Service's domain, and it can be used, or not.
void check_card(world& w, bool usable = true) {
    auto expected = contents_of(w.instance.target);
    if (w.card.state().registry.find_application(hex(w.instance.target.card.arac_aid)))
        expected.insert(w.instance.target.card.arac_aid);
    BOOST_TEST(w.on_card() == expected, boost::test_tools::per_element());
    for (const auto& app : w.instance.target.applications) {
        const auto* there = w.card.state().registry.find_application(hex(app.instance_aid));
        BOOST_TEST_REQUIRE(there, app.instance_aid);
        BOOST_TEST(to_hex(there->domain) == service_domain);
        BOOST_TEST(to_hex(there->load_file) == app.elf_aid);
        BOOST_TEST((use(w, hex(app.instance_aid)) == 0x9000) == (usable && app.make_selectable), app.instance_aid);
    }
    for (const auto& file : w.instance.target.load_files)
        BOOST_TEST(to_hex(w.card.state().registry.find_load_file(hex(file.aid))->domain) == service_domain);
    BOOST_TEST(w.instance.target.beside.empty());
    BOOST_TEST(!w.component.doubt);
}

struct difference {
    const char* name;
    const char* rules;               ///< who keeps the access rules
    void (*change)(world&, target&); ///< between the Versions
    const char* commands;            ///< that leave
    const char* kept;                ///< applets that keep their data
    std::size_t orders;              ///< and five exchanges
};

target& other_content(world& w, target& t, std::size_t file) {
    auto& old = t.load_files[file];
    old = load_file_of(w, hex(old.aid),
                       file == 0 ? std::vector<bytes>{applet_1, applet_2} : std::vector<bytes>{applet_3}, 900);
    return t;
}

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
     "a1 a2 a3", 3},
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

// AMB-225
BOOST_AUTO_TEST_CASE(memory_is_checked_before_anything_changes) {
    for (const char* rules : {"none", "aram-issuer"})
        BOOST_TEST_CONTEXT(rules) {
            auto w = operational_service(rules);
            auto wanted = next_version(w);
            wanted.applications[0].accessible_via_nfc = true;
            wanted.load_files.push_back(load_file_of(w, package_3, {applet_4}, 9000));
            wanted.applications.push_back(application_of(wanted.load_files.back(), applet_4));
            wanted.card.memory_reserve = 10'000'000;
            const auto before = w.card.state().registry.applications().size();
            const auto rules_before = rules_on(w);
            const auto outcome = *w.play(update(w, wanted, commands_of({I, A})));
            BOOST_TEST(number(outcome) == 7);
            BOOST_TEST(number(w.instance.state) == number(operational));
            BOOST_TEST(w.instance.target.version_tag == "1.0.0");
            BOOST_TEST(w.instance.target.beside.empty());
            BOOST_TEST(w.card.state().registry.applications().size() == before);
            BOOST_TEST(rules_on(w) == rules_before);
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
    BOOST_TEST(w.orders == 0u);
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
                BOOST_TEST_REQUIRE(count > 8u);
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
