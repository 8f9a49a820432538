// Every effect of a whole call may break, go unanswered, be the last one before a stop, or the last one at all.

#include "tests/unit/played_call.hpp"

using namespace tsms;
using model::error_category;
using played::conducted;
using played::request;
using played::world;

namespace {

const auto suspend = request(model::suspend_or_resume_service{"one", false});
const auto terminate = request(model::terminate_service{"one"});
const auto update = request(model::update_service{"one", "2.0.0", {}, true});

/// Calls that together have every effect.
struct situation {
    const char* name;
    std::function<void(world&)> prepare;
    calls::call_request call;
};

std::vector<situation> situations() {
    return {{"as usual", [](world&) {}, terminate},
            {"state", [](world&) {}, suspend},
            {"refused", [](world& w) { w.provider_has_apps = true; }, terminate},
            {"update", [](world&) {}, update},
            {"another reader", [](world& w) { w.instance.reader = "elsewhere"; }, terminate},
            {"leased", [](world& w) { w.card_is_free = false; }, terminate},
            {"changed", [](world& w) { w.changes_by_operator = 1; }, terminate}};
}

/// For every effect of every situation.
void for_every_effect(const std::function<void(const situation&, std::size_t, const calls::effect&)>& test) {
    for (const auto& s : situations()) {
        world usual;
        s.prepare(usual);
        const conducted whole(usual, s.call);
        BOOST_REQUIRE(whole.over);
        for (std::size_t k = 0; k < whole.asked.size(); ++k)
            BOOST_TEST_CONTEXT(s.name << ", effect " << k << " of kind " << whole.asked[k].index())
        test(s, k, whole.asked[k]);
    }
}

conducted::other_answers at(std::size_t k, calls::answer_variant answer) {
    return [=](std::size_t number, const calls::effect&) { return number == k ? std::optional(answer) : std::nullopt; };
}

/// No row says that a process runs, and the app has its answer.
void is_closed(const world& w, const conducted& c) {
    BOOST_TEST(c.over);
    BOOST_TEST(w.begun.has_value() == w.ended.has_value());
    BOOST_TEST(w.instance.running_process == "");
    BOOST_TEST(c.count<calls::answer>() >= 1u);
}

} // namespace

BOOST_AUTO_TEST_SUITE(broken_calls)

BOOST_AUTO_TEST_CASE(an_effect_that_breaks_strands_nobody) {
    for_every_effect([](const situation& s, std::size_t k, const calls::effect& e) {
        world w;
        s.prepare(w);
        if (std::holds_alternative<calls::ask_time>(e) && std::string(s.name) != "as usual")
            return; // of a refusal: reading a clock does not break
        const conducted c(w, s.call, at(k, calls::broke{"a bug"}));
        is_closed(w, c);
    });
}

BOOST_AUTO_TEST_CASE(an_effect_without_an_answer_strands_nobody) {
    const auto asks_somebody = []<class E>(const E&) {
        return std::is_same_v<E, calls::survey_service> || std::is_same_v<E, calls::find_target> ||
               std::is_same_v<E, calls::check_target> || std::is_same_v<E, calls::load_instance> ||
               std::is_same_v<E, calls::begin_process> || std::is_same_v<E, calls::end_process> ||
               std::is_same_v<E, calls::lease_card>;
    };
    for_every_effect([&](const situation& s, std::size_t k, const calls::effect& e) {
        if (!std::visit(asks_somebody, static_cast<const calls::effect_variant&>(e)))
            return;
        world w;
        s.prepare(w);
        const conducted c(w, s.call, at(k, calls::unanswered("nobody is there")));
        is_closed(w, c);
        if (!w.begun) {
            BOOST_TEST((c.outcome().status == error_category::tsm_not_available));
            BOOST_TEST(w.log.find("error: nobody") == std::string::npos);
            BOOST_TEST(w.log.find("nobody is there") != std::string::npos); // the operator hears the cause
            BOOST_TEST(c.outcome().message.find("nobody is there") == std::string::npos);
        }
    });
}

BOOST_AUTO_TEST_CASE(a_stop_refuses_what_has_not_begun_and_leaves_what_has) {
    for_every_effect([](const situation& s, std::size_t k, const calls::effect& e) {
        if (std::holds_alternative<calls::answer>(e) || std::holds_alternative<calls::ask_time>(e) ||
            std::holds_alternative<calls::tell_operator>(e))
            return; // they are answered at once
        world w;
        s.prepare(w);
        const conducted c(w, s.call, at(k, calls::stopping{}));
        BOOST_TEST(c.over);
        if (w.begun) { // the next start ends it (model::after_crash), and nobody has been told of an end before
            BOOST_TEST(c.count<calls::answer>() == 0u);
            return;
        }
        BOOST_TEST((c.outcome().status == error_category::tsm_not_available));
        BOOST_TEST(c.outcome().message.find("the TSM is stopping") != std::string::npos);
        const auto told = c.all<calls::answer>().at(0).outcome;
        if (const auto* t = std::get_if<model::update_service_result>(&told)) {
            BOOST_TEST((t->state == (k == 0 ? model::instance_state::unknown : model::instance_state::operational)));
            BOOST_TEST(t->reader == (k == 0 ? "" : "eSE1"));
        }
    });
}

BOOST_AUTO_TEST_CASE(a_call_may_be_broken_off_behind_every_effect_and_made_again) {
    for_every_effect([](const situation& s, std::size_t k, const calls::effect&) {
        world w;
        s.prepare(w);
        {
            const conducted c(w, s.call, {}, k);
            BOOST_TEST(!c.over);
            BOOST_TEST((w.instance.running_process != "") == (w.begun && !w.ended));
        }
        w.begun.reset(); // a new start has ended it
        w.ended.reset();
        w.instance.running_process.clear();
        const conducted again(w, s.call);
        is_closed(w, again);
    });
}

BOOST_AUTO_TEST_SUITE_END()
