// What strangers may cause (DIV-061), with the real conductors.

#include "actors/framework/stranger.hpp"
#include "tests/actors/phone.hpp"

using namespace tsms;
using namespace tsms::actors_test;

namespace {

struct guests : world {
    explicit guests(stranger_limits limits) {
        around->strangers = std::make_shared<stranger_budget>(limits);
        around->failed_creations = std::make_shared<stranger_budget>(limits);
    }

    call_answer call_from(const std::string& address, function what) {
        auto c = call_of(std::move(what));
        c.address = address;
        return ask<call_routed>(gate, c).answer;
    }
    void play(const call_answer& a) {
        const auto s = opened(a);
        report_back(s, 0);
        report_back(s, 1, processed);
    }
    void prove_card() {
        auto& domain = rows.cards["card"].tsm_domain.emplace();
        domain.keys = model::key_set{};
    }
    std::size_t begun() const { return static_cast<std::size_t>(std::ranges::count(rows.events, "begin")); }
};

const model::deploy_service deploying{"one", {{model::service_command::install, {}, false}}, false};

stranger_account account_of(const world& w, const model::secure_component& card,
                            const model::service_instance& instance = {}) {
    return {w.around, "a", card, instance};
}

bool is_refused(const std::optional<process::failed>& f) {
    return f && f->category == error_category::overload_protection;
}

} // namespace

BOOST_AUTO_TEST_SUITE(actors_strangers)

BOOST_AUTO_TEST_CASE(a_process_beyond_the_budget_leaves_no_trace) {
    guests w({1, 100, 100});
    w.play(w.call_from("a", model::terminate_service{"one"}));
    const auto refused = w.call_from("a", model::terminate_service{"two"});
    BOOST_REQUIRE(std::holds_alternative<come_again>(refused));
    BOOST_TEST(std::get<come_again>(refused).seconds == 3600);
    BOOST_TEST(w.begun() == 1u);
    BOOST_TEST(w.rows.ends.size() == 1u);
    BOOST_TEST(w.rows.instances.at("two").running_process == "");
    BOOST_TEST(std::ranges::count_if(w.log, [](const auto& l) {
                   return l.find("device.unproven_per_address") != std::string::npos;
               }) == 1);
    w.play(w.call_from("b", model::terminate_service{"two"})); // instance and card were let go
    BOOST_TEST(w.rows.ends.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_phone_in_its_session_is_told_by_the_result) {
    guests w({1, 100, 100});
    w.play(w.call_from("a", model::terminate_service{"one"}));
    w.cards = {{"eSE1", "eSE", "", "3B00"}, {"eSE2", "eSE", "", "3B00"}}; // one of them is asked which card it is
    w.rows.cards["card"].identity = cplc;
    const auto s = opened(w.call_from("a", model::terminate_service{"two"}));
    auto order = w.report_back(s, 0);
    for (std::uint64_t n = 1; order && !result_of(*order) && n < 9; ++n)
        order = w.report_back(s, n, told_by_cards(*order, {{"eSE1", cplc}, {"eSE2", std::string(84, '5')}}));
    BOOST_REQUIRE(order && result_of(*order));
    const auto& told = outcome_of(*result_of(*order));
    BOOST_TEST((told.status == error_category::tsm_not_available));
    BOOST_TEST((told.message.find("try again in 3600 seconds") != std::string::npos), told.message);
    BOOST_TEST(!announces(*order));
    BOOST_TEST(w.begun() == 1u);
}

BOOST_AUTO_TEST_CASE(a_proven_card_is_not_kept_waiting_for_strangers) {
    guests w({1, 1, 1});
    w.prove_card();
    w.rows.instances["one"].domain.emplace();
    w.around->strangers->take({"a", "invented"}, 1, w.time); // everything is spent
    w.rows.instances["one"].state = model::instance_state::operational;
    for (int i = 0; i < 5; ++i)
        w.play(w.call_from("a", model::suspend_or_resume_service{"one", false}));
    BOOST_TEST(w.begun() == 5u);
}

BOOST_AUTO_TEST_CASE(that_a_card_was_proven_is_remembered) {
    guests w({100, 100, 100});
    w.play(w.call_from("a", model::terminate_service{"one"}));
    BOOST_TEST(!w.rows.ends.back().card->was_proven);
    w.prove_card();
    w.rows.instances["two"].state = model::instance_state::operational;
    w.play(w.call_from("a", model::suspend_or_resume_service{"two", false}));
    BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 2u);
    BOOST_TEST(w.rows.ends.back().card->was_proven);
    auto card = *w.rows.ends.back().card;
    card.tsm_domain.reset(); // the last service takes our domain along
    BOOST_TEST(model::rests_on_claims(card));
    BOOST_TEST(!model::is_unproven(card));
}

BOOST_AUTO_TEST_CASE(an_spos_hears_of_so_many_failed_creations) { // AMB-140
    guests w({2, 100, 100});
    w.service = model::offered_service{
        "service", "sp", true, {{"1.0.0", true, {"profile"}}}, model::spos_target{"https://spos", ""}};
    for (int i = 0; i < 4; ++i) {
        const auto s = opened(w.call_from("a", model::create_service_instance{"service", "1.0.0"}));
        auto stop = w.report_back(s, 0);
        for (std::uint64_t n = 1; stop && !result_of(*stop) && n < 9; ++n)
            stop = w.report_back(s, n, told_by_card(*stop));
        BOOST_REQUIRE(stop && result_of(*stop));
        BOOST_TEST((std::get<model::create_service_instance_result>(*result_of(*stop)).outcome.status ==
                    error_category::no_eligible_sc)); // the app is told in any case
    }
    BOOST_TEST(w.rows.told == 2u);
    BOOST_TEST(!w.around->strangers->take({"a", {}}, 2, w.time)); // handsets that are served do not wait for them
}

// -- one process --

BOOST_AUTO_TEST_CASE(the_first_order_is_paid_with_the_process) {
    guests w({3, 100, 100});
    auto account = account_of(w, {});
    BOOST_TEST(!account.begin(deploying).has_value());
    BOOST_TEST(!account.begin(deploying).has_value()); // judged anew
    BOOST_TEST(!account.order("1").has_value());
    BOOST_TEST(!account.order("2").has_value()); // the ISD was another one
    BOOST_TEST(!account.order("2").has_value()); // the issuer had lost its session
    BOOST_TEST(is_refused(account.order("3")));
    account.not_taken("2"); // the issuer is down
    account.not_taken("2");
    BOOST_TEST(!account.order("3").has_value());
    BOOST_TEST(is_refused(account.order("4")));
    account.judged(process::answer_variant(model::issuer_step{}), true);
    BOOST_TEST(!account.order("5").has_value()); // the issuer has authenticated the card: it may tidy up
    auto next = account_of(w, {});
    BOOST_TEST(next.begin(deploying)->seconds == 2400);
}

BOOST_AUTO_TEST_CASE(a_card_that_its_issuer_refutes_costs_its_address_more) {
    guests w({20, 100, 100});
    const process::answer_variant refuted = process::failed{error_category::sc_inaccessible, "wrong cryptogram", false};
    const auto left = [&] {
        int n = 0;
        while (!w.around->strangers->take({"a", {}}, 1, w.time))
            ++n;
        w.time += 1h;
        return n;
    };
    auto account = account_of(w, {});
    account.begin(deploying);
    account.judged(refuted, true);
    BOOST_TEST(left() == 20 - 2 - fine_for_refuted_order);

    auto torn = account_of(w, {}); // a real card in a shaking hand
    torn.begin(deploying);
    torn.judged(refuted, false);
    BOOST_TEST(left() == 20 - 2);

    auto later = account_of(w, {}); // the issuer has seen the card: what fails then is something else
    later.begin(deploying);
    later.judged(model::issuer_step{}, true);
    later.judged(refuted, true);
    BOOST_TEST(left() == 20 - 2);
}

BOOST_AUTO_TEST_CASE(a_proof_gives_back_what_the_handset_has_cost) {
    guests w({3, 100, 100});
    model::secure_component card;
    for (int i = 0; i < 5; ++i) {
        BOOST_REQUIRE(!charge(*w.around, {"a", card.identity}, cost_of_trace).has_value()); // createServiceInstance
        auto account = account_of(w, card);
        BOOST_REQUIRE(!account.begin(deploying).has_value());
        process::process_outcome end;
        end.card.tsm_domain.emplace().keys = model::key_set{};
        account.end(end);
    }
    auto account = account_of(w, card);
    account.begin(deploying);
    account.end({}); // this one has proven nothing
    BOOST_TEST(w.around->strangers->take({"a", {}}, 2, w.time).has_value());
}

/// A new instance on a proven card has nothing of its own to prove the caller by.
BOOST_AUTO_TEST_CASE(a_proven_card_may_be_claimed_so_often_from_one_address) {
    guests w({1, 4, 1});
    model::secure_component card;
    card.identity = cplc;
    card.tsm_domain.emplace().keys = model::key_set{};
    auto first = account_of(w, card), second = account_of(w, card), third = account_of(w, card);
    BOOST_TEST(!first.begin(deploying).has_value());
    BOOST_TEST(!second.begin(deploying).has_value());
    BOOST_TEST(third.begin(deploying).has_value());
    process::process_outcome end;
    end.card.tsm_domain.emplace().keys = model::key_set{};
    first.end(end); // an end without a change on the card proves nothing
    BOOST_TEST(third.begin(deploying).has_value());
    end.instance.domain.emplace();
    first.end(end);
    BOOST_TEST(!third.begin(deploying).has_value());
    BOOST_TEST(!charge(*w.around, {"a", "somebody else's"}, cost_of_trace).has_value());

    model::service_instance deployed;
    deployed.domain.emplace();
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(!account_of(w, card, deployed).begin(deploying).has_value());
}

/// Else a stranger behind a spent budget would learn which cards have been proven once, and go on with them.
BOOST_AUTO_TEST_CASE(a_claim_of_a_card_that_was_proven_once_pays_like_any_other) {
    guests w({3, 100, 100});
    model::secure_component left, assigned, unknown;
    left.identity = cplc;
    left.was_proven = true;
    assigned.identity = "assigned";
    assigned.assigned = true;
    unknown.identity = "unknown";
    const auto create = [&](const model::secure_component& card) {
        return charge(*w.around, payer_for("a", card), cost_of_trace);
    };
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(!create(i % 2 ? assigned : left).has_value());
    for (const auto* card : {&left, &assigned, &unknown}) {
        const auto later = create(*card);
        BOOST_REQUIRE(later);
        BOOST_TEST(later->seconds == 1200);
        BOOST_TEST(account_of(w, *card).begin(deploying).has_value());
    }
    w.time += 1h;
    for (int i = 0; i < 5; ++i) { // a proof gives it all back
        BOOST_REQUIRE(!create(left).has_value());
        auto account = account_of(w, left);
        BOOST_REQUIRE(!account.begin(deploying).has_value());
        process::process_outcome end;
        end.card.tsm_domain.emplace().keys = model::key_set{};
        account.end(end);
    }
}

BOOST_AUTO_TEST_SUITE_END()
