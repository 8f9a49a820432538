// Cards and issuers that say what is not so, under valid R-MACs and over proven connections: a success is told only
// where it is true, and whoever is honest again finds a card that can be emptied.

#include "tests/sim/service.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

namespace {

/// Where the access rules go.
constexpr const char* rule_stores[] = {"none", "aram-issuer", "arac"};

world with_rules_in(const std::string& store) {
    auto w = ready("jc305", 600);
    if (store == "none")
        return w;
    w.instance.target.card.ara = store;
    w.instance.target.device_apps = {std::string(64, 'B')};
    return w;
}

std::size_t rules_on_card(const world& w) {
    std::size_t count = w.card.state().ara.rules.size();
    for (const auto& [client, rules] : w.card.state().client_rules)
        count += rules.size();
    return count;
}

bool is_operational(world& w) {
    const bool has_rules = !w.instance.target.device_apps.empty();
    return w.on_card().size() == (w.instance.target.card.ara == "arac" ? 6u : 5u) && use(w, applet_1) == 0x9000 &&
           use(w, applet_2) == 0x9000 && rules_on_card(w) == (has_rules ? 2u : 0u);
}
bool is_suspended(world& w) {
    return use(w, applet_1) != 0x9000 && use(w, applet_2) != 0x9000;
}
bool is_gone(world& w) {
    return w.on_card().empty() && rules_on_card(w) == 0;
}

void tell_lies(world& w, const std::string& spec) {
    w.card.inject(lab::fault_plan::parse(spec, w.random));
}

/// Everybody is honest again.
void check_recovery(world& w) {
    w.card.inject({});
    w.issuer_lies = {};
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(is_gone(w));
}

/// About the TSM's domain, an applet, the load file and the service's domain.
constexpr const char* lies_of_a_card[] = {
    "lie9F7F=00112233@get-data",
    "lie9F70=0F/D27600016354534D0001@get-status",
    "lie9F70=07/D276000185545301@get-status",
    "lie9F70=83@get-status",
    "lieC5=000000/D27600016354534D0001@get-status",
    "lieC5=9EFE80@get-status",
    "lieCC=A000000151000000/D276000185545301@get-status",
    "lieCC=A000000151000000/D276000163544D5301000001@get-status",
    "lieCC=D27600016354534D0001/D2760001855453@get-status",
    "lie4F=D27600018554AA/D276000185545301@get-status",
    "lieC4=D27600018554AA@get-status",
    "hideE3/D276000185545301@get-status",
    "hideE3/D2760001855453@get-status",
    "hideE3/D276000163544D5301000001@get-status",
    "hideE3/D27600016354534D0001@get-status",
    "hideE3@get-status",
    "hide9F70@get-status",
    "hideC5@get-status",
    "hideCC@get-status",
    "stale@get-status",
    "stale@get-data",
    "stale@any",
    "lieC0=01018810@get-data",
    "lieC0=01318810@get-data",
    "hideC0@get-data",
    "patch0=22@put-key",
    "patch1=000000@put-key",
    "lie84=D276000001@select",
    "patch0=0000@initialize-update",
    "patch10=31@initialize-update",
    "patch12=00@initialize-update",
    "pretend@store-data:1-", // rules, and nothing to the questions about them
    "pretend@store-data:2-3",
    "pretend@store-data:2-5",
    "pretend@store-data:2,sw6A80@store-data:5",
};

} // namespace

BOOST_AUTO_TEST_SUITE(lies)

BOOST_AUTO_TEST_CASE(no_lie_of_a_card_makes_a_success) {
    for (const std::string store : rule_stores)
        for (const auto* lie : lies_of_a_card)
            BOOST_TEST_CONTEXT(lie << ", rules in " << store) {
                auto deploying = with_rules_in(store);
                tell_lies(deploying, lie);
                if (number(deploying.deploy({I, A}, true)) == 0)
                    BOOST_TEST(is_operational(deploying));
                check_recovery(deploying);

                auto suspending = with_rules_in(store);
                suspending.deploy({I, A}, true);
                tell_lies(suspending, lie);
                if (number(suspending.suspend(true)) == 0)
                    BOOST_TEST(is_suspended(suspending));
                suspending.card.inject({});
                if (number(suspending.suspend(true)) == 0)
                    BOOST_TEST(is_suspended(suspending));
                tell_lies(suspending, lie);
                if (number(suspending.suspend(false)) == 0)
                    BOOST_TEST(is_operational(suspending));
                check_recovery(suspending);

                auto terminating = with_rules_in(store);
                terminating.deploy({I, A}, true);
                tell_lies(terminating, lie);
                const auto terminated = terminating.terminate();
                if (number(terminated) == 0)
                    BOOST_TEST(is_gone(terminating));
                else
                    check_recovery(terminating);
            }
}

/// What a card says of what the TSM depends on is compared.
BOOST_AUTO_TEST_CASE(a_lying_card_is_told) {
    const std::pair<const char*, int> deploys[] = {
        {"lie9F7F=00112233@get-data", 9},
        {"lieCC=A000000151000000/D276000185545301@get-status", 7},
        {"lieCC=D27600016354534D0001/D2760001855453@get-status", 7},
        {"lie4F=D27600018554AA/D276000185545301@get-status", 7},
        {"lie9F70=87/D276000185545301@get-status", 7}, // locked
        {"hideE3/D276000185545301@get-status", 7},
        {"hideE3/D2760001855453@get-status", 7},
        {"hideE3/D276000163544D5301000001@get-status", 7},
        {"lieC0=01018810@get-data", 9}, // keys of the TSM are no content of a provider
        {"patch1=000000@put-key", 9},
        {"lie84=D276000001@select", 9},
        {"patch10=31@initialize-update", 9},
        {"patch12=00@initialize-update", 9},
        {"patch12=10@initialize-update", 9},
    };
    for (const auto& [lie, status] : deploys)
        BOOST_TEST_CONTEXT(lie) {
            auto w = with_rules_in("none");
            tell_lies(w, lie);
            BOOST_TEST(number(w.deploy({I, A}, true)) == status);
        }
    for (const auto* lie : {"lie9F70=87/D276000185545301@get-status", "lie9F70=03/D276000185545302@get-status",
                            "lieCC=A000000151000000/D276000185545301@get-status"})
        for (const bool activate : {true, false})
            BOOST_TEST_CONTEXT(lie << (activate ? ", activate alone" : ", finalize alone")) {
                auto w = with_rules_in("none");
                BOOST_TEST(w.deploy({I}, false).details == "");
                if (!activate)
                    BOOST_TEST(w.deploy({A}, false).details == "");
                tell_lies(w, lie);
                BOOST_TEST(number(activate ? w.deploy({A}, true) : w.deploy({}, true)) == 7);
                check_recovery(w);
            }
}

BOOST_AUTO_TEST_CASE(an_issuer_that_hands_over_what_is_not_on_the_card_is_told) {
    const std::pair<const char*, int> deploys[] = {
        {"identity", 9}, {"aid", 16},      {"privileges", 16},  {"key-version", 9},
        {"keys", 9},     {"no-domain", 9}, {"check-values", 2},
    };
    for (const std::string store : rule_stores)
        for (const auto& [lie, status] : deploys)
            BOOST_TEST_CONTEXT(lie << ", rules in " << store) {
                auto w = with_rules_in(store);
                w.issuer_lies = lab::issuer_lies::parse({lie});
                BOOST_TEST(number(w.deploy({I, A}, true)) == status);
                check_recovery(w);
            }
}

/// A SELECT behind its last commands asks the card itself.
BOOST_AUTO_TEST_CASE(an_issuer_that_keeps_the_domain_is_told) {
    for (const std::string store : rule_stores)
        BOOST_TEST_CONTEXT("rules in " << store) {
            auto w = with_rules_in(store);
            BOOST_TEST(w.deploy({I, A}, true).details == "");
            w.issuer_lies = lab::issuer_lies::parse({"keeps-domain"});
            const auto outcome = w.terminate();
            BOOST_TEST(outcome.details.find("although its issuer says that it has removed it") != std::string::npos);
            BOOST_TEST(!outcome.instance_gone);
            check_recovery(w);
        }
}

/// The card's own "i" counts, which INITIALIZE UPDATE tells.
BOOST_AUTO_TEST_CASE(the_i_of_an_issuer_decides_nothing) {
    auto w = with_rules_in("none");
    w.issuer_lies = {lab::issuer_lie::option_i};
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(is_operational(w));
    check_recovery(w);
}

/// An honest issuer reads its rules back, and a card that tells them cannot pretend.
BOOST_AUTO_TEST_CASE(an_issuer_confirms_only_rules_that_are_there) {
    for (const auto* pretended : {"pretend@store-data:2", "pretend@store-data:3", "pretend@store-data:2-3"})
        BOOST_TEST_CONTEXT(pretended) { // the keys of the domain are the first
            auto w = with_rules_in("aram-issuer");
            tell_lies(w, pretended);
            const auto outcome = w.deploy({I, A}, true);
            BOOST_TEST(number(outcome) == 9);
            BOOST_TEST(outcome.details.find("is not on the secure component") != std::string::npos);
            check_recovery(w);
        }
    for (const auto* pretended : {"pretend@store-data:1", "pretend@store-data:2", "pretend@store-data:1-2"})
        BOOST_TEST_CONTEXT(pretended) {
            auto w = with_rules_in("aram-issuer");
            w.deploy({I, A}, true);
            tell_lies(w, pretended);
            const auto outcome = w.terminate();
            BOOST_TEST(number(outcome) == 9);
            BOOST_TEST(outcome.details.find("is still on the secure component") != std::string::npos);
            check_recovery(w);
        }
    auto w = with_rules_in("arac");
    tell_lies(w, "pretend@store-data:2"); // behind the keys: the registration of the ARA-C
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 9);
    BOOST_TEST(outcome.details.find("is not registered according to ARA-M") != std::string::npos);
    check_recovery(w);
}

/// Whether a card tells its rules the profile says: a card that pretends could say nothing to the questions as well.
BOOST_AUTO_TEST_CASE(an_issuer_demands_an_answer_to_each_question) {
    const auto failed = [](world& w, const process::process_outcome& outcome, const char* untold) {
        BOOST_TEST(number(outcome) == 9);
        BOOST_TEST(outcome.details.find(untold) != std::string::npos, outcome.details);
        check_recovery(w);
    };
    for (const auto* lie :
         {"pretend@store-data:2-5", "pretend@store-data:2-", "pretend@store-data:2,sw6A80@store-data:5",
          "pretend@store-data:3,sw6A88@store-data:5", "pretend@store-data:2,pretend@store-data:4"})
        BOOST_TEST_CONTEXT(lie) {
            auto w = with_rules_in("aram-issuer");
            tell_lies(w, lie);
            failed(w, w.deploy({I, A}, true), "does not tell its access rules");
        }
    for (const auto* lie :
         {"pretend@store-data:1-", "pretend@store-data:1-4", "pretend@store-data:1,sw6A80@store-data:4"})
        BOOST_TEST_CONTEXT(lie) {
            auto w = with_rules_in("aram-issuer");
            BOOST_TEST(w.deploy({I, A}, true).details == "");
            tell_lies(w, lie);
            failed(w, w.terminate(), "does not tell its access rules");
        }
    for (const auto* lie : {"pretend@store-data:2-3", "pretend@store-data:2,sw6A80@store-data:3"})
        BOOST_TEST_CONTEXT(lie) {
            auto w = with_rules_in("arac");
            tell_lies(w, lie);
            failed(w, w.deploy({I, A}, true), "does not tell its registered ARA-Cs");
        }
}

/// The remedy is the operator's, and what the order has changed counts as changed.
BOOST_AUTO_TEST_CASE(a_profile_that_expects_too_much_is_told) {
    auto w = ready("jc304", 600);
    w.instance.target.card.ara = "aram-issuer";
    w.instance.target.device_apps = {std::string(64, 'B')};
    w.instance.target.card.rules_read_back = true;
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 9);
    BOOST_TEST(outcome.details.find("status word 6A80; for cards that cannot, rulesReadBack") != std::string::npos);
    w.instance.target.card.rules_read_back = false; // imported anew
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(rules_on_card(w) == 2u);
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(is_gone(w));
}

/// More ARA-Cs than an answer holds.
BOOST_AUTO_TEST_CASE(many_registered_clients_are_read_back_in_parts) {
    auto w = with_rules_in("arac");
    w.extra_orders = 4;
    for (std::uint8_t other = 0; other < 30; ++other)
        w.card.state().ara.clients.push_back(bytes(16, other));
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(is_operational(w));
    check_recovery(w);
}

/// Somebody else has written rules for our applications.
BOOST_AUTO_TEST_CASE(rules_that_nobody_expects_are_read_back_in_parts) {
    auto w = with_rules_in("aram-issuer");
    w.extra_orders = 5;
    for (std::uint8_t other = 0; other < 30; ++other)
        w.card.state().ara.rules.push_back(
            {hex("4F08" + to_hex(applet_1) + "C114" + to_hex(bytes(20, other))), hex("D00101")});
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(rules_on_card(w) == 32u);
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(rules_on_card(w) == 30u);
}

/// Some cards do not tell their rules, and their profile says so: there 9000 has to do, and nothing is asked.
BOOST_AUTO_TEST_CASE(a_card_that_tells_no_rules_is_believed) {
    for (const auto* personality : {"jc304", "small"}) {
        auto w = ready(personality, 600);
        w.instance.target.card.ara = "aram-issuer";
        w.instance.target.device_apps = {std::string(64, 'B')};
        BOOST_TEST(w.deploy({I, A}, true).details == "", personality);
        BOOST_TEST(rules_on_card(w) == 2u);
        BOOST_TEST(w.terminate().details == "", personality);
        BOOST_TEST(is_gone(w));
    }
}

/// More rules for one application than an answer holds.
BOOST_AUTO_TEST_CASE(many_rules_are_read_back_in_parts) {
    auto w = with_rules_in("aram-issuer");
    for (char c = 'C'; c <= 'F'; ++c)
        for (char d = '0'; d <= '2'; ++d)
            w.instance.target.device_apps.push_back(std::string(32, c) + std::string(32, d));
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(rules_on_card(w) == 26u);
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(is_gone(w));
    w.instance.state = not_deployed;
    tell_lies(w, "pretend@store-data:14"); // behind the keys and twelve rules
    BOOST_TEST(number(w.deploy({I, A}, true)) == 9);
    check_recovery(w);
}

/// What an issuer has not done of an order is still to do.
BOOST_AUTO_TEST_CASE(an_honest_repetition_makes_up_for_a_lie) {
    auto w = with_rules_in("aram-issuer");
    w.issuer_lies = {lab::issuer_lie::no_domain, lab::issuer_lie::no_rules};
    BOOST_TEST(number(w.deploy({I, A}, true)) == 9);
    BOOST_TEST(w.on_card().empty());
    BOOST_TEST(rules_on_card(w) == 0u);
    w.issuer_lies = {};
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(is_operational(w));
}

BOOST_AUTO_TEST_SUITE_END()
