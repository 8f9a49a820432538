// A TSM domain that is there and takes none of our keys, and what its issuer then does (DIV-040).

#include "tests/sim/service.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::sim;

namespace {

/// The connection breaks when the TSM's domain is gone, before anybody hears of it.
world::tamper loses_the_answer_to_the_issuers_delete() {
    return [](const gp::card_command& command, const auto& card) -> std::optional<bytes> {
        if (command.what != gp::step::relayed || command.apdu[1] != 0xE4)
            return std::nullopt;
        card();
        throw lab::no_answer("the card lost its power", false);
    };
}

/// The key sets of a domain are changed behind everybody's back.
template <class F> void change_keys(world& w, const bytes& domain, F change) {
    auto state = w.card.state();
    change(state.registry.find_application(domain)->sd->key_sets);
    w.card = lab::card(state, w.random);
}

std::vector<bytes> isd_keys_of(const world& w) {
    std::vector<bytes> values;
    for (const auto& set : w.card.state().registry.find_application(hex(w.personality->isd))->sd->key_sets)
        for (const auto& [id, key] : set.keys)
            values.push_back(to_bytes(key.view()));
    return values;
}

/// A phone that says once of the TSM's domain that it has no such keys.
world::tamper denies_the_keys_once() {
    return [done = false](const gp::card_command& command, const auto&) mutable -> std::optional<bytes> {
        if (command.what != gp::step::initialize_update || std::exchange(done, true))
            return std::nullopt;
        return hex("6A88");
    };
}

/// An instance of another Service on the card of `w`; the profile has changed since the first one.
template <class F> model::service_instance another_service(world& w, F change) {
    auto first = w.instance;
    auto& other = w.instance;
    other = {};
    other.id = "instance-2";
    other.secure_component_id = first.secure_component_id;
    other.reader = first.reader;
    other.target = first.target;
    other.target.service_id = "service-2";
    other.target.sd_aid = "D276000163544D5301000002";
    other.target.load_files.clear();
    other.target.applications.clear();
    w.add_load_file(hex("D2760001855499"), {hex("D276000185549901")}, 600);
    change(other.target);
    return first;
}

} // namespace

BOOST_AUTO_TEST_SUITE(rekeying)

// The issuer's DELETE of the TSM's domain is not answered; in the next deploy the connection breaks between its INSTALL
// and its keys, or behind them. The row has keys of a former life then, and the domain on the card has none, or others
// of the same version.
BOOST_AUTO_TEST_CASE(a_domain_that_has_none_of_our_keys_gets_new_ones) {
    for (const bool rotated : {false, true})
        for (const auto* second : {"tear-after@install-and-make-selectable:1", "tear-before@store-data:1",
                                   "tear-after@store-data:1", "tear-after@set-status:1"})
            for (const bool deploy_again : {false, true})
                BOOST_TEST_CONTEXT(second << (rotated ? ", keys rotated before" : "")
                                          << (deploy_again ? ", deploy" : ", terminate")) {
                    auto w = ready();
                    const auto fresh = w.instance;
                    if (!rotated)
                        w.card.inject(lab::fault_plan::parse("tear-before@external-authenticate:2", w.random));
                    w.deploy({I, A}, true);
                    w.card.inject({});
                    w.on_the_way = loses_the_answer_to_the_issuers_delete();
                    BOOST_TEST(number(w.terminate()) == 9);
                    w.on_the_way = nullptr;
                    BOOST_TEST(w.on_card().empty());
                    w.instance = fresh;
                    w.card.inject(lab::fault_plan::parse(second, w.random));
                    BOOST_TEST(number(w.deploy({I, A}, true)) == 9);
                    w.card.inject({});
                    BOOST_TEST(w.on_card() == std::set<std::string>{tsm_domain}, boost::test_tools::per_element());
                    if (deploy_again) {
                        BOOST_TEST(w.deploy({I, A}, true).details == "");
                        check_keys_are_ours(w);
                    }
                    BOOST_TEST(w.terminate().details == "");
                    BOOST_TEST(w.on_card().empty());
                }
}

// The service is there, and the TSM's keys are not, or are blocked: GPCS 11.1 answers 6983 after too many wrong
// cryptograms, which any app may send.
BOOST_AUTO_TEST_CASE(a_service_outlives_the_keys_of_the_tsm) {
    using sets = std::vector<lab::key_set>;
    const std::pair<const char*, std::function<void(world&, sets&)>> losses[] = {
        {"no keys", [](world&, sets& keys) { keys.clear(); }},
        {"other keys of the same version",
         [](world& w, sets& keys) { keys.front().keys.begin()->second = w.random.take_secret(16); }},
        {"blocked", [](world& w, sets& keys) { keys.front().failed_attempts = w.personality->attempts; }},
    };
    for (int what = 0; what < 5; ++what)
        for (const auto& [how, loss] : losses)
            BOOST_TEST_CONTEXT("process " << what << ", " << how) {
                auto w = ready();
                const auto fresh = w.instance;
                if (what == 4) {
                    w.deploy({I, A}, true);
                    terminate_but_keep_the_domain(w);
                    w.instance = fresh;
                } else {
                    w.deploy(what == 0 ? std::vector{I} : std::vector{I, A}, what != 0);
                }
                change_keys(w, hex(tsm_domain), [&, &loss = loss](sets& keys) { loss(w, keys); });
                const auto outcome = what == 0   ? w.deploy({A}, true)
                                     : what == 1 ? w.suspend(true)
                                     : what == 2 ? w.terminate()
                                     : what == 3 ? terminate_but_keep_the_domain(w)
                                                 : w.deploy({I, A}, true);
                BOOST_TEST(outcome.details == "");
                BOOST_TEST(w.on_card() == (what == 2   ? std::set<std::string>{}
                                           : what == 3 ? std::set<std::string>{tsm_domain}
                                                       : deployed),
                           boost::test_tools::per_element());
                if (what != 2)
                    check_keys_are_ours(w);
            }
}

// One lie, and the issuer's keys would be in the domain for good: whichever process meets them replaces them.
BOOST_AUTO_TEST_CASE(keys_that_the_issuer_knows_do_not_stay) {
    auto w = ready();
    w.deploy({I, A}, true);
    w.on_the_way = denies_the_keys_once();
    BOOST_TEST(w.suspend(true).details == "");
    w.on_the_way = nullptr;
    check_keys_are_ours(w);
    // The replacement breaks off: the next process makes up for it.
    for (const auto* fault : {"tear-before@put-key", "tear-after@put-key", "bad-rmac@put-key", "sw6985@put-key",
                              "tear-before@delete", "tear-after@delete"})
        BOOST_TEST_CONTEXT(fault) {
            w.on_the_way = denies_the_keys_once();
            w.card.inject(lab::fault_plan::parse(fault, w.random));
            BOOST_TEST(number(w.suspend(false)) != 0);
            BOOST_TEST(number(w.instance.state) == number(suspended));
            w.on_the_way = nullptr;
            w.card.inject({});
            BOOST_TEST(w.suspend(false).details == "");
            check_keys_are_ours(w);
            BOOST_TEST(w.suspend(true).details == "");
        }
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

// The keys of a domain that does not wait for them would be stored in the ISD (gp/procedures, "the order to split at").
BOOST_AUTO_TEST_CASE(a_refused_personalization_leaves_the_isd_alone) {
    for (const auto* personality : {"jc305", "jc304", "euicc"})
        for (const auto* fault : {"sw6985@install-for-personalization:1", "sw6985@install-and-make-selectable:1",
                                  "mute@install-for-personalization:1"})
            BOOST_TEST_CONTEXT(personality << ", " << fault) {
                auto w = ready(personality);
                const auto before = isd_keys_of(w);
                w.card.inject(lab::fault_plan::parse(fault, w.random));
                BOOST_TEST(number(w.deploy({I, A}, true)) == 9);
                BOOST_TEST((isd_keys_of(w) == before));
                w.card.inject({});
                BOOST_TEST(w.deploy({I, A}, true).details == "");
                BOOST_TEST((isd_keys_of(w) == before));
                BOOST_TEST(w.terminate().details == "");
                BOOST_TEST(w.on_card().empty());
            }
}

// A domain that is not PERSONALIZED takes no content: the issuer has to see the state, whatever its SET STATUS was
// answered with.
BOOST_AUTO_TEST_CASE(a_domain_that_is_not_personalized_is_no_success) {
    for (const auto* fault : {"sw6581@set-status:1", "tear-before@set-status:1", "forge6985@set-status:1"})
        BOOST_TEST_CONTEXT(fault) {
            auto w = ready("jc304");
            w.card.inject(lab::fault_plan::parse(fault, w.random));
            const auto outcome = w.deploy({I, A}, true);
            w.card.inject({});
            if (number(outcome) != 0)
                BOOST_TEST(w.on_card() == std::set<std::string>{tsm_domain}, boost::test_tools::per_element());
            BOOST_TEST(w.deploy({I, A}, true).details == "");
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
        }
}

// The profile has got another AID for the TSM's domain: cards that have one keep it, also where the issuer is told to
// create it again.
BOOST_AUTO_TEST_CASE(a_domain_keeps_its_aid_when_the_profile_changes) {
    for (const bool gone : {false, true})
        BOOST_TEST_CONTEXT((gone ? "hidden" : "keys denied")) {
            auto w = ready();
            w.deploy({I, A}, true);
            const auto first =
                another_service(w, [](auto& target) { target.card.tsm_sd_aid = "D27600016354534D0009"; });
            w.on_the_way = gone ? hides_the_domain() : denies_the_keys_once();
            const auto outcome = w.deploy({I, A}, true);
            w.on_the_way = nullptr;
            if (gone)
                BOOST_TEST(w.deploy({I, A}, true).details == "");
            else
                BOOST_TEST(outcome.details == "");
            BOOST_TEST(!w.on_card().contains("D27600016354534D0009"));
            BOOST_TEST(w.component.tsm_domain->aid == tsm_domain);
            BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
            w.instance = first;
            BOOST_TEST(w.suspend(true).details == "");
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
        }
}

// Likewise for the ARA-C in it.
BOOST_AUTO_TEST_CASE(an_access_client_keeps_its_aid_when_the_profile_changes) {
    for (const bool first_goes_first : {false, true})
        BOOST_TEST_CONTEXT((first_goes_first ? "first" : "second") << " goes first") {
            auto w = ready();
            w.instance.target.card.ara = "arac";
            w.instance.target.device_apps = {std::string(40, 'A')};
            w.deploy({I, A}, true);
            const auto first =
                another_service(w, [](auto& target) { target.card.arac_aid = "D276000163415241430009"; });
            BOOST_TEST(w.deploy({I, A}, true).details == "");
            BOOST_TEST(!w.on_card().contains("D276000163415241430009"));
            BOOST_TEST(w.card.state().client_rules.at(hex("D276000163415241430001")).size() == 3u);
            const auto second = w.instance;
            w.instance = first_goes_first ? first : second;
            BOOST_TEST(terminate_but_keep_the_domain(w).details == "");
            w.instance = first_goes_first ? second : first;
            BOOST_TEST(w.terminate().details == "");
            BOOST_TEST(w.on_card().empty());
        }
}

// The issuer has given the domain keys, and before the TSM has them the connection or the server goes: the row does not
// know them, and the next process finds them all the same.
BOOST_AUTO_TEST_CASE(keys_that_nobody_took_over_are_found) {
    const auto denied = [](world& w, std::function<void()> after_store_data) {
        w.on_the_way = [after_store_data, deny = denies_the_keys_once()](
                           const gp::card_command& command, const auto& card) mutable -> std::optional<bytes> {
            if (command.what == gp::step::relayed && command.apdu[1] == 0xE2) {
                card();
                after_store_data();
            }
            return deny(command, card);
        };
    };
    auto w = ready();
    w.deploy({I, A}, true);
    denied(w, [] { throw lab::no_answer("the card lost its power", false); });
    BOOST_TEST(number(w.suspend(true)) == 9);
    w.on_the_way = nullptr;
    BOOST_TEST(key_versions_of(w, tsm_domain) == (std::set<int>{0x30, 0x31}), boost::test_tools::per_element());
    BOOST_TEST(w.suspend(true).details == "");
    check_keys_are_ours(w);
    for (std::size_t n = 8; n < 16; ++n)
        BOOST_TEST_CONTEXT("crash behind effect " << n) {
            auto crashed = ready();
            crashed.deploy({I, A}, true);
            crashed.on_the_way = denies_the_keys_once();
            crashed.play(process::suspend_or_resume(crashed.request(), true), n);
            crashed.restart();
            crashed.on_the_way = nullptr;
            BOOST_TEST(crashed.suspend(true).details == "");
            check_keys_are_ours(crashed);
        }
}

// A mistake of the configuration that shows when keys are lost: the Service's own version is the issuer's.
BOOST_AUTO_TEST_CASE(the_issuers_version_may_be_that_of_the_services) {
    for (int what = 0; what < 3; ++what)
        BOOST_TEST_CONTEXT("process " << what) {
            auto w = ready();
            w.deploy({I, A}, true);
            w.instance.target.card.service_key_version = 0x30;
            change_keys(w, hex(tsm_domain), [](auto& keys) { keys.clear(); });
            const auto outcome = what == 0   ? w.suspend(true)
                                 : what == 1 ? terminate_but_keep_the_domain(w)
                                             : w.terminate();
            BOOST_TEST(outcome.details == "");
            if (what != 2)
                check_keys_are_ours(w);
        }
}

BOOST_AUTO_TEST_SUITE_END()
