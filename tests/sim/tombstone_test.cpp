// AMB-227: what lost Service Instances left on a card.

#include "tests/sim/service.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

BOOST_AUTO_TEST_SUITE(tombstones)

namespace {

/// Access rules on the card, the issuer's and in our ARA-C.
std::size_t rules_on(const world& w) {
    auto count = w.card.state().ara.rules.size();
    for (const auto& [client, rules] : w.card.state().client_rules)
        count += rules.size();
    return count;
}

/// The instance is lost and there is another one of the same service, or of a service with other applications, on the
/// same card.
void lose(world& w, bool same_service) {
    w.tombstones.push_back(w.instance.target);
    model::service_instance next;
    next.id = "instance-2";
    next.secure_component_id = w.component.id;
    next.reader = w.instance.reader;
    next.target = w.instance.target;
    if (!same_service) {
        next.target.service_id = "service-2";
        next.target.sd_aid = "D276000163544D5301000002";
        next.target.load_files.clear();
        next.target.applications.clear();
    }
    w.instance = next;
    if (!same_service)
        w.add_load_file(hex("D2760001855499"), {hex("D276000185549901")});
}

} // namespace

// AMB-227: who comes to the card next removes what lost instances left.
BOOST_AUTO_TEST_CASE(tombstones_are_cleaned_up_at_the_next_contact) {
    for (const char* rules : {"none", "aram-issuer", "arac"})
        for (const bool same_service : {true, false})
            for (const bool deploys : {true, false})
                BOOST_TEST_CONTEXT("rules " << rules << ", same service " << same_service << ", deploy " << deploys) {
                    auto w = ready_with_rules();
                    w.instance.target.card.ara = rules;
                    BOOST_REQUIRE(number(w.deploy({I, A}, true)) == 0);
                    const std::size_t rules_of_one = rules_on(w);
                    lose(w, same_service);
                    const auto outcome = deploys ? w.deploy({I, A}, true) : w.terminate();
                    BOOST_TEST(outcome.details == "");
                    BOOST_TEST(outcome.tombstones_gone);
                    if (deploys) {
                        w.tombstones.clear();
                        BOOST_TEST(w.on_card().contains("D2760001855453") == same_service);
                        BOOST_TEST(w.on_card().contains("D276000185549901") == !same_service);
                        BOOST_TEST(rules_on(w) == (same_service ? rules_of_one : rules_of_one / 2));
                        BOOST_TEST(number(w.instance.state) == number(operational));
                        BOOST_TEST(w.terminate().details == "");
                    }
                    BOOST_TEST(w.on_card().empty());
                    BOOST_TEST(rules_on(w) == 0);
                }
}

BOOST_AUTO_TEST_CASE(a_tombstone_that_cannot_be_cleaned_up_stays_and_is_not_the_services_fault) {
    for (const auto broken : {gp::step::delete_object, gp::step::get_status})
        BOOST_TEST_CONTEXT("step " << static_cast<int>(broken)) {
            auto w = ready();
            BOOST_REQUIRE(number(w.deploy({I, A}, true)) == 0);
            lose(w, false);
            w.on_the_way = [broken](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
                if (command.what != broken)
                    return std::nullopt;
                card();
                return hex("6F00");
            };
            const auto outcome = w.deploy({I, A}, true);
            BOOST_TEST(number(outcome) != 0);
            BOOST_TEST(!outcome.tombstones_gone);
            const bool is_named =
                outcome.for_operator.find("service " + w.tombstones[0].service_id + " ") != std::string::npos &&
                outcome.for_operator.find(w.tombstones[0].sd_aid) != std::string::npos &&
                outcome.for_operator.find("tsms card forget --card " + w.component.id) != std::string::npos;
            BOOST_TEST(is_named ==
                       (broken == gp::step::delete_object)); // a card that is not listed is no tombstone's fault
            for (const auto& told :
                 {w.tombstones[0].service_id, w.tombstones[0].sd_aid}) // it may be another provider's
                BOOST_TEST(outcome.details.find(told) == std::string::npos);
            BOOST_TEST(number(w.instance.state) == number(not_deployed)); // nothing of this Service was begun (AMB-101)
            BOOST_TEST(!w.instance.on_card);
            w.on_the_way = nullptr;
            BOOST_TEST(w.deploy({I, A}, true).tombstones_gone);
            BOOST_TEST(!w.on_card().contains("D2760001855453"));
        }
}

BOOST_AUTO_TEST_CASE(a_proven_clean_up_proves_nothing_of_the_services_own_work) {
    auto w = ready();
    BOOST_REQUIRE(w.deploy({I, A}, true).details == "");
    lose(w, false);
    w.on_the_way = [lies = false](const gp::card_command& command, const auto& card) mutable -> std::optional<bytes> {
        lies = lies || command.what == gp::step::install_security_domain;
        auto truth = card();
        return lies && command.changes_card ? hex("6985") : truth;
    };
    BOOST_TEST(number(w.deploy({I, A}, true)) != 0);
    BOOST_TEST((w.instance.unproven_operation != model::operation::no_operation));
    w.on_the_way = nullptr;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(!w.on_card().contains("D2760001855453"));
}

// A change makes the listing before it old; nothing else does.
BOOST_AUTO_TEST_CASE(one_listing_serves_all_tombstones_until_something_is_removed) {
    enum what { left_nothing, left_something };
    std::size_t deletions = 0;
    const auto exchanges = [&deletions](std::initializer_list<what> lost) {
        auto w = ready();
        BOOST_REQUIRE(w.deploy({I, A}, true).details == "");
        lose(w, false);
        w.last_on_card = false;
        w.instance.target.load_files.clear();
        w.instance.target.applications.clear();
        const auto left = w.tombstones.at(0);
        auto nothing = left;
        nothing.sd_aid = "D276000163544D53010000FF";
        nothing.load_files.clear();
        nothing.applications.clear();
        w.tombstones.clear();
        for (const auto each : lost)
            w.tombstones.push_back(each == left_something ? left : nothing);
        deletions = 0;
        w.on_the_way = [&deletions](const gp::card_command& command, const auto&) -> std::optional<bytes> {
            deletions += command.what == gp::step::delete_object;
            return std::nullopt;
        };
        const auto outcome = w.terminate();
        BOOST_TEST(outcome.details == "");
        BOOST_TEST(outcome.tombstones_gone);
        BOOST_TEST(w.on_card().contains("D2760001855453") == (std::ranges::find(lost, left_something) == lost.end()));
        return w.orders;
    };
    const auto none = exchanges({left_nothing});
    BOOST_TEST(exchanges({left_nothing, left_nothing, left_nothing}) == none);
    const auto one = exchanges({left_something});
    BOOST_TEST(one == none + 1); // with the proof in the same order
    BOOST_TEST(exchanges({left_nothing, left_something, left_nothing}) == one);
    const auto objects = deletions;
    // The second is judged by what the first has left; but "no load files" has no R-MAC, and its file is deleted all
    // the same.
    BOOST_TEST(exchanges({left_something, left_something}) == one + 1);
    BOOST_TEST(deletions == objects + 1);
}

BOOST_AUTO_TEST_CASE(room_is_asked_for_without_what_goes_first) {
    auto w = ready("small", 6000); // not twice on 12 KiB
    BOOST_REQUIRE(w.deploy({I, A}, true).details == "");
    lose(w, true);
    BOOST_TEST(w.deploy({I, A}, true).details == "");
}

BOOST_AUTO_TEST_CASE(a_tombstone_stays_while_the_issuer_has_not_removed_its_rules) {
    auto w = ready_with_rules();
    BOOST_REQUIRE(w.deploy({I, A}, true).details == "");
    lose(w, true);
    w.last_on_card = false;
    w.issuer_down = true;
    const auto failed = w.terminate();
    BOOST_TEST(number(failed) == 3);
    BOOST_TEST(!failed.tombstones_gone);
    BOOST_TEST(number(w.instance.state) == number(not_deployed));
    w.issuer_down = false;
    BOOST_TEST(w.terminate().tombstones_gone);
    BOOST_TEST(rules_on(w) == 0u);
}

// Broken off behind every effect, and entered again: the card and the rows end the same.
BOOST_AUTO_TEST_CASE(a_clean_up_may_break_off_anywhere) {
    for (std::size_t after = 1;; ++after) {
        auto w = ready();
        BOOST_REQUIRE(number(w.deploy({I, A}, true)) == 0);
        lose(w, true);
        std::vector<process::command_request> commands{{I, {}, false}, {A, {}, false}};
        const auto outcome = w.play(process::deploy(w.request(), commands, true), after);
        if (outcome)
            break;
        BOOST_REQUIRE(after < 100);
        w.restart();
        BOOST_TEST_CONTEXT("effect " << after) {
            BOOST_TEST(w.deploy({I, A}, true).details == "");
            BOOST_TEST(w.on_card() == deployed);
            w.tombstones.clear();
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
        }
    }
}

// The server dies while a tombstone is removed: the process's own Service has not been touched (AMB-101).
BOOST_AUTO_TEST_CASE(a_crash_in_a_clean_up_is_not_the_services_fault) {
    for (std::size_t n = 3; n < 8; ++n) // behind the eighth it is the activation's own intent
        BOOST_TEST_CONTEXT("crash behind effect " << n) {
            auto w = ready();
            w.deploy({I, A}, true);
            lose(w, false);
            const auto left = std::exchange(w.tombstones, {});
            w.deploy({I}, false);
            w.tombstones = left;
            const auto before = w.instance.state;
            BOOST_REQUIRE(number(before) == number(installed));
            std::vector<process::command_request> commands{{A, {}, false}};
            w.play(process::deploy(w.request(), commands, true), n);
            w.restart();
            BOOST_TEST(number(w.instance.state) == number(before));
        }
}

BOOST_AUTO_TEST_SUITE_END()
