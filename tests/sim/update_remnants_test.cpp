// What an update that fails leaves of access rules, and what may be taken for granted of a card (review of #12).

#include "tests/sim/versions.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

BOOST_AUTO_TEST_SUITE(update_remnants)

// A former Version without rules has no store of them; those of an update that nobody has heard of go all the same.
BOOST_AUTO_TEST_CASE(first_rules_of_a_service_go_with_it) {
    for (const char* rules : {"arac", "aram-issuer"}) {
        const auto changed = [&](const world& w) {
            auto wanted = next_version(w);
            wanted.card.ara = rules;
            wanted.device_apps = {std::string(64, 'C')};
            return wanted;
        };
        auto whole = operational_service();
        BOOST_TEST_REQUIRE(whole.play(update(whole, changed(whole), commands_of({I, A})))->details == "");
        auto w = operational_service();
        BOOST_TEST(!w.play(update(w, changed(w), commands_of({I, A})), whole.effects).has_value());
        w.restart();
        BOOST_TEST(rules_on(w) == 3u, rules);
        BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
        BOOST_TEST(rules_on(w) == 0u, rules);
    }
}

BOOST_AUTO_TEST_CASE(what_was_there_before_is_not_withdrawn_and_what_is_new_always) {
    for (const char* rules : {"arac", "aram-issuer"}) {
        auto w = operational_service(rules);
        auto wanted = next_version(w);
        other_content(w, wanted, 1);
        wanted.applications[0].accessible_via_nfc = true;
        wanted.device_apps.push_back(std::string(64, 'C'));
        for (int attempt = 0; attempt < 2; ++attempt) {
            w.card.inject(lab::fault_plan::parse("sw6985@install-for-extradition", w.random));
            BOOST_TEST(number(*w.play(update(w, wanted, commands_of({I, A})))) == 7);
            w.card.inject({});
            BOOST_TEST(rules_on(w) == 3u, rules);
        }
    }
}

// AMB-124: what stays keeps its rules, also where an update has failed that had removed them.
BOOST_AUTO_TEST_CASE(repeated_without_an_activate) {
    for (const char* rules : {"arac", "aram-issuer"}) {
        auto w = operational_service(rules);
        auto wanted = next_version(w);
        other_content(w, wanted, 1);
        wanted.device_apps = {std::string(64, 'C')};
        w.card.inject(lab::fault_plan::parse("sw6985@load", w.random));
        BOOST_TEST(number(*w.play(update(w, wanted, commands_of({I, A})))) == 7);
        w.card.inject({});
        BOOST_TEST(w.play(update(w, wanted, commands_of({I})))->details == "");
        BOOST_TEST(rules_on(w) == 2u, rules); // of a1 and a2
        BOOST_TEST(w.terminate().details == "");
        BOOST_TEST(rules_on(w) == 0u, rules);
    }
}

// AMB-125: a refused update makes nobody else's AIDs its own.
BOOST_AUTO_TEST_CASE(aids_behind_the_proof_stay_the_others) {
    auto w = operational_service("aram-issuer");
    auto wanted = next_version(w);
    wanted.load_files.push_back(load_file_of(w, package_3, {applet_4}, 600));
    wanted.applications.push_back(application_of(wanted.load_files.back(), applet_4));
    auto request = w.request();
    request.new_target = wanted;
    request.aids_behind_proof = {to_hex(applet_4), to_hex(package_3)};
    BOOST_TEST(number(*w.play(process::update(std::move(request), commands_of({I, A}), true))) == 7);
    BOOST_TEST(w.instance.target.beside.applications.empty());
    BOOST_TEST(w.instance.target.beside.load_files.empty());
}

BOOST_AUTO_TEST_CASE(where_nothing_comes_no_memory_is_needed) {
    auto w = operational_service();
    auto wanted = next_version(w);
    wanted.card.memory_reserve = 10'000'000;
    BOOST_TEST(w.play(update(w, wanted, commands_of({I, A})))->details == "");
}

// The card tells it under R-MAC, so that it is no success.
BOOST_AUTO_TEST_CASE(a_domain_that_stays_locked) {
    auto w = operational_service();
    w.suspend(true);
    w.on_the_way = [&](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        if (command.what != gp::step::unlock)
            return std::nullopt;
        auto answer = card();
        auto& state = const_cast<lab::card_state&>(w.card.state()); // the channel has to survive it
        state.registry.find_application(hex(service_domain))->state |= lab::life_cycle::locked;
        return answer;
    };
    BOOST_TEST(number(*w.play(update(w, next_version(w), commands_of({I, A})))) == 7);
    w.on_the_way = nullptr;
    BOOST_TEST(number(w.instance.state) == number(in_error));
    BOOST_TEST(w.play(update(w, next_version(w), commands_of({I, A})))->details == "");
    check_card(w);
}

BOOST_AUTO_TEST_CASE(without_its_domain_nothing_is_begun) {
    auto w = operational_service();
    auto state = w.card.state();
    for (const auto& aid : {applet_1, applet_2, applet_3})
        state.registry.erase_application(aid);
    for (const auto& aid : {package, package_2})
        state.registry.erase_load_file(aid);
    state.registry.erase_application(hex(service_domain));
    w.card = lab::card(state, w.random);
    w.component.doubt = true;
    BOOST_TEST(number(*w.play(update(w, next_version(w), commands_of({I, A})))) == 9);
    BOOST_TEST(w.on_card() == std::set<std::string>{tsm_domain}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
