// The effects of a call become messages, and what becomes of them an answer: once, whatever comes late, throws, or
// comes at once.

#include "actors/framework/call_interpreter.hpp"
#include "tests/actors/phone.hpp"

#include <any>

using namespace tsms;
using namespace tsms::actors_test;
using model::error_category;

namespace {

template <class F> struct argument;
template <class F, class Result, class Argument> struct argument<Result (F::*)(Argument) const> {
    using type = std::remove_cvref_t<Argument>;
};
template <class F, class Result, class Argument> struct argument<Result (F::*)(Argument)> {
    using type = std::remove_cvref_t<Argument>;
};

/// Where an actor would send its messages. The test answers them, when and as often as it likes.
struct letterbox {
    struct sent {
        std::function<void(std::any)> answer;
        std::function<void()> fail;
    };
    struct request_made {
        letterbox& box;
        template <class Then, class Otherwise> void then(Then then, Otherwise otherwise) {
            using reply = typename argument<decltype(&Then::operator())>::type;
            box.requests.push_back({[then](std::any value) mutable {
                                        auto got = std::any_cast<reply>(std::move(value));
                                        then(got);
                                    },
                                    [otherwise]() mutable {
                                        auto error = error_of("nobody is there");
                                        otherwise(error);
                                    }});
        }
    };
    template <class Handle, class Message> request_made request(const Handle&, std::chrono::seconds, const Message&) {
        return {*this};
    }
    template <class Handle, class Message> void send(const Handle&, Message message) {
        told.push_back(std::any(std::move(message)));
    }
    caf::actor_system& system() { return w.system; }

    template <class Message> std::size_t count() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(told, [](const std::any& m) { return std::any_cast<Message>(&m) != nullptr; }));
    }

    world w;
    std::vector<sent> requests;
    std::vector<std::any> told;
};

struct interpreted {
    explicit interpreted(letterbox& box) : interpreter(box, box.w.around, [this] { ended(); }) {}
    void start(calls::call<void> conducting) { interpreter.start({}, {}, std::move(conducting)); }

    std::vector<std::string> said;
    std::function<void()> ended = [this] { said.push_back("ended"); };
    call_interpreter<letterbox> interpreter;
};

calls::call<void> survey_twice(std::vector<std::string>* said) {
    for (int i = 0; i < 2; ++i) {
        try {
            const auto surveyed = co_await calls::survey_service{"one"};
            said->push_back(surveyed.service ? "surveyed" : "none");
        } catch (const calls::unanswered& u) {
            said->push_back(u.what());
        } catch (const calls::stopping&) {
            said->push_back("stopping");
            co_return;
        }
    }
}

calls::call<void> begin_something(std::vector<std::string>* said) {
    calls::begin_process beginning;
    beginning.process.id = "p";
    try {
        co_await std::move(beginning);
        said->push_back("begun");
    } catch (const calls::unanswered&) {
        said->push_back("not known");
    }
}

calls::call<void> ask_the_time_often(int* left) {
    while (--*left > 0)
        co_await calls::ask_time{};
}

calls::call<void> lease(std::vector<std::string>* said) {
    const auto leased = co_await calls::lease_card{"card", "process", {}};
    said->push_back(leased.granted ? "granted" : "refused");
    co_await calls::pause_for{5s};
    said->push_back("paused");
}

calls::call<void> perform_what_nobody_may(std::vector<std::string>* said) {
    const auto failed = co_await calls::perform{process::generate_keys{0x30, 128}};
    said->push_back(std::get<process::failed>(failed).details);
    co_await calls::perform{process::random_octets{4}};
    const auto lost = co_await calls::perform{process::exchange{"eSE1", {}}};
    said->push_back(std::get<gp::batch_answer>(lost).detail);
}

calls::call<void> throw_something() {
    co_await calls::ask_time{};
    throw std::runtime_error("a bug of the call");
}

calls::call<void> acknowledge_nothing(std::vector<std::string>* said) {
    co_await calls::process_begins{{}, {}};
    try {
        co_await calls::perform{process::announce_start{}};
    } catch (const std::runtime_error& e) {
        said->push_back(e.what());
    }
    co_await calls::process_over{};
}

calls::call<void> lease_and_begin(std::vector<std::string>* said) {
    co_await calls::survey_service{"one"};
    const auto leased = co_await calls::lease_card{"card", "process", {}};
    said->push_back(leased.caller_gone ? "gone" : "answered");
    const auto begun = co_await calls::begin_process{};
    said->push_back(begun.caller_gone ? "gone" : "answered");
}

calls::call<void> order_from_issuer(std::vector<std::string>* said) {
    co_await calls::process_begins{{}, "lab"};
    const auto got = co_await calls::perform{process::open_issuer_session{model::issuer_order{}}};
    const auto* failed = std::get_if<process::failed>(&got);
    said->push_back(failed ? failed->details : "commands");
    co_await calls::process_over{};
}

using texts = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(actors_call_interpreter)

BOOST_AUTO_TEST_CASE(each_effect_has_one_answer) {
    letterbox box;
    interpreted i(box);
    i.start(survey_twice(&i.said));
    service_surveyed full;
    full.service.emplace();
    BOOST_REQUIRE_EQUAL(box.requests.size(), 1u);
    box.requests[0].answer(full);
    BOOST_REQUIRE_EQUAL(box.requests.size(), 2u);
    box.requests[0].answer(full); // late: it is not the answer to the second
    box.requests[0].fail();
    i.interpreter.tick(steady_time::max()); // nobody pauses
    BOOST_TEST(i.said == (texts{"surveyed"}));
    box.requests[1].answer(service_surveyed{});
    BOOST_TEST(i.said == (texts{"surveyed", "none", "ended"}));
    BOOST_TEST(!i.interpreter.busy());
    box.requests[1].answer(full); // the call is over
    i.start(survey_twice(&i.said));
    box.requests[1].answer(full); // and the next one is not answered by it
    BOOST_TEST(i.said.size() == 3u);
}

BOOST_AUTO_TEST_CASE(nobodys_answer_is_an_answer_too) {
    letterbox box;
    interpreted i(box);
    i.start(survey_twice(&i.said));
    box.requests[0].fail();
    BOOST_TEST(i.said == (texts{"nobody is there"}));
    i.interpreter.stop();
    BOOST_TEST(i.said == (texts{"nobody is there", "stopping"}));
    box.requests[1].answer(service_surveyed{});
    BOOST_TEST(i.said.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_beginning_of_which_nobody_hears_is_taken_back) {
    letterbox box;
    interpreted i(box);
    i.start(begin_something(&i.said));
    box.requests.at(0).answer(calls::process_begun{});
    BOOST_TEST(box.count<abandon_process>() == 0u);
    i.start(begin_something(&i.said));
    box.requests.at(1).fail();
    BOOST_TEST(i.said == (texts{"begun", "ended", "not known", "ended"}), boost::test_tools::per_element());
    BOOST_REQUIRE_EQUAL(box.count<abandon_process>(), 1u);
    BOOST_TEST(std::any_cast<abandon_process>(box.told.back()).process_id == "p");
}

BOOST_AUTO_TEST_CASE(effects_that_are_answered_at_once_do_not_nest) {
    letterbox box;
    interpreted i(box);
    int left = 1'000'000; // more than a stack has frames for
    i.start(ask_the_time_often(&left));
    BOOST_TEST(left == 0);
    BOOST_TEST(i.said == (texts{"ended"}));
}

BOOST_AUTO_TEST_CASE(the_next_call_may_start_where_the_former_ends) {
    letterbox box;
    interpreted i(box);
    i.ended = [&, calls = 0]() mutable {
        i.said.push_back("ended");
        if (++calls == 1)
            i.start(survey_twice(&i.said));
    };
    i.start(survey_twice(&i.said));
    for (std::size_t k = 0; k < 4; ++k)
        box.requests.at(k).answer(service_surveyed{});
    BOOST_TEST(i.said == (texts{"none", "none", "ended", "none", "none", "ended"}));
}

BOOST_AUTO_TEST_CASE(a_lease_ends_with_its_call) {
    for (const bool stopped : {true, false}) {
        letterbox box;
        interpreted i(box);
        i.start(lease(&i.said));
        box.requests.at(0).answer(card_handle{});
        const auto card = spawn_secure_component(box.w.system, box.w.clock);
        interpreted other(box);
        other.start(lease(&other.said));
        box.requests.at(2).answer(card_handle{card});
        box.requests.at(3).answer(card_leased{true});
        BOOST_TEST(other.said == (texts{"granted"}));
        BOOST_TEST(box.count<return_card>() == 0u);
        if (stopped) {
            other.interpreter.stop();
        } else {
            other.interpreter.tick(box.w.time + 4s);
            BOOST_TEST(other.interpreter.busy());
            other.interpreter.tick(box.w.time + 5s);
            BOOST_TEST(other.said == (texts{"granted", "paused", "ended"}));
        }
        BOOST_TEST(box.count<return_card>() == 1u);
        box.requests.at(1).answer(card_leased{false});
        i.interpreter.stop();
        BOOST_TEST(box.count<return_card>() == 1u); // the other one has had none
        caf::anon_send_exit(card, caf::exit_reason::user_shutdown);
        box.w.run();
    }
}

BOOST_AUTO_TEST_CASE(who_has_gone_while_nobody_could_hear_it_leases_and_begins_nothing) { // DIV-112
    letterbox box;
    interpreted i(box);
    const auto session = spawn_device_session(box.w.system, {"s", "secret"}, box.w.cards, box.w.gate, box.w.around);
    const begin_call ours{{}, "s", session};
    i.interpreter.start(ours, {}, lease_and_begin(&i.said));
    i.interpreter.caller_gone(session.address());
    box.requests.at(0).answer(service_surveyed{});
    BOOST_TEST(i.said == (texts{"gone", "gone", "ended"}), boost::test_tools::per_element());
    BOOST_TEST(box.requests.size() == 1u); // nobody was asked
    i.said.clear();
    i.interpreter.start(ours, {}, lease_and_begin(&i.said)); // the next call is another one's
    i.interpreter.caller_gone(box.w.gate.address());         // and so is this
    box.requests.at(1).answer(service_surveyed{});
    BOOST_TEST(i.said.empty());
    BOOST_TEST(box.requests.size() == 3u);
    box.requests.at(2).fail();
    caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
    box.w.run();
}

BOOST_AUTO_TEST_CASE(an_issuer_is_not_asked_after_a_cancel) { // AMB-148
    for (const bool cancelled : {true, false}) {
        letterbox box;
        interpreted i(box);
        i.start(order_from_issuer(&i.said));
        box.requests.at(0).answer(answered{process::done{}}); // it has the card
        box.requests.at(1).answer(user_wish{cancelled ? process::cancelled_by_user : ""});
        if (cancelled) {
            BOOST_TEST(box.requests.size() == 2u);
        } else {
            BOOST_REQUIRE_EQUAL(box.requests.size(), 3u);
            box.requests.at(2).answer(answered{process::answer_variant(model::issuer_step{})});
        }
        BOOST_TEST(i.said == (texts{cancelled ? process::cancelled_by_user : "commands", "ended"}),
                   boost::test_tools::per_element());
        box.w.run();
    }
}

BOOST_AUTO_TEST_CASE(a_session_that_has_ended_is_a_phone_that_is_lost) {
    letterbox box;
    interpreted i(box);
    i.start(order_from_issuer(&i.said));
    box.requests.at(0).answer(answered{process::done{}});
    box.requests.at(1).fail();
    BOOST_TEST(i.said == (texts{"the session ended", "ended"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(before_a_process_begins_cards_are_only_asked) {
    letterbox box;
    interpreted i(box);
    i.start(perform_what_nobody_may(&i.said));
    BOOST_TEST(i.said == (texts{"this only asks cards"}));
    box.requests.at(0).fail();
    BOOST_TEST(i.said == (texts{"this only asks cards", internal_problem, "ended"}));
    BOOST_TEST(box.count<log_apdus>() == 0u); // nothing is kept of it
}

BOOST_AUTO_TEST_CASE(a_call_that_throws_is_over) {
    letterbox box;
    interpreted i(box);
    i.start(throw_something());
    BOOST_TEST(i.said == (texts{"ended"}));
    BOOST_TEST(box.w.log.back() == "the conducting of a call broke: a bug of the call");
}

namespace {

struct broken_clock final : time_source {
    steady_time steady() const override { throw std::runtime_error("no clock"); }
    wall_time wall() const override { throw std::runtime_error("no clock"); }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_bug_behind_an_answer_is_the_effects_answer) {
    letterbox box;
    interpreted i(box);
    i.start(acknowledge_nothing(&i.said));
    box.requests.at(0).answer(answered{process::done{}}); // it has the card
    const broken_clock without;
    box.w.around->time = &without;
    const process_announced taken{true, {}, false, {}};
    box.requests.at(1).answer(taken);
    BOOST_TEST(i.said == (texts{"no clock", "ended"}));
    box.requests.at(1).answer(taken); // the process is over, and its effects are not gone
    BOOST_TEST(i.said.size() == 2u);
    box.w.around->time = &box.w.clock;
}

// -- the same with the actor of a Service Instance --

namespace {

struct breakable_random final : crypto::random_source {
    void fill(std::span<std::uint8_t> out) override {
        if (broken)
            throw std::runtime_error("no more chance");
        inner.fill(out);
    }
    counting_random inner;
    bool broken = false;
};

struct speechless_spos final : spos_port {
    std::string encode(const model::process_result&) const override { throw std::runtime_error("no words"); }
    delivery_outcome deliver(const model::spos_target&, const std::string&) override { return {}; }
    void cancel() override {}
};

} // namespace

BOOST_AUTO_TEST_CASE(a_process_whose_random_source_fails_is_ended) {
    breakable_random random; // sessions and ids are made of it too
    world w;
    w.around->random = &random;
    w.rows.cards["card"].tsm_domain.emplace().aid = "D27600016354534D0001";
    w.rows.cards["card"].tsm_domain->keys.emplace().version = 0x31;
    w.rows.cards["card"].identity = cplc;
    w.rows.instances["one"].on_card = true;
    const auto s = opened(w.open(model::terminate_service{"one"}));
    const auto start = w.report_back(s, 0);
    BOOST_REQUIRE(start);
    random.broken = true;
    // Its domain wants another challenge.
    const auto stop = w.report_back(s, 1, carried_out(*start, [](const std::string&, const bytes& apdu) {
                                        return apdu[1] == 0x50             ? "6700"
                                               : apdu[1] == 0xA4           ? default_selection
                                               : is_get_data(apdu, 0x9F7F) ? "9F7F2A" + cplc + "9000"
                                                                           : "6A88";
                                    }));
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::internal_error));
    BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
    BOOST_TEST(w.rows.ends[0].card->doubt);
    BOOST_TEST(w.rows.instances.at("one").running_process == "");
    random.broken = false;
    opened(w.open(model::terminate_service{"two"})); // the card is free again
}

BOOST_AUTO_TEST_CASE(a_result_that_cannot_be_encoded_strands_no_row) {
    world w;
    w.around->spos = std::make_shared<speechless_spos>();
    const auto s = opened(w.open(model::terminate_service{"one"}));
    w.report_back(s, 0);
    const auto stop = w.report_back(s, 1, processed);
    BOOST_REQUIRE(stop);
    BOOST_TEST((result_in(*stop) == error_category::none));
    BOOST_REQUIRE_EQUAL(w.rows.ends.size(), 1u);
    BOOST_TEST(!w.rows.ends[0].delivery);
    BOOST_TEST(std::ranges::any_of(w.log, [](const auto& t) { return t.find("no words") != std::string::npos; }));
}

BOOST_AUTO_TEST_SUITE_END()
