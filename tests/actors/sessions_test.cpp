#include "actors/framework/session_book.hpp"
#include "tests/actors/world.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::actors_test;
using model::error_category;

namespace {

/// A world whose limits a test has chosen: the gate reads them when it begins.
struct limited {
    explicit limited(session_settings s) {
        w.around->sessions = s;
        caf::anon_send_exit(w.gate, caf::exit_reason::user_shutdown);
        w.gate = spawn_gate(w.system, w.around);
        w.run();
        w.service = model::offered_service{"service", "sp", true, {}, {}};
    }

    call_answer enquire(const std::string& address, const std::string& app) {
        call c;
        c.what = model::get_service_instances{"service"};
        c.caller_id = app;
        c.address = address;
        c.cards = {{"eSE1", "eSE", "", ""}};
        return w.ask<call_routed>(w.gate, c).answer;
    }
    session_opened opened(const std::string& address, const std::string& app) {
        const auto a = enquire(address, app);
        BOOST_REQUIRE(std::holds_alternative<session_opened>(a));
        return std::get<session_opened>(a);
    }
    void play(const session_opened& s) {
        w.report_back(s, 0);
        w.report_back(s, 1, {agent_status::unavailable, "no card", {}});
    }
    result_answer fetch(const session_opened& s) {
        return w.ask<result_fetched>(w.gate, route_fetch{s.session_id, {s.secret}}).answer;
    }
    std::string full(const std::string& address, const std::string& app) {
        const auto a = enquire(address, app);
        return std::holds_alternative<too_many_sessions>(a) ? std::get<too_many_sessions>(a).whose : "";
    }

    world w;
};

session_settings limits(std::size_t of_address, std::size_t of_app, std::size_t most) {
    session_settings s;
    s.most_of_address = of_address;
    s.most_of_app = of_app;
    s.most = most;
    return s;
}

} // namespace

BOOST_AUTO_TEST_SUITE(actors_sessions)

BOOST_AUTO_TEST_CASE(an_address_with_too_many_sessions_keeps_nobody_else_out) {
    limited l(limits(2, 3, 100));
    const auto first = l.opened("a", "1");
    l.opened("a", "2");
    BOOST_TEST(l.full("a", "3") == "this address");
    l.opened("b", "3");
    l.play(first); // one that has ended does not count
    l.opened("a", "3");
    BOOST_TEST(std::holds_alternative<result>(l.fetch(first)));
}

BOOST_AUTO_TEST_CASE(an_app_with_too_many_sessions_keeps_nobody_else_out) {
    limited l(limits(100, 2, 100));
    const auto first = l.opened("a", "1");
    l.opened("b", "1");
    BOOST_TEST(l.full("c", "1") == "this app");
    l.opened("c", "2");
    l.play(first);
    l.opened("d", "1");
}

BOOST_AUTO_TEST_CASE(a_refused_call_does_not_count) {
    limited l(limits(1, 1, 1));
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(std::holds_alternative<result>(l.w.open(model::terminate_service{"nobody"})));
    l.opened("a", "1");
}

BOOST_AUTO_TEST_CASE(the_oldest_results_make_room) {
    limited l(limits(100, 100, 3));
    const auto first = l.opened("a", "1");
    const auto second = l.opened("a", "1");
    const auto third = l.opened("a", "1");
    const auto refused = l.enquire("b", "2"); // all of them are at work
    BOOST_REQUIRE(std::holds_alternative<result>(refused));
    BOOST_TEST((std::get<model::get_service_instances_result>(std::get<result>(refused)).outcome.status ==
                error_category::tsm_not_available));
    l.play(second);
    l.play(first);
    l.opened("b", "2");
    BOOST_TEST(std::holds_alternative<no_session>(l.fetch(second)));
    BOOST_TEST(std::holds_alternative<result>(l.fetch(first)));
    BOOST_TEST(std::holds_alternative<not_ready>(l.fetch(third)));
    BOOST_TEST(l.w.ask<load>(l.w.gate, ask_load{}).sessions == 3u);
}

BOOST_AUTO_TEST_CASE(a_session_that_nobody_comes_to_is_let_go_early) {
    limited l({});
    l.w.service.reset(); // the snapshot says where the SPOS is
    const auto s = std::get<session_opened>(l.w.open(model::terminate_service{"one"}));
    l.w.ask<hand_shaken>(l.w.gate, route_handshake{s.session_id, {s.secret}});
    l.w.wait(59s);
    BOOST_TEST(l.w.rows.ends.empty());
    l.w.wait(2s);
    BOOST_REQUIRE_EQUAL(l.w.rows.ends.size(), 1u); // nothing is lost: the process has its end, and the SPOS hears of it
    BOOST_TEST((l.w.rows.ends[0].end.status == error_category::execution_interrupted));
    BOOST_TEST(l.w.rows.ends[0].delivery.has_value());
    BOOST_TEST(l.w.rows.instances.at("one").running_process == "");
    l.w.wait(1s);
    BOOST_TEST(l.w.ask<load>(l.w.gate, ask_load{}).sessions == 0u);
    BOOST_TEST(std::holds_alternative<session_opened>(l.w.open(model::terminate_service{"one"})));
}

BOOST_AUTO_TEST_CASE(a_phone_in_the_middle_of_a_process_is_waited_for) {
    limited l({});
    const auto s = std::get<session_opened>(l.w.open(model::terminate_service{"one"}));
    l.w.report_back(s, 0);
    l.w.wait(299s);
    BOOST_TEST(l.w.rows.ends.empty());
    l.w.wait(2s);
    BOOST_REQUIRE_EQUAL(l.w.rows.ends.size(), 1u);
    l.w.wait(60s);
    BOOST_TEST(std::holds_alternative<result>(l.fetch(s))); // and may come back for the result
}

BOOST_AUTO_TEST_CASE(a_book_of_sessions_is_empty_again) {
    session_book book(limits(1, 1, 2));
    book.opened("s", "a", "1");
    BOOST_TEST(book.refuse("a", "2").has_value());
    BOOST_TEST(!book.oldest_finished());
    book.finished("s");
    book.finished("s");
    book.finished("unknown");
    BOOST_TEST(!book.refuse("a", "1"));
    book.opened("t", "a", "1");
    BOOST_TEST(book.full());
    BOOST_TEST(*book.oldest_finished() == "s");
    book.forget("t"); // in the middle: it does not count any more
    BOOST_TEST(!book.refuse("a", "1"));
    book.forget("s");
    book.forget("s");
    BOOST_TEST(!book.oldest_finished());
    BOOST_TEST(!book.full());
}

BOOST_AUTO_TEST_SUITE_END()
