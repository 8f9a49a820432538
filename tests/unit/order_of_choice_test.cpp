// Which of several comes first where more than one fits: cards, profiles, versions (AMB-117, TR 3.3.1.2), and refusals
// where more than one is due.

#include "model/eligibility.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

using namespace tsms::model;

namespace {

card_profile profile(const std::string& id, const std::string& cplc, int type = 1, bool csp = false) {
    card_profile p;
    p.id = id;
    p.name = "profile " + id;
    p.sc_type = type;
    p.csp = csp;
    p.recognised_by.cplc = {cplc};
    return p;
}

seen_card card(const std::string& reader, const std::string& cplc) {
    seen_card c;
    c.reader = reader;
    c.accessible = true;
    c.cplc = cplc;
    c.cplc.resize(cplc_digits, '4');
    return c;
}

seen_card silent(const std::string& reader, error_category problem) {
    seen_card c;
    c.reader = reader;
    c.fell_silent = true;
    c.problem = problem;
    c.problem_details = "it tore";
    return c;
}

/// One version that every profile serves.
offered_service service(std::vector<std::string> profiles) {
    offered_service s;
    s.id = "s";
    s.has_flavors = true;
    s.versions = {{"1.0.0", true, std::move(profiles)}};
    return s;
}

/// The reader that is chosen, whatever the order in which the cards and the profiles come.
std::string chosen(std::vector<seen_card> cards, std::vector<card_profile> profiles) {
    std::vector<std::string> ids;
    for (const auto& p : profiles)
        ids.push_back(p.id);
    std::string first;
    std::ranges::sort(cards, {}, &seen_card::reader);
    do {
        for (int turn = 0; turn < 2; ++turn) {
            std::ranges::reverse(profiles);
            const auto d = choose_card(service(ids), "1.0.0", cards, profiles);
            const auto* choice_ = std::get_if<choice>(&d.outcome);
            BOOST_REQUIRE(choice_);
            const auto reader = cards[choice_->card].reader;
            BOOST_TEST((first.empty() || first == reader));
            first = reader;
        }
    } while (std::ranges::next_permutation(cards, {}, &seen_card::reader).found);
    return first;
}

std::string refused(const std::optional<refusal>& r) {
    return r ? std::to_string(static_cast<int>(r->category)) + " " + r->details : "";
}

std::string refused(const decision& d) {
    const auto* r = std::get_if<refusal>(&d.outcome);
    return r ? refused(std::optional(*r)) : "";
}

} // namespace

BOOST_AUTO_TEST_SUITE(order_of_choice)

// Each criterion decides against all behind it, and the ones before it are equal.
BOOST_AUTO_TEST_CASE(csp_then_type_then_profile_then_reader) {
    const auto one = card("a", "01"), other = card("b", "02");
    BOOST_TEST(chosen({one, other}, {profile("p", "01", 1, false), profile("q", "02", 4, true)}) == "b");
    BOOST_TEST(chosen({one, other}, {profile("p", "01", 1, true), profile("q", "02", 4, false)}) == "a");
    BOOST_TEST(chosen({one, other}, {profile("p", "01", 2), profile("q", "02", 1)}) == "b");
    BOOST_TEST(chosen({one, other}, {profile("p", "01", 4, true), profile("q", "02", 3, true)}) == "b");
    BOOST_TEST(chosen({one, other}, {profile("q", "01"), profile("p", "02")}) == "b");
    BOOST_TEST(chosen({one, other}, {profile("p", "01"), profile("q", "02")}) == "a");
    BOOST_TEST(chosen({card("b", "01"), card("a", "01"), card("c", "01")}, {profile("p", "01")}) == "a");
}

BOOST_AUTO_TEST_CASE(every_type_before_the_next) { // TR 4.1.4.5
    for (int type = 1; type < 4; ++type)
        BOOST_TEST(chosen({card("a", "01"), card("b", "02")},
                          {profile("p", "01", type + 1), profile("q", "02", type)}) == "b");
}

BOOST_AUTO_TEST_CASE(of_several_profiles_of_a_card_the_first_by_id) {
    const auto c = card("r", "01");
    for (const auto& list :
         {std::vector{profile("a", "01"), profile("b", "0")}, std::vector{profile("b", "0"), profile("a", "01")},
          std::vector{profile("b", "0"), profile("c", ""), profile("a", "01")}})
        BOOST_TEST(profile_of(c, list)->id == "a");
    BOOST_TEST(profile_of(c, {profile("a", "02"), profile("b", "01")})->id == "b");
    BOOST_TEST(!profile_of(c, {profile("a", "02")}));
    // The one that counts must be allowed: another one that fits is not taken in its place.
    const auto d = choose_card(service({"b"}), "1.0.0", {c}, {profile("a", "01"), profile("b", "01")});
    BOOST_TEST(refused(d) == "8 reader ‘r’: version 1.0.0 has no published Flavor for profile ‘profile a’");
}

BOOST_AUTO_TEST_CASE(the_highest_version_and_on_it_the_best_card) {
    auto s = service({"p"});
    s.versions = {
        {"1.9.0", true, {"p", "q"}}, {"1.10.0", true, {"p", "q"}}, {"2.0.0", true, {}}, {"1.2.0", true, {"p"}}};
    const std::vector cards{card("a", "01"), card("b", "02")};
    const std::vector profiles{profile("p", "01", 4), profile("q", "02", 1)};
    const auto found = find_deployment(s, "x.x.x", cards, profiles);
    BOOST_REQUIRE(found);
    BOOST_TEST(found->version_tag == "1.10.0");
    BOOST_TEST(found->card == 1u);
    BOOST_TEST(found->profile_id == "q");
    std::ranges::reverse(s.versions);
    BOOST_TEST(find_deployment(s, "x.x.x", cards, profiles)->version_tag == "1.10.0");
    BOOST_TEST(find_deployment(s, "1.9.x", cards, profiles)->version_tag == "1.9.0");
    BOOST_TEST(!find_deployment(s, "2.x.x", cards, profiles)); // no card for it
    BOOST_TEST(!find_deployment(s, "nonsense", cards, profiles));
    BOOST_TEST(find_deployment(s, "1.2.0", cards, profiles)->card == 0u);
}

BOOST_AUTO_TEST_CASE(security_levels_at_their_border) { // DIV-057
    auto demanding = profile("p", "01");
    demanding.card.minimum_level = 0x33;
    for (const auto& [level, eligible] : {std::pair{0x32, false}, {0x33, true}, {0x34, true}}) {
        auto c = card("r", "01");
        c.highest_level = level;
        const auto d = choose_card(service({"p"}), "1.0.0", {c}, {demanding});
        BOOST_TEST(std::holds_alternative<choice>(d.outcome) == eligible);
    }
    auto c = card("r", "01");
    c.highest_level = 0x01;
    BOOST_TEST(refused(choose_card(service({"p"}), "1.0.0", {c}, {demanding})) ==
               "8 reader ‘r’: its SCP03 allows security level 01 at most, profile ‘profile p’ demands 33");
    c.highest_level.reset(); // it does not say: its issuer finds out
    BOOST_TEST(refused(choose_card(service({"p"}), "1.0.0", {c}, {demanding})) == "");
}

BOOST_AUTO_TEST_CASE(one_refusal_of_a_choice_in_a_fixed_order) {
    const std::vector profiles{profile("p", "01")};
    const auto s = service({"p"});
    auto there = card("x", "01");
    there.has_service = true;
    const auto mute = silent("m", error_category::execution_interrupted);
    const auto good = card("g", "01");
    BOOST_TEST(refused(choose_card(s, "9.0.0", {mute, there, good}, profiles)) == "14 service is already deployed");
    BOOST_TEST(refused(choose_card(s, "9.0.0", {good, mute}, profiles)) == "6 reader ‘m’: it tore");
    BOOST_TEST(refused(choose_card(s, "9.0.0", {good}, profiles)) == "17 version ‘9.0.0’ does not exist");
    BOOST_TEST(refused(choose_card(s, "1.0.0", {good}, profiles)) == "");
    BOOST_TEST(refused(choose_card(s, "1.0.0", {}, profiles)) == "8 the handset has no secure component");
    // Of several silent ones the first tells its problem; of several that are not accessible likewise.
    BOOST_TEST(refused(choose_card(s, "1.0.0", {silent("m", error_category::sc_channel_not_available), mute},
                                   profiles)) == "10 reader ‘m’: it tore");
    auto closed = good, denied = good;
    closed.accessible = denied.accessible = false;
    denied.problem = error_category::not_authenticated;
    const std::string none = " no secure component of the handset could be accessed";
    BOOST_TEST(refused(choose_card(s, "1.0.0", {closed, denied}, profiles)) == "9" + none);
    BOOST_TEST(refused(choose_card(s, "1.0.0", {denied, closed}, profiles)) == "5" + none);
    const auto foreign = card("f", "99");
    BOOST_TEST(refused(choose_card(s, "1.0.0", {denied, foreign}, profiles)) ==
               "8 reader ‘g’: not accessible; reader ‘f’: no SecureComponentProfile recognises it");
}

BOOST_AUTO_TEST_CASE(one_refusal_of_a_request_in_a_fixed_order) { // AMB-135, AMB-136
    auto s = service({"p"});
    s.versions.push_back({"2.0.0", false, {}});
    BOOST_TEST(refused(refuse_create(nullptr, "n", "x")) == "4 version ‘x’ is not of the form a.b.c");
    BOOST_TEST(refused(refuse_create(nullptr, "n", "1.0.0")) == "17 service ‘n’ does not exist");
    BOOST_TEST(refused(refuse_create(&s, "s", "2.0.0")) == "17 no flavors allocated to version ‘2.0.0’");
    s.has_flavors = false;
    BOOST_TEST(refused(refuse_create(&s, "s", "3.0.0")) == "17 version ‘3.0.0’ does not exist");
    BOOST_TEST(refused(refuse_create(&s, "s", "2.0.0")) == "17 no flavors defined for service ‘s’");
    BOOST_TEST(refused(refuse_create(&s, "s", "1.0.0")) == "17 no flavors defined for service ‘s’");
    BOOST_TEST(refused(refuse_check(nullptr, "n", "1.x.1")) == "4 unsupported version RegExp ‘1.x.1’");
    BOOST_TEST(refused(refuse_check(nullptr, "n", "x.x.x")) == "17 service ‘n’ does not exist");
    BOOST_TEST(refused(refuse_check(&s, "s", "3.0.0")) == "17 version ‘3.0.0’ does not exist");
    BOOST_TEST(refused(refuse_check(&s, "s", "3.0.x")) == "");
    BOOST_TEST(refused(refuse_check(&s, "s", "1.0.0")) == "");
}

BOOST_AUTO_TEST_CASE(an_app_acts_for_its_provider) { // AMB-194, AMB-236
    const std::string unregistered = "15 the app is not registered for this service provider (tsms app add)";
    for (const bool has_apps : {false, true}) {
        BOOST_TEST(refused(refuse_caller("sp", "sp", has_apps, "it")) == "");
        BOOST_TEST(refused(refuse_caller("other", "sp", has_apps, "it")) == "17 it does not exist");
    }
    BOOST_TEST(refused(refuse_caller(std::nullopt, "sp", false, "it")) == "");
    BOOST_TEST(refused(refuse_caller(std::nullopt, "sp", true, "it")) == unregistered);
}

// TR 4.2.5.3: what is wrong with a deploy, from the request to the state.
BOOST_AUTO_TEST_CASE(one_refusal_of_a_process_in_a_fixed_order) {
    constexpr auto I = service_command::install, P = service_command::personalize, A = service_command::activate;
    service_instance bad; // everything is wrong with it
    bad.state = instance_state::in_error;
    bad.failed_operation = operation::service_suspension;
    bad.last_stable = instance_state::operational;
    bad.running_process = "p";
    const auto category = [](const std::optional<refusal>& r) { return r ? static_cast<int>(r->category) : 0; };
    const std::string orphan =
        "12 the Flavor of the service instance has been removed; only suspend, resume and terminate are possible";
    BOOST_TEST(refused(refuse_deploy(bad, {I, I}, false, true)) == "4 each service command may be given once");
    BOOST_TEST(refused(refuse_deploy(bad, {I, P, A, I}, false, true)) == "4 each service command may be given once");
    BOOST_TEST(refused(refuse_deploy(bad, {}, false, true)) ==
               "4 no service commands, and the deployment is not to be finalized");
    BOOST_TEST(refused(refuse_deploy(bad, {I}, false, true)) == "13 another process is running");
    BOOST_TEST(refused(refuse_suspend_or_resume(bad, true)) == "13 another process is running");
    BOOST_TEST(refused(refuse_terminate(bad)) == "13 another process is running");
    bad.running_process.clear();
    BOOST_TEST(refused(refuse_terminate(bad)) == "");
    BOOST_TEST(refused(refuse_deploy(bad, {I}, false, true)) == orphan);
    BOOST_TEST(refused(refuse_deploy(bad, {I}, false, false)) == "13 service instance is in error state");
    BOOST_TEST(refused(refuse_suspend_or_resume(bad, true)) == orphan);
    BOOST_TEST(refused(refuse_suspend_or_resume(bad, false)) == "");
    bad.failed_operation = operation::service_deployment_activation;
    BOOST_TEST(refused(refuse_suspend_or_resume(bad, false)) == "13 service instance is in error state");
    BOOST_TEST(refused(refuse_deploy(bad, {I}, false, false)) == "13 service is already deployed and finalized");
    bad.last_stable = instance_state::activated;
    bad.executed = {I, A};
    BOOST_TEST(refused(refuse_deploy(bad, {I, P}, false, false)) ==
               "13 service command ‘install’ has already been executed");
    bad.last_stable = instance_state::installed;
    bad.executed = {};
    BOOST_TEST(refused(refuse_deploy(bad, {I, P}, false, false)) ==
               "13 service commands in this order are not supported in state 11");
    bad.last_stable = instance_state::not_deployed;
    BOOST_TEST(refused(refuse_deploy(bad, {P}, false, false)) == "13 service not deployed yet");
    bad.executed = {I}; // of a deployment before this one: it counts for nothing
    BOOST_TEST(category(refuse_deploy(bad, {I}, false, false)) == 0);
}

// Which failed operation may be repeated by which function (AMB-100), for every operation there is.
BOOST_AUTO_TEST_CASE(every_operation_that_can_fail_has_its_function) {
    for (const int code : {0, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 40}) {
        service_instance i;
        i.state = instance_state::in_error;
        i.last_stable = instance_state::not_deployed;
        i.failed_operation = static_cast<operation>(code);
        BOOST_TEST_CONTEXT("operation " << code) {
            BOOST_TEST(!refuse_deploy(i, {service_command::install}, true, false).has_value() ==
                       (code >= 10 && code <= 13));
            BOOST_TEST(!refuse_suspend_or_resume(i, false).has_value() == (code == 30 || code == 31));
            BOOST_TEST(!refuse_terminate(i).has_value());
        }
    }
}

BOOST_AUTO_TEST_CASE(every_state_has_its_refusals) {
    using enum instance_state;
    const std::string too_early = "13 service not deployed yet", open = "13 service deployment not finalized yet";
    const std::string orphan =
        "12 the Flavor of the service instance has been removed; only suspend, resume and terminate are possible";
    for (const auto& [state, alive, orphaned] : {std::tuple{not_deployed, too_early, too_early},
                                                 {initialized, open, orphan},
                                                 {installed, open, orphan},
                                                 {personalized, open, orphan},
                                                 {activated, open, orphan},
                                                 {operational, std::string(), std::string()},
                                                 {suspended, std::string(), std::string()}}) {
        service_instance i;
        i.state = state;
        BOOST_TEST_CONTEXT("state " << static_cast<int>(state)) {
            BOOST_TEST(refused(refuse_suspend_or_resume(i, false)) == alive);
            BOOST_TEST(refused(refuse_suspend_or_resume(i, true)) == orphaned);
            BOOST_TEST(refused(refuse_terminate(i)) == "");
        }
    }
}

BOOST_AUTO_TEST_CASE(what_a_crash_leaves) { // AMB-101
    using enum instance_state;
    service_instance i;
    i.state = activated;
    i.last_stable = installed;
    i.unproven_operation = operation::service_deployment_activation;
    BOOST_CHECK(after_crash(i, installed, true).state == activated); // nothing ran
    i.running_process = "p";
    BOOST_CHECK(after_crash(i, installed, false).state == installed);
    BOOST_TEST(after_crash(i, installed, false).running_process == "");
    auto broken = after_crash(i, personalized, true);
    BOOST_CHECK(broken.state == in_error);
    BOOST_CHECK(broken.last_stable == personalized);
    BOOST_CHECK(broken.failed_operation == operation::service_deployment_activation);
    BOOST_CHECK(broken.last_operation == operation::service_deployment_activation);
    broken = after_crash(i, in_error, true); // it began in IN_ERROR: the last stable state stays
    BOOST_CHECK(broken.last_stable == installed);
    i.unproven_operation = operation::no_operation;
    BOOST_CHECK(after_crash(i, personalized, true).state == personalized);
}

BOOST_AUTO_TEST_CASE(each_command_has_its_state_and_operation) {
    constexpr auto I = service_command::install, P = service_command::personalize, A = service_command::activate;
    for (const auto& [command, state, code] : {std::tuple{I, 11, 10}, {P, 12, 11}, {A, 14, 12}}) {
        BOOST_TEST(static_cast<int>(state_after(command)) == state);
        BOOST_TEST(static_cast<int>(deploy_operation(command)) == code);
        BOOST_TEST(static_cast<int>(deploy_operation(std::vector{command}, false)) == code);
        BOOST_TEST(static_cast<int>(deploy_operation(std::vector{command}, true)) == 13);
        BOOST_CHECK(requested_deploy_operations({command}) == std::vector{static_cast<operation>(code)});
    }
    BOOST_TEST(static_cast<int>(deploy_operation(std::vector<service_command>(), false)) == 13);
    BOOST_TEST(static_cast<int>(deploy_operation(std::vector{I, P}, false)) == 11); // of the last one
    BOOST_CHECK((requested_deploy_operations({I, A, P}) == std::vector{operation::service_deployment_installation,
                                                                       operation::service_deployment_activation,
                                                                       operation::service_deployment_personalization}));
}

BOOST_AUTO_TEST_SUITE_END()
