// A whole call that runs a process, without actors: a played world answers its effects.

#include "tests/unit/played_call.hpp"

using namespace tsms;
using namespace std::chrono_literals;
using model::error_category;
using played::conducted;
using played::other_cplc;
using played::request;
using played::world;

namespace {

const auto suspend = request(model::suspend_or_resume_service{"one", false});
const auto terminate = request(model::terminate_service{"one"});
const auto update = request(model::update_service{"one", "2.0.0", {}, true});

template <class E> conducted::other_answers instead_of(calls::answer_variant answer, int times = 1) {
    return [=, left = times](std::size_t, const calls::effect& e) mutable -> std::optional<calls::answer_variant> {
        if (!std::holds_alternative<E>(e) || left == 0)
            return std::nullopt;
        --left;
        return answer;
    };
}

/// It has become a process that ends with this, and touches neither the card nor its row.
void ends_with(const world& w, error_category category, const std::string& details) {
    BOOST_REQUIRE(w.begun && w.ended);
    BOOST_TEST(!w.begun->read.card);
    BOOST_TEST(!w.begun->shown.card);
    BOOST_TEST(!w.ended->card);
    BOOST_TEST(w.ended->end.message == model::error_message(model::dialect::v1_0, category, details));
    BOOST_TEST(w.ended->delivery.has_value());
    BOOST_TEST(w.instance.running_process == "");
}

} // namespace

BOOST_AUTO_TEST_SUITE(life_cycle_call)

BOOST_AUTO_TEST_CASE(a_call_runs_from_its_rows_to_its_result) {
    world w;
    const conducted c(w, terminate);
    BOOST_TEST((c.outcome().status == error_category::none));
    BOOST_TEST(w.gone);
    BOOST_TEST(c.count<calls::load_instance>() == 2u); // before the card is asked for, and when it is ours
    BOOST_TEST(c.place<calls::check_target>() < c.place<calls::lease_card>());
    BOOST_TEST(c.place<calls::charge_process>() < c.place<calls::begin_process>());
    BOOST_TEST(c.place<calls::begin_process>() < c.place<calls::admit>());
    BOOST_TEST(c.place<calls::process_begins>() < c.place<calls::perform>());
    BOOST_TEST(c.place<calls::end_process>() < c.place<calls::deliver>());
    BOOST_TEST(c.place<calls::deliver>() < c.place<calls::answer>());
    BOOST_TEST(w.ended->delivery->spos.url == "https://of.today"); // AMB-182
    BOOST_TEST(w.ended->delivery->body == "result of " + w.begun->process.id);
    const auto lease = c.all<calls::lease_card>().at(0);
    BOOST_TEST(lease.process_id == w.begun->process.id);
    BOOST_TEST((lease.until == w.now + 8s));
    BOOST_TEST(c.all<calls::answer>().at(0).completed->progress == 100);
}

// DIV-101: its lease was lost, and whoever goes on with the card has ended it. What the card told us is not what
// counts.
BOOST_AUTO_TEST_CASE(an_app_is_told_the_end_that_is_stored) {
    world w;
    w.former = model::process_end{"id", error_category::execution_interrupted, "6, taken over", "2026-01-01T00:00:00Z"};
    const conducted c(w, terminate);
    BOOST_TEST((w.ended->end.status == error_category::none)); // it went well, as far as it could see
    BOOST_TEST((c.outcome().status == error_category::execution_interrupted));
    BOOST_TEST(c.outcome().message == "6, taken over");
    BOOST_TEST(!c.all<calls::answer>().at(0).completed);
}

// TR 3.2.1
BOOST_AUTO_TEST_CASE(deployment_update_suspension_and_removal_are_processes) {
    using enum model::instance_state;
    const std::vector<model::command_request> commands{{model::service_command::install, {}, false},
                                                       {model::service_command::activate, {}, false}};
    const struct {
        model::tsm_api_function what;
        model::instance_state from;
        std::vector<int> requested;
    } rows[] = {{model::deploy_service{"one", commands, true}, not_deployed, {10, 12}},
                {model::update_service{"one", "2.0.0", commands, true}, operational, {20, 22}},
                {model::suspend_or_resume_service{"one", true}, operational, {30}},
                {model::suspend_or_resume_service{"one", false}, suspended, {31}},
                {model::terminate_service{"one"}, operational, {40}}};
    for (const auto& row : rows) {
        world w;
        w.instance.state = w.instance.last_stable = row.from;
        auto wanted = w.instance.target;
        wanted.version_tag = "2.0.0";
        const conducted c(w, request(row.what), instead_of<calls::find_target>(calls::target_found{wanted}, 2));
        BOOST_REQUIRE(w.begun && w.ended);
        const auto& process = w.begun->process;
        BOOST_TEST((process.start_state == row.from));
        BOOST_TEST(std::ranges::equal(process.requested, row.requested, {},
                                      [](model::operation o) { return static_cast<int>(o); }));
        BOOST_TEST(process.id != "");
        BOOST_TEST(w.ended->end.id == process.id);
        BOOST_TEST(w.ended->delivery->process == process.id);
    }
}

BOOST_AUTO_TEST_CASE(who_has_waited_for_the_instance_still_gets_its_card) {
    world w;
    auto late = instead_of<calls::ask_time>(calls::moment{w.now + 7900ms, wall_time{}});
    const conducted c(w, terminate, late);
    BOOST_TEST((c.all<calls::lease_card>().at(0).until == w.now + 9900ms));
}

BOOST_AUTO_TEST_CASE(a_foreign_provider_learns_nothing) {
    for (const bool exists : {true, false}) {
        world w;
        w.gone = !exists;
        auto foreign = terminate;
        foreign.provider = "another";
        const conducted c(w, foreign);
        BOOST_TEST((c.outcome().status == error_category::invalid_request));
        const auto told = std::get<model::terminate_service_result>(c.all<calls::answer>().at(0).outcome);
        BOOST_TEST(told.process.process_id.empty());
        BOOST_TEST(c.count<calls::check_target>() + c.count<calls::lease_card>() + c.count<calls::admit>() == 0u);
        BOOST_TEST(!w.begun);
    }
}

BOOST_AUTO_TEST_CASE(what_may_not_begin_is_refused_with_the_state_of_the_row) {
    world w;
    w.instance.state = model::instance_state::installed;
    const conducted c(w, update);
    const auto told = std::get<model::update_service_result>(c.all<calls::answer>().at(0).outcome);
    BOOST_TEST((c.outcome().status != error_category::none));
    BOOST_TEST((told.state == model::instance_state::installed));
    BOOST_TEST(told.reader == "eSE1");
    BOOST_TEST(c.count<calls::lease_card>() == 0u);
}

// TR 4.2, AMB-130: an error before the process has started.
BOOST_AUTO_TEST_CASE(what_is_refused_is_not_executed_and_told_to_nobody) {
    using enum model::service_command;
    const std::vector<model::command_request> commands{{install, {}, false}, {activate, {}, false}};
    for (const model::tsm_api_function& what :
         {model::tsm_api_function(model::deploy_service{"one", commands, true}), // it is deployed
          model::tsm_api_function(model::update_service{"one", "x.x.x", commands, true})}) {
        world w;
        const conducted c(w, request(what));
        std::visit(
            []<class Result>(const Result& told) {
                if constexpr (requires { told.commands; }) {
                    BOOST_TEST((told.process.outcome.status != error_category::none));
                    BOOST_TEST(told.process.process_id == "");
                    BOOST_TEST(told.commands.size() == 2u);
                    for (const auto& command : told.commands)
                        BOOST_TEST((command.status == model::command_status::not_executed));
                } else {
                    BOOST_FAIL("another function's result");
                }
            },
            c.all<calls::answer>().at(0).outcome);
        BOOST_TEST(!w.begun);
        BOOST_TEST(c.count<calls::process_begins>() + c.count<calls::perform>() == 0u);
        BOOST_TEST(c.count<calls::encode_result>() + c.count<calls::deliver>() == 0u);
    }
}

// TR 4.3.3.1, AMB-184
BOOST_AUTO_TEST_CASE(the_spos_is_told_what_the_app_is_told) {
    for (const bool free : {true, false}) {
        world w;
        w.card_is_free = free;
        const conducted c(w, terminate);
        const auto told = c.all<calls::encode_result>();
        BOOST_REQUIRE_EQUAL(told.size(), 1u);
        BOOST_TEST((told[0].what.status == c.outcome().status));
        BOOST_TEST(told[0].what.message == c.outcome().message);
        BOOST_TEST((told[0].what.status == error_category::none) == free);
        BOOST_TEST(told[0].what.message.empty() == free);
    }
}

// DIV-119
BOOST_AUTO_TEST_CASE(app_and_spos_are_told_in_the_dialect_of_the_call) {
    const struct {
        model::dialect dialect;
        error_category category;
        const char* message;
    } rows[] = {
        {model::dialect::v1_0, error_category::invalid_request,
         "Invalid request: serviceInstanceId ‘one’ does not exist"},
        {model::dialect::v1_0_4, error_category::not_found, "Not found: serviceInstanceId ‘one’ does not exist"},
    };
    for (const auto& row : rows) {
        auto asks = terminate;
        asks.dialect = row.dialect;
        world absent;
        absent.gone = true;
        const conducted c(absent, asks);
        BOOST_TEST((c.outcome().status == row.category));
        BOOST_TEST(c.outcome().message == row.message);

        world w;
        w.card_is_free = false;
        const conducted told(w, asks);
        BOOST_REQUIRE(w.begun.has_value());
        BOOST_TEST((w.begun->process.asked->dialect == row.dialect)); // for whoever goes on with it
        const auto of_spos = told.all<calls::encode_result>();
        BOOST_REQUIRE_EQUAL(of_spos.size(), 1u);
        BOOST_TEST((of_spos[0].what.status == told.outcome().status));
        BOOST_TEST(of_spos[0].what.message == told.outcome().message);
        BOOST_TEST((w.ended->end.status == told.outcome().status)); // and who asks for it again
    }
}

BOOST_AUTO_TEST_CASE(an_update_asks_for_the_version_that_it_wants) {
    world w;
    const conducted c(w, update);
    const auto wanted = c.all<calls::find_target>();
    BOOST_REQUIRE_EQUAL(wanted.size(), 1u);
    BOOST_TEST(wanted[0].service_id == "service");
    BOOST_TEST(wanted[0].version_tag == "2.0.0");
    BOOST_TEST(wanted[0].profile_id == "profile");
    const auto checked = c.all<calls::check_target>();
    BOOST_REQUIRE_EQUAL(checked.size(), 2u);
    BOOST_TEST(checked[1].version_tag == "2.0.0");
    world without;
    BOOST_TEST(conducted(without, terminate).count<calls::find_target>() == 0u);
}

BOOST_AUTO_TEST_CASE(what_an_operator_changes_meanwhile_is_judged_anew) { // DIV-041
    world w;
    w.changes_by_operator = 1;
    const conducted c(w, terminate);
    BOOST_TEST((c.outcome().status == error_category::none));
    BOOST_TEST(c.count<calls::load_instance>() == 3u);
    BOOST_TEST(c.count<calls::lease_card>() == 1u);
    world never;
    never.changes_by_operator = 1000;
    const conducted n(never, terminate);
    BOOST_TEST((n.outcome().status == error_category::tsm_not_available));
    BOOST_TEST(n.count<calls::load_instance>() == 8u);
    BOOST_TEST(!never.begun);
}

BOOST_AUTO_TEST_CASE(a_card_whose_row_is_another_ones_part_now_is_returned) {
    world w;
    w.before_answer_of_rows = [&, reads = 0]() mutable {
        if (++reads == 1)
            w.card.id = w.instance.secure_component_id = "joined";
    };
    const conducted c(w, terminate);
    const auto leases = c.all<calls::lease_card>();
    BOOST_REQUIRE_EQUAL(leases.size(), 2u);
    BOOST_TEST(leases[0].card == "card");
    BOOST_TEST(leases[1].card == "joined");
    BOOST_TEST(c.count<calls::return_card>() == 1u);
    BOOST_TEST((c.outcome().status == error_category::none));
    BOOST_TEST(w.begun->process.id == leases[1].process_id);
}

BOOST_AUTO_TEST_CASE(a_leased_card_ends_the_process) { // AMB-228
    world w;
    w.card_is_free = false;
    const conducted c(w, terminate);
    ends_with(w, error_category::sc_inaccessible, "another process runs on this secure component");
    BOOST_TEST((c.outcome().status == error_category::sc_inaccessible));
    BOOST_TEST(c.count<calls::load_instance>() == 1u);
}

BOOST_AUTO_TEST_CASE(a_card_that_another_server_has_ends_the_process_and_is_not_disturbed) { // DIV-101
    for (const bool since_it_was_read : {false, true}) {
        world w;
        w.instance.reader = "elsewhere"; // else it would be looked for in every reader
        (since_it_was_read ? w.is_leased_when_it_begins : w.is_leased) = true;
        const conducted c(w, terminate);
        ends_with(w, error_category::sc_inaccessible, "another process runs on this secure component");
        if (!since_it_was_read)
            BOOST_TEST(c.count<calls::perform>() <= 1u); // the start is announced, and nothing is asked of any card
    }
}

BOOST_AUTO_TEST_CASE(a_card_that_is_free_when_it_is_judged_anew_hinders_nobody) {
    world w;
    w.card_is_free = false;
    w.changes_by_operator = 1;
    w.before_answer_of_rows = [&, reads = 0]() mutable { w.card_is_free = ++reads > 1; };
    const conducted c(w, terminate);
    BOOST_REQUIRE(w.begun);
    BOOST_TEST(w.begun->read.card.has_value());
    BOOST_TEST((c.outcome().status == error_category::none));
}

BOOST_AUTO_TEST_CASE(a_quarantined_card_ends_the_process) {
    world w;
    w.card.quarantined = true;
    const conducted c(w, terminate);
    ends_with(w, error_category::sc_inaccessible,
              "the secure component is quarantined after failed authentications; the operator can release it "
              "(tsms card release)");
}

BOOST_AUTO_TEST_CASE(a_card_in_another_reader_is_found) {
    world w;
    std::swap(w.cplc_in_first, w.cplc_in_second);
    w.instance.atr = "3B01";
    auto call = terminate;
    call.cards = {{"eSE1", "eSE", "", "3B02"}, {"eSE2", "eSE", "", "3B01"}};
    const conducted c(w, call);
    BOOST_TEST(c.place<calls::admit>() < c.place<calls::perform>()); // the phone works before there is a process
    BOOST_TEST(c.place<calls::perform>() < c.place<calls::begin_process>());
    BOOST_TEST(w.begun->shown.instance.reader == "eSE1"); // until the card has proven that it is the one
    BOOST_TEST(w.log.find("its secure component has another reader now") != std::string::npos);
    BOOST_TEST((c.outcome().status == error_category::none));
}

BOOST_AUTO_TEST_CASE(a_card_that_is_not_there_or_falls_silent_ends_the_process) {
    const std::string nowhere = "none of the announced secure components is the one of the service instance";
    world w;
    w.instance.reader = "elsewhere";
    w.cplc_in_first = other_cplc;
    const conducted away(w, terminate);
    ends_with(w, error_category::sc_inaccessible, nowhere);
    world s;
    s.instance.reader = "elsewhere";
    s.answers_of_card = 1;
    s.phone = gp::transmission::failed;
    const conducted silent(s, terminate);
    BOOST_REQUIRE(s.ended);
    ends_with(s, s.ended->end.status, nowhere + s.ended->end.message.substr(s.ended->end.message.rfind("; ")));
    world l;
    l.instance.reader = "elsewhere";
    l.answers_of_card = 0;
    l.phone = gp::transmission::phone_lost;
    const conducted lost(l, terminate);
    ends_with(l, error_category::execution_interrupted, "the connection to the handset was lost");
}

BOOST_AUTO_TEST_CASE(a_card_that_was_read_is_not_read_again) {
    world w;
    w.instance.reader = "elsewhere";
    w.changes_by_operator = 2;
    const conducted c(w, terminate);
    std::size_t exchanges = 0;
    for (const auto& p : c.all<calls::perform>())
        exchanges += std::holds_alternative<process::exchange>(p.what);
    BOOST_TEST(exchanges == 1u);
}

BOOST_AUTO_TEST_CASE(who_has_no_budget_left_is_refused_without_a_trace) { // DIV-061
    world w;
    const conducted c(w, terminate, instead_of<calls::charge_process>(calls::charged{calls::come_again{7}}));
    BOOST_TEST(c.all<calls::answer>().at(0).later->seconds == 7);
    BOOST_TEST((c.outcome().status == error_category::tsm_not_available));
    BOOST_TEST(!w.begun);
}

BOOST_AUTO_TEST_CASE(an_end_that_is_not_stored_is_stored_later) {
    world w;
    const conducted c(w, terminate, instead_of<calls::end_process>(calls::unanswered("disk full"), 7));
    std::vector<std::chrono::seconds> pauses;
    for (const auto& p : c.all<calls::pause_for>())
        pauses.push_back(p.how_long);
    BOOST_TEST((pauses == std::vector<std::chrono::seconds>{1s, 2s, 4s, 8s, 16s, 30s, 30s}));
    BOOST_TEST((c.outcome().status == error_category::internal_error)); // the app is not kept waiting
    BOOST_TEST(c.outcome().message.find("the outcome could not be stored yet; ask again later") != std::string::npos);
    BOOST_TEST(w.gone);
    BOOST_TEST((w.ended->end.status == error_category::none));
    BOOST_TEST(c.count<calls::encode_result>() == 1u); // one result, however often it is stored
    BOOST_TEST(c.count<calls::deliver>() == 1u);
    BOOST_TEST(w.log.find("its end could not be stored, next attempt in 4 s: disk full") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_process_that_breaks_is_ended) {
    world w;
    const conducted c(w, suspend, instead_of<calls::perform>(calls::broke{"no more chance"}));
    BOOST_REQUIRE(w.ended);
    BOOST_TEST((w.ended->end.status == error_category::internal_error));
    BOOST_TEST(w.ended->card->doubt);
    BOOST_TEST((w.instance.state == model::instance_state::in_error));
    BOOST_TEST(w.instance.running_process == "");
    BOOST_TEST((c.outcome().status == error_category::internal_error));
    BOOST_TEST(w.log.find("broke: no more chance") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_a_process_has_committed_before_it_breaks_is_kept) {
    world w;
    w.instance.state = w.instance.last_stable = model::instance_state::not_deployed;
    w.instance.reader = "the name of before";
    w.card.isd_aid = "A000000151000000";
    std::optional<model::secure_component> committed;
    const auto breaks_behind_the_issuer = [&](std::size_t, const calls::effect& e) {
        const auto* p = std::get_if<calls::perform>(&e);
        const auto* c = p ? std::get_if<process::commit>(&p->what) : nullptr;
        if (c && c->card.tsm_domain) // its keys may be on the card from now on
            committed = c->card;
        const bool broken = p && committed && std::holds_alternative<process::exchange>(p->what);
        return broken ? std::optional<calls::answer_variant>(calls::broke{"a bug"}) : std::nullopt;
    };
    const conducted c(w, request(model::deploy_service{"one", {{model::service_command::install, {}, false}}, true}),
                      breaks_behind_the_issuer);
    BOOST_REQUIRE(committed && w.ended && w.ended->card);
    BOOST_TEST(w.ended->card->doubt);
    BOOST_REQUIRE(w.ended->card->tsm_domain);
    BOOST_TEST(w.ended->card->tsm_domain->aid == committed->tsm_domain->aid);
    BOOST_TEST(w.ended->card->tsm_domain->keys_in_doubt);
    const auto last = std::get<process::exchange>(c.all<calls::perform>().back().what);
    BOOST_TEST(last.reader == "eSE1"); // where the card has been found
    std::vector<std::string> se_types;
    for (const auto& p : c.all<calls::perform>())
        if (const auto* o = std::get_if<process::open_issuer_session>(&p.what))
            se_types.push_back(o->order.se_type);
    BOOST_TEST(se_types == (std::vector<std::string>{"eSE"}));
}

BOOST_AUTO_TEST_CASE(a_card_that_was_ever_proven_stays_so) {
    world w;
    w.card.assigned = true;
    const conducted c(w, terminate);
    BOOST_REQUIRE(w.ended && w.ended->card);
    BOOST_TEST(w.ended->card->was_proven); // the operator has said so
    world once;
    once.card.was_proven = true;
    const conducted again(once, terminate);
    BOOST_REQUIRE(once.ended && once.ended->card);
    BOOST_TEST(once.ended->card->was_proven);
    world claimed;
    const conducted without(claimed, terminate);
    BOOST_REQUIRE(claimed.ended && claimed.ended->card);
    BOOST_TEST(!claimed.ended->card->was_proven);
}

BOOST_AUTO_TEST_CASE(nobody_who_knows_the_spos_of_today_keeps_the_end) { // AMB-182
    for (const auto& no_answer : {calls::answer_variant(calls::unanswered("the catalog is slow")),
                                  calls::answer_variant(calls::broke{"a bug"})}) {
        world w;
        const conducted c(w, terminate, instead_of<calls::survey_service>(no_answer));
        BOOST_REQUIRE(w.ended && w.ended->delivery);
        BOOST_TEST(w.ended->delivery->spos.url == "https://spos"); // of the snapshot
        BOOST_TEST(c.count<calls::pause_for>() == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_result_that_cannot_be_encoded_does_not_keep_the_end) {
    world w;
    const conducted c(w, terminate, instead_of<calls::encode_result>(calls::broke{"not UTF-8"}, 1000));
    BOOST_REQUIRE(w.ended);
    BOOST_TEST(!w.ended->delivery);
    BOOST_TEST(c.count<calls::deliver>() + c.count<calls::pause_for>() == 0u);
    BOOST_TEST((c.outcome().status == error_category::none));
    BOOST_TEST(w.log.find("the result cannot be encoded: not UTF-8") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
