// TR 3.2.2 and 4.2.5.3: what may be asked in which state.

#include "base/utf8.hpp"
#include "model/life_cycle.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::model;
using enum instance_state;

namespace {

constexpr auto I = service_command::install;
constexpr auto P = service_command::personalize;
constexpr auto A = service_command::activate;

service_instance in_state(instance_state state, std::vector<service_command> executed = {}) {
    service_instance instance;
    instance.state = state;
    instance.executed = std::move(executed);
    return instance;
}

int category(const std::optional<refusal>& r) {
    return r ? static_cast<int>(r->category) : 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(life_cycle)

BOOST_AUTO_TEST_CASE(every_sequence_of_every_state) {
    // All sequences of up to three commands without repetition, and the ones the TR lists (with AMB-102).
    const std::vector<std::vector<service_command>> all{{},        {I},       {P},       {A},      {I, P},    {I, A},
                                                        {P, I},    {P, A},    {A, I},    {A, P},   {I, P, A}, {I, A, P},
                                                        {P, I, A}, {P, A, I}, {A, I, P}, {A, P, I}};
    const std::vector<std::tuple<instance_state, std::vector<service_command>, std::vector<std::size_t>>> rows{
        {not_deployed, {}, {1, 4, 5, 10, 11}}, {installed, {I}, {2, 3, 7, 9}}, {personalized, {I, P}, {0, 3}},
        {activated, {I, A}, {0, 2}},           {operational, {I}, {}},         {suspended, {I, A}, {}},
    };
    for (const auto& [state, executed, accepted] : rows)
        for (std::size_t i = 0; i < all.size(); ++i) {
            const bool expected = std::find(accepted.begin(), accepted.end(), i) != accepted.end();
            BOOST_TEST_CONTEXT("state " << static_cast<int>(state) << ", sequence " << i)
            BOOST_TEST(!refuse_deploy(in_state(state, executed), all[i], true, false).has_value() == expected);
        }
}

BOOST_AUTO_TEST_CASE(refusals_have_the_norms_category) {
    BOOST_TEST(category(refuse_deploy(in_state(not_deployed), {I, I}, true, false)) == 4);   // AMB-106
    BOOST_TEST(category(refuse_deploy(in_state(activated, {I, A}), {}, false, false)) == 4); // AMB-103
    BOOST_TEST(category(refuse_deploy(in_state(not_deployed), {I}, true, true)) == 12);      // AMB-114
    const auto twice = refuse_deploy(in_state(personalized, {I, A, P}), {A}, true, false);   // AMB-105
    BOOST_REQUIRE(twice.has_value());
    BOOST_TEST(error_message(twice->category, twice->details) ==
               "Invalid state: service command ‘activate’ has already been executed");
    auto busy = in_state(not_deployed);
    busy.running_process = "p"; // AMB-122
    BOOST_TEST(category(refuse_deploy(busy, {I}, true, false)) == 13);
    BOOST_TEST(category(refuse_terminate(busy)) == 13);
}

BOOST_AUTO_TEST_CASE(a_message_stays_one_line_whatever_it_quotes) {
    const auto interrupted = error_category::execution_interrupted;
    const auto hostile = error_message(interrupted, "x\n00:00 error forged\x1b" + std::string(300'000, 'y'));
    BOOST_TEST(hostile.find('\n') == std::string::npos);
    BOOST_TEST(hostile.find('\x1b') == std::string::npos);
    BOOST_TEST(hostile.size() < 500u);
    std::string long_name;
    while (long_name.size() < 1000)
        long_name += "€";
    BOOST_TEST(text::is_utf8(error_message(interrupted, "a" + long_name)));
    BOOST_TEST(text::is_utf8(error_message(interrupted, "ab" + long_name)));
}

BOOST_AUTO_TEST_CASE(what_is_deployed_is_suspended_and_everything_is_terminated) {
    for (const auto state : {not_deployed, installed, personalized, activated, operational, suspended})
        BOOST_TEST_CONTEXT("state " << static_cast<int>(state)) {
            const bool deployed = state == operational || state == suspended; // TR 4.2.5.5
            for (const bool orphaned : {false, true})
                BOOST_TEST(!refuse_suspend_or_resume(in_state(state), orphaned).has_value() == deployed);
            BOOST_TEST(category(refuse_suspend_or_resume(in_state(state), false)) == (deployed ? 0 : 13));
            BOOST_TEST(!refuse_terminate(in_state(state)).has_value()); // TR 4.2.5.6
        }
}

BOOST_AUTO_TEST_CASE(in_error_repeats_only_what_failed) {
    auto instance = in_state(in_error);
    instance.last_stable = not_deployed;
    instance.failed_operation = operation::service_deployment_finalize;
    BOOST_TEST(!refuse_deploy(instance, {I, A}, true, false).has_value());
    BOOST_TEST(category(refuse_suspend_or_resume(instance, false)) == 13);
    BOOST_TEST(!refuse_terminate(instance).has_value());
    instance.last_stable = operational;
    instance.failed_operation = operation::service_suspension;
    BOOST_TEST(category(refuse_deploy(instance, {I}, true, false)) == 13);
    BOOST_TEST(!refuse_suspend_or_resume(instance, false).has_value());
    BOOST_TEST(category(refuse_suspend_or_resume(instance, true)) == 12);
}

BOOST_AUTO_TEST_CASE(finalization_follows_the_last_activate) {
    auto instance = in_state(activated, {I, A});
    BOOST_CHECK(state_after_finalize(instance) == operational);
    instance.suspend_on_finalize = true;
    BOOST_CHECK(state_after_finalize(instance) == suspended); // AMB-107
    instance.executed = {I, P};
    BOOST_CHECK(state_after_finalize(instance) == operational); // AMB-104
    BOOST_CHECK(deploy_operation(std::vector{I, A}, false) == operation::service_deployment_activation);
    BOOST_CHECK(deploy_operation(std::vector{I, A}, true) == operation::service_deployment_finalize);
    BOOST_TEST(requested_deploy_operations({}).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
