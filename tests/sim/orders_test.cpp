// How many orders each process costs the phone (docs/performance.md), and what its start has to do with the first
// (AMB-132, AMB-230). Stop is no order, and the call that begins a process has one exchange more.

#include "tests/sim/scripts.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>

using namespace tsms;
using namespace tsms::sim;

namespace {

/// What a row does not depend on: how much is loaded, and how many applications there are.
struct extent {
    std::size_t load_size;
    bool one_applet;
};

world ready_for(const char* rules, const extent& of) {
    auto w = ready_with_two_load_files(rules, of.load_size);
    if (of.one_applet) {
        w.instance.target.load_files.resize(1);
        w.instance.target.applications.resize(1);
    }
    return w;
}

world operational_for(const char* rules, const extent& of) {
    auto w = ready_for(rules, of);
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    return w;
}

/// The TSM's domain is there from another Service.
world with_domain(const char* rules, const extent& of) {
    auto w = operational_for(rules, of);
    BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
    w.instance.state = not_deployed;
    w.instance.executed.clear();
    return w;
}

process::process_outcome deploy(world& w) {
    return w.deploy({I, A}, true);
}

/// Of two chains, for each application.
void script_everywhere(world& w) {
    for (std::size_t k = 0; k < w.instance.target.applications.size(); ++k)
        add_script(w, k, {stores("a", "010100"), stores("b", "01", "80E20800"), stores("c", "0100", "80E28801")});
}

process::process_outcome personalize(world& w) {
    return run(w, {I, P, A}, {});
}

process::process_outcome update_to(world& w, const std::function<void(model::deployment_target&)>& change) {
    auto wanted = next_version(w);
    change(wanted);
    return *w.play(update(w, wanted, commands_of({I, A})));
}

void new_load_file(world& w, model::deployment_target& t) {
    t.load_files.push_back(load_file_of(w, package_3, {applet_4}, 600));
    t.applications.push_back(application_of(t.load_files.back(), applet_4));
}

/// In place of what is there.
void other_load_file(world& w, model::deployment_target& t) {
    t.load_files = {load_file_of(w, package_3, {applet_4}, 600)};
    t.applications = {application_of(t.load_files.back(), applet_4)};
}

struct row {
    const char* name;
    std::size_t orders;
    const char* rules;
    world (*before)(const char* rules, const extent& of);
    process::process_outcome (*play)(world& w);
};

const row rows[] = {
    {"deploy, new domain", 5, "none", ready_for, deploy},
    {"deploy, new domain and rules of the issuer", 5, "aram-issuer", ready_for, deploy},
    {"deploy, new domain and its ARA-C", 5, "arac", ready_for, deploy},
    {"deploy, rules of the issuer", 4, "aram-issuer", with_domain, deploy},
    {"deploy, no issuer", 2, "none", with_domain, deploy},
    {"deploy, rules in our ARA-C", 2, "arac", with_domain, deploy},
    {"deploy with scripts, new domain", 6, "none",
     [](const char* rules, const extent& of) {
         auto w = ready_for(rules, of);
         script_everywhere(w);
         return w;
     },
     personalize},
    {"deploy with scripts, no issuer", 3, "none",
     [](const char* rules, const extent& of) {
         auto w = with_domain(rules, of);
         script_everywhere(w);
         return w;
     },
     personalize},
    {"deploy with scripts, rules of the issuer", 5, "aram-issuer",
     [](const char* rules, const extent& of) {
         auto w = with_domain(rules, of);
         script_everywhere(w);
         return w;
     },
     personalize},
    {"personalize what is installed", 4, "none",
     [](const char* rules, const extent& of) {
         auto w = ready_for(rules, of);
         script_everywhere(w);
         BOOST_TEST(run(w, {I}, {}, false).details == "");
         return w;
     },
     [](world& w) { return run(w, {P}, {}); }},
    {"suspend", 2, "aram-issuer", operational_for, [](world& w) { return w.suspend(true); }},
    {"resume", 2, "aram-issuer",
     [](const char* rules, const extent& of) {
         auto w = operational_for(rules, of);
         w.suspend(true);
         return w;
     },
     [](world& w) { return w.suspend(false); }},
    {"resume what is not suspended", 1, "none", operational_for, [](world& w) { return w.suspend(false); }},
    {"terminate, the domain stays", 2, "none", operational_for, terminate_but_keep_the_domain},
    {"terminate, the domain stays, rules in our ARA-C", 3, "arac", operational_for, terminate_but_keep_the_domain},
    {"terminate, the domain stays, rules of the issuer", 4, "aram-issuer", operational_for,
     terminate_but_keep_the_domain},
    {"terminate, the last", 4, "none", operational_for, [](world& w) { return w.terminate(); }},
    {"terminate, the last, rules of the issuer", 6, "aram-issuer", operational_for,
     [](world& w) { return w.terminate(); }},
    {"terminate, never deployed", 1, "none", ready_for, [](world& w) { return w.terminate(); }},
    {"update, nothing new", 2, "none", operational_for,
     [](world& w) { return update_to(w, [](model::deployment_target&) {}); }},
    {"update, a load file more", 2, "none", operational_for,
     [](world& w) { return update_to(w, [&](auto& t) { new_load_file(w, t); }); }},
    {"update, a load file in place of another", 3, "none", operational_for,
     [](world& w) { return update_to(w, [&](auto& t) { other_load_file(w, t); }); }},
    {"update, rules of the issuer", 4, "aram-issuer", operational_for,
     [](world& w) { return update_to(w, [](auto& t) { t.device_apps.push_back(std::string(40, 'A')); }); }},
    {"update, rules and load files", 5, "aram-issuer", operational_for,
     [](world& w) { return update_to(w, [&](auto& t) { other_load_file(w, t); }); }},
    {"update of what is suspended", 3, "none",
     [](const char* rules, const extent& of) {
         auto w = operational_for(rules, of);
         w.suspend(true);
         return w;
     },
     [](world& w) { return update_to(w, [](model::deployment_target&) {}); }},
};

} // namespace

BOOST_AUTO_TEST_SUITE(orders)

BOOST_AUTO_TEST_CASE(each_row_of_the_table) {
    for (const auto& r : rows)
        for (const auto& of : {extent{300, true}, extent{300, false}, extent{30000, false}})
            BOOST_TEST_CONTEXT(r.name << ", " << of.load_size << " octets" << (of.one_applet ? ", one applet" : "")) {
                auto w = r.before(r.rules, of);
                BOOST_TEST(r.play(w).details == "");
                BOOST_TEST(w.orders == r.orders);
            }
}

// AMB-132: though the card has been read with the same order, nothing has happened.
BOOST_AUTO_TEST_CASE(a_start_that_the_app_does_not_take_ends_every_process) {
    for (const auto& r : rows)
        BOOST_TEST_CONTEXT(r.name) {
            auto w = r.before(r.rules, {300, false});
            const auto before = w.instance;
            const auto card = w.component;
            const auto there = w.on_card();
            const auto intents = w.journal.size();
            w.listener_throws = true;
            const auto outcome = r.play(w);
            BOOST_TEST(number(outcome) == 6);
            BOOST_TEST(outcome.details.find("the listener threw") != std::string::npos);
            BOOST_TEST(w.orders == 1u);
            BOOST_TEST(w.issuer_orders == 0u);
            BOOST_TEST(w.journal.size() == intents);
            BOOST_TEST(w.on_card() == there, boost::test_tools::per_element());
            BOOST_TEST(number(w.instance.state) == number(before.state));
            BOOST_TEST(w.instance.on_card == before.on_card);
            BOOST_TEST(w.instance.target.version_tag == before.target.version_tag);
            BOOST_TEST(w.instance.target.beside.empty());
            BOOST_TEST(w.component.doubt == card.doubt);
            BOOST_TEST(w.component.tsm_domain.has_value() == card.tsm_domain.has_value());
            w.listener_throws = false;
            BOOST_TEST(r.play(w).details == "");
            BOOST_TEST(w.orders == r.orders);
        }
}

// To such a card INITIALIZE UPDATE is no reading command.
BOOST_AUTO_TEST_CASE(a_card_that_counts_gets_nothing_that_counts_with_the_start) {
    auto w = operational_for("none", {300, false});
    w.instance.target.card.initialize_update_counts = true;
    w.extra_orders = 1;
    w.listener_throws = true;
    BOOST_TEST(number(w.suspend(true)) == 6);
    BOOST_TEST(w.apdus == 0u);
    w.listener_throws = false;
    BOOST_TEST(w.suspend(true).details == "");
    BOOST_TEST(w.orders == 3u);
}

// AMB-131: what hinders a process, and what its first checks refuse, is told behind its start.
BOOST_AUTO_TEST_CASE(a_process_that_asks_no_card_has_a_start_all_the_same) {
    for (const bool taken : {true, false})
        for (const bool hindered : {true, false})
            BOOST_TEST_CONTEXT((hindered ? "hindered" : "refused") << (taken ? "" : ", the listener throws")) {
                auto w = ready();
                w.listener_throws = !taken;
                auto request = w.request();
                if (hindered)
                    request.hindrance = {model::error_category::sc_inaccessible, "not there"};
                else
                    request.instance.target.applications[0].instance_aid = to_hex(package); // taken
                const auto outcome = *w.play(process::deploy(request, commands_of({I, A}), true));
                BOOST_TEST(number(outcome) == (!taken ? 6 : hindered ? 9 : 7));
                BOOST_TEST(w.orders == 1u);
                BOOST_TEST(w.apdus == 0u);
                BOOST_TEST(number(w.instance.state) == number(not_deployed));
            }
}

BOOST_AUTO_TEST_SUITE_END()
