// TR 3.2.2 and 4.2.5.3: what may be asked in which state.

#include "base/utf8.hpp"
#include "model/life_cycle.hpp"
#include "process/functions/life_cycle.hpp"

#include <algorithm>
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

// TR 4.2.5.4, AMB-110: an update begins in a deployed state, with what a deployment begins with.
BOOST_AUTO_TEST_CASE(an_update_begins_with_install) {
    const std::vector<std::vector<service_command>> begins{{I}, {I, P}, {I, A}, {I, P, A}, {I, A, P}};
    const std::vector<std::vector<service_command>> not_so{{}, {P}, {A}, {P, A}, {A, P}, {P, I}, {A, I, P}};
    for (const auto state : {operational, suspended}) {
        for (const auto& commands : begins)
            for (const bool finalize : {true, false})
                BOOST_TEST(!refuse_update(in_state(state, {I, A}), commands, finalize, false).has_value());
        for (const auto& commands : not_so)
            BOOST_TEST(category(refuse_update(in_state(state, {I}), commands, true, false)) == 13);
    }
    for (const auto state : {not_deployed, initialized, installed, personalized, activated})
        BOOST_TEST(category(refuse_update(in_state(state, {I}), {I, A}, true, false)) == 13);
    BOOST_TEST(category(refuse_update(in_state(operational), {I, I}, true, false)) == 4); // AMB-106
    BOOST_TEST(category(refuse_update(in_state(operational), {}, false, false)) == 4);    // AMB-103
    BOOST_TEST(category(refuse_update(in_state(operational), {I, A}, true, true)) == 12); // AMB-114
    auto busy = in_state(operational);
    busy.running_process = "p";
    BOOST_TEST(category(refuse_update(busy, {I}, true, false)) == 13); // AMB-122
}

BOOST_AUTO_TEST_CASE(only_an_update_repeats_an_update) { // AMB-100
    auto failed = in_state(in_error, {I, A});
    failed.last_stable = suspended;
    failed.failed_operation = operation::service_update_activation;
    BOOST_TEST(!refuse_update(failed, {I, A}, true, false).has_value());
    BOOST_TEST(category(refuse_deploy(failed, {I, A}, true, false)) == 13);
    BOOST_TEST(category(refuse_suspend_or_resume(failed, false)) == 13);
    BOOST_TEST(!refuse_terminate(failed).has_value());
    BOOST_TEST(category(refuse_update(failed, {I, A}, true, true)) == 12); // AMB-114
    failed.failed_operation = operation::service_deployment_finalize;
    BOOST_TEST(category(refuse_update(failed, {I, A}, true, false)) == 13);
    failed.failed_operation = operation::service_suspension;
    BOOST_TEST(category(refuse_update(failed, {I, A}, true, false)) == 13);
}

BOOST_AUTO_TEST_CASE(the_version_of_an_update) { // AMB-112, AMB-123, AMB-136
    auto instance = in_state(operational, {I, A});
    instance.target.version_tag = "1.2.0";
    const auto refused = [&](const char* tag, bool exists, bool has_target) {
        return category(refuse_version(instance, tag, exists, has_target));
    };
    BOOST_TEST(refused("1.3.0", true, true) == 0);
    BOOST_TEST(refused("1.1.0", true, true) == 0); // downwards
    BOOST_TEST(refused("1.2.0", true, true) == 8);
    BOOST_TEST(refused("1.02.0", true, true) == 8); // the same by its numbers
    BOOST_TEST(refused("1.3.0", true, false) == 8);
    BOOST_TEST(refused("1.3.0", false, false) == 17);
    for (const char* tag : {"", "1.x.x", "1.3", "1.3.0.0", "abc"})
        BOOST_TEST(refused(tag, true, true) == 4, tag);
    BOOST_TEST(refuse_version(instance, "1.2.0", true, true)->details ==
               "service is already updated to requested version");
    instance.state = in_error; // back to what it was, or once more
    BOOST_TEST(refused("1.2.0", true, true) == 0);
}

BOOST_AUTO_TEST_CASE(operations_of_a_deployment) { // TR 4.2.4.2, AMB-120
    BOOST_TEST(static_cast<int>(deploy_operation(std::vector{I}, false)) == 10);
    BOOST_TEST(static_cast<int>(deploy_operation(std::vector{I, P}, false)) == 11);
    BOOST_TEST(static_cast<int>(deploy_operation(std::vector{I, P, A}, false)) == 12);
    for (const auto& commands : {std::vector{I}, {I, P}, {I, P, A}, {}})
        BOOST_TEST(static_cast<int>(deploy_operation(commands, true)) == 13);
    BOOST_TEST(
        (process::requested(suspend_or_resume_service{"i", true}) == std::vector{operation::service_suspension}));
    BOOST_TEST(
        (process::requested(suspend_or_resume_service{"i", false}) == std::vector{operation::service_resumption}));
    BOOST_TEST((process::requested(terminate_service{"i"}) == std::vector{operation::service_termination}));
}

BOOST_AUTO_TEST_CASE(operations_of_an_update) { // TR 4.2.4.2, AMB-120
    BOOST_TEST(static_cast<int>(update_operation({I}, false)) == 20);
    BOOST_TEST(static_cast<int>(update_operation({I, P}, false)) == 21);
    BOOST_TEST(static_cast<int>(update_operation({I, A}, false)) == 22);
    BOOST_TEST(static_cast<int>(update_operation({I, A}, true)) == 23);
    BOOST_TEST((requested_update_operations({I, P, A}) == std::vector{operation::service_update_installation,
                                                                      operation::service_update_personalization,
                                                                      operation::service_update_activation}));
}

BOOST_AUTO_TEST_CASE(refusals_have_the_norms_category) {
    BOOST_TEST(category(refuse_deploy(in_state(not_deployed), {I, I}, true, false)) == 4);   // AMB-106
    BOOST_TEST(category(refuse_deploy(in_state(activated, {I, A}), {}, false, false)) == 4); // AMB-103
    BOOST_TEST(category(refuse_deploy(in_state(not_deployed), {I}, true, true)) == 12);      // AMB-114
    const auto twice = refuse_deploy(in_state(personalized, {I, A, P}), {A}, true, false);   // AMB-105
    BOOST_REQUIRE(twice.has_value());
    BOOST_TEST(error_message(dialect::v1_0, twice->category, twice->details) ==
               "Invalid state: service command ‘activate’ has already been executed");
    auto busy = in_state(not_deployed);
    busy.running_process = "p"; // AMB-122
    BOOST_TEST(category(refuse_deploy(busy, {I}, true, false)) == 13);
    BOOST_TEST(category(refuse_terminate(busy)) == 13);
}

BOOST_AUTO_TEST_CASE(a_message_stays_one_line_whatever_it_quotes) {
    const auto interrupted = error_category::execution_interrupted;
    const auto hostile =
        error_message(dialect::v1_0, interrupted, "x\n00:00 error forged\x1b" + std::string(300'000, 'y'));
    BOOST_TEST(hostile.find('\n') == std::string::npos);
    BOOST_TEST(hostile.find('\x1b') == std::string::npos);
    BOOST_TEST(hostile.size() < 500u);
    std::string long_name;
    while (long_name.size() < 1000)
        long_name += "€";
    BOOST_TEST(text::is_utf8(error_message(dialect::v1_0, interrupted, "a" + long_name)));
    BOOST_TEST(text::is_utf8(error_message(dialect::v1_0, interrupted, "ab" + long_name)));
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

namespace {

/// The functions that may leave the state, by their first letters: Deploy, Update, SuspendOrResume, Terminate.
std::string functions_from(const service_instance& instance) {
    const std::vector<std::vector<service_command>> lists{{},     {I},    {P},    {A},       {I, P},
                                                          {I, A}, {P, A}, {A, P}, {I, P, A}, {I, A, P}};
    bool deploys = false, updates = false;
    for (const auto& commands : lists) {
        deploys = deploys || !refuse_deploy(instance, commands, true, false);
        updates = updates || !refuse_update(instance, commands, true, false);
    }
    return std::string(deploys ? "D" : "") + (updates ? "U" : "") +
           (refuse_suspend_or_resume(instance, false) ? "" : "S") + (refuse_terminate(instance) ? "" : "T");
}

} // namespace

// TR 3.2.2, Figure 4. From InError the function goes on that has failed (AMB-100).
BOOST_AUTO_TEST_CASE(the_arrows_of_figure_4_and_no_others) {
    const struct {
        instance_state from;
        std::vector<service_command> executed;
        std::string functions; // arrows 2, 3 | 13 | 14, 15, 17
    } rows[] = {{not_deployed, {}, "DT"},        {initialized, {}, "T"},       {installed, {I}, "DT"},
                {personalized, {I, P}, "DT"},    {activated, {I, A}, "DT"},    {personalized, {I, A, P}, "DT"},
                {activated, {I, P, A}, "DT"},    {operational, {I, A}, "UST"}, {suspended, {I, A}, "UST"},
                {operational, {I, P, A}, "UST"}, {suspended, {I}, "UST"}};
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT("state " << static_cast<int>(row.from) << ", commands " << row.executed.size())
    BOOST_TEST(functions_from(in_state(row.from, row.executed)) == row.functions);
    const struct {
        instance_state before;
        std::vector<int> failed;
        std::string functions; // arrows 12 and 16, then 18, 19, 20
    } errors[] = {{not_deployed, {10, 11, 12, 13}, "DT"},
                  {installed, {11, 12, 13}, "DT"},
                  {operational, {20, 21, 22, 23}, "UT"},
                  {suspended, {20, 21, 22, 23}, "UT"},
                  {operational, {30, 31}, "ST"},
                  {suspended, {30, 31}, "ST"},
                  {not_deployed, {40}, "T"},
                  {operational, {40}, "T"}};
    for (const auto& row : errors)
        for (const int code : row.failed)
            BOOST_TEST_CONTEXT("before " << static_cast<int>(row.before) << ", operation " << code) {
                auto instance = in_state(row.before);
                fail(instance, row.before, static_cast<operation>(code));
                BOOST_TEST((instance.state == in_error));
                BOOST_TEST(functions_from(instance) == row.functions);
            }
    // Inside UnderDeployment (5 to 9) and out of it (10, 11).
    const struct {
        instance_state from;
        std::vector<service_command> executed;
        std::string next; // of Installed, Personalized, Activated
    } steps[] = {{not_deployed, {}, "I"},  {installed, {I}, "PA"},     {personalized, {I, P}, "A"},
                 {activated, {I, A}, "P"}, {activated, {I, P, A}, ""}, {personalized, {I, A, P}, ""}};
    for (const auto& row : steps) {
        std::string next;
        for (const auto& [command, name, state] :
             {std::tuple{I, "I", installed}, {P, "P", personalized}, {A, "A", activated}}) {
            BOOST_TEST((state_after(command) == state));
            next += refuse_deploy(in_state(row.from, row.executed), {command}, false, false) ? "" : name;
        }
        BOOST_TEST(next == row.next, "state " << static_cast<int>(row.from));
        auto done = in_state(row.from, row.executed);
        BOOST_TEST((state_after_finalize(done) == operational));
        done.suspend_on_finalize = true;
        const bool was_activated = std::ranges::count(row.executed, A) != 0;
        BOOST_TEST((state_after_finalize(done) == (was_activated ? suspended : operational)));
    }
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
