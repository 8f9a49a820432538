// Which ServiceCommand has failed (AMB-149, DIV-094), for every command of a deployment, and for every effect that the
// card does not show.

#include "tests/sim/service.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

BOOST_AUTO_TEST_SUITE(phases)

namespace {

using enum gp::step;
using statuses = std::vector<int>;

const statuses install_failed{1, 2};
const statuses activate_failed{0, 1};
const statuses finalization_failed{0, 0};

/// Our own ARA-C, so that the TSM writes the rules.
world with_rules(const char* ara) {
    auto w = ready("jc305", 600);
    w.instance.target.card.ara = ara;
    w.instance.target.card.lock_with_applications = false;
    w.instance.target.device_apps = {std::string(64, 'B')};
    return w;
}

statuses statuses_in(const process::process_outcome& outcome) {
    statuses told;
    for (const auto status : outcome.commands)
        told.push_back(static_cast<int>(status));
    return told;
}

/// Installed and activated at once.
statuses all_at_once(world& w, bool locked) {
    const auto outcome = w.deploy({I, A}, true, locked);
    BOOST_TEST(outcome.details != "");
    return statuses_in(outcome);
}

struct refusal {
    gp::step what;
    std::size_t nth;
    statuses told;
};

} // namespace

// INSTALL [for personalization] names the Service's domain in the installation and the ARA-C in the activation.
BOOST_AUTO_TEST_CASE(a_refused_command) {
    for (const auto& [what, nth, told] :
         {refusal{external_authenticate, 1, install_failed}, refusal{install_security_domain, 1, install_failed},
          refusal{install_for_personalization, 1, install_failed}, refusal{store_data, 1, install_failed},
          refusal{set_status, 1, install_failed}, refusal{install_for_load, 1, install_failed},
          refusal{load, 2, install_failed}, refusal{install_for_install, 2, install_failed},
          refusal{make_selectable, 1, activate_failed}, refusal{make_selectable, 2, activate_failed},
          refusal{install_for_personalization, 2, activate_failed}, refusal{access_rule, 1, activate_failed},
          refusal{extradite, 1, install_failed}, refusal{extradite, 3, install_failed},
          refusal{lock, 1, finalization_failed}, refusal{lock, 2, finalization_failed},
          refusal{put_key, 1, install_failed}, refusal{get_status, 1, install_failed}})
        BOOST_TEST_CONTEXT(gp::to_string(what) << " " << nth) {
            auto w = with_rules("arac");
            w.on_the_way = [what = what, nth = nth, seen = std::size_t{0}](const gp::card_command& command,
                                                                           const auto&) mutable {
                return command.what == what && ++seen == nth ? std::optional(hex("6A81")) : std::nullopt;
            };
            BOOST_TEST(all_at_once(w, true) == told, boost::test_tools::per_element());
        }
}

// The card confirms the command, and its registry does not show the effect.
BOOST_AUTO_TEST_CASE(an_effect_that_is_not_shown) {
    struct pretence {
        const char* fault;
        statuses told;
    };
    for (const auto& [fault, told] : {pretence{"pretend@install-for-install:2,pretend@install-for-make-selectable:2,"
                                               "pretend@install-for-extradition:3",
                                               install_failed},
                                      pretence{"pretend@install-for-make-selectable:2", activate_failed},
                                      pretence{"pretend@install-for-extradition:1", install_failed},
                                      pretence{"pretend@set-status:2", finalization_failed}})
        BOOST_TEST_CONTEXT(fault) {
            auto w = with_rules("none");
            w.last_on_card = false;
            w.deploy({I, A}, true);
            w.terminate(); // the TSM's domain is there, so that the commands are those of the Service
            w.instance.state = not_deployed;
            w.card.inject(lab::fault_plan::parse(fault, w.random));
            BOOST_TEST(all_at_once(w, told == finalization_failed) == told, boost::test_tools::per_element());
        }
}

// Personalized and activated later: what the card refuses in its own phase.
BOOST_AUTO_TEST_CASE(activation_after_personalization) {
    struct refusal_of_card {
        const char* fault;
        bool locked;
        statuses told;
    };
    for (const auto& [fault, locked, told] :
         {refusal_of_card{"sw6300@external-authenticate", false, install_failed},
          refusal_of_card{"sw6985@install-for-make-selectable", false, activate_failed},
          refusal_of_card{"sw6985@set-status", true, finalization_failed}})
        BOOST_TEST_CONTEXT(fault) {
            auto w = with_rules("none");
            BOOST_TEST(w.deploy({I}, false).details == "");
            w.card.inject(lab::fault_plan::parse(fault, w.random));
            const auto outcome = w.deploy({P, A}, true, locked);
            BOOST_TEST(outcome.details != "");
            BOOST_TEST(statuses_in(outcome) == told, boost::test_tools::per_element());
        }
}

BOOST_AUTO_TEST_SUITE_END()
