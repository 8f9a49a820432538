// Repetition at its borders: how long a delivery waits and when it is given up (AMB-180, DIV-051), how much work for
// peers is begun, and how many sessions there may be.

#include "actors/framework/backoff.hpp"
#include "actors/framework/delivery_course.hpp"
#include "actors/framework/peer_queues.hpp"
#include "actors/framework/session_book.hpp"
#include "tests/actors/world.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::actors_test;

BOOST_AUTO_TEST_SUITE(actors_delivery_bounds)

BOOST_AUTO_TEST_CASE(the_pause_doubles_from_five_seconds_to_an_hour) {
    const int pauses[] = {5, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600};
    for (int attempts = 0; attempts < 14; ++attempts)
        BOOST_TEST(delivery_pause(attempts, 0s).value().count() == pauses[attempts], attempts);
    BOOST_TEST(delivery_pause(1'000'000, 0s).value().count() == 3600);
    BOOST_TEST(delivery_pause(-1, 0s).value().count() == 5);
}

BOOST_AUTO_TEST_CASE(after_72_hours_there_is_no_next_attempt) {
    BOOST_TEST(delivery_pause(100, 72h - 1s).has_value());
    BOOST_TEST(!delivery_pause(100, 72h).has_value());
    BOOST_TEST(!delivery_pause(1, 72h + 1s).has_value());
}

BOOST_AUTO_TEST_CASE(the_course_of_one_delivery) {
    const auto row = [](int attempts, std::chrono::seconds waited) {
        model::outbox_entry r;
        r.attempts = attempts;
        r.waited = waited;
        return std::optional(r);
    };
    const delivery_outcome taken{delivery_outcome::kind::delivered, 200, ""};
    const delivery_outcome refused{delivery_outcome::kind::refused, 503, "busy"};
    const delivery_outcome wants_pause{delivery_outcome::kind::refused, 503, "busy", 30s};
    const auto end_of = [](const auto& next) { return std::get<delivery_end>(next); };
    const auto pause_of = [](const auto& next) { return std::get<std::chrono::seconds>(next).count(); };

    delivery_course c(*row(2, 5s));
    BOOST_TEST(c.attempts() == 2);
    BOOST_TEST(c.pause().count() == 0); // what was waited before this run does not count
    BOOST_TEST(c.begin(row(2, 5s)));
    BOOST_TEST(pause_of(c.after(refused, row(3, 5s), false)) == 20);
    BOOST_TEST(c.attempts() == 3);
    BOOST_TEST(c.pause().count() == 20);
    BOOST_TEST(c.begin(row(3, 5s)));
    BOOST_TEST(c.pause().count() == 20);
    BOOST_TEST(pause_of(c.after(wants_pause, row(4, 25s), false)) == 40); // the longer one of both
    BOOST_TEST(c.begin(row(0, 0s)));                                      // an operator wants it again
    BOOST_TEST(c.pause().count() == 0);
    BOOST_TEST(pause_of(c.after(wants_pause, row(1, 0s), false)) == 30);
    BOOST_TEST(c.wait(0s).count() == 5); // could not be stored: not counted
    BOOST_TEST(c.attempts() == 1);
    BOOST_TEST(c.pause().count() == 5);

    BOOST_TEST(!c.begin(std::nullopt));
    BOOST_TEST((end_of(c.after(taken, std::nullopt, false)) == delivery_end::delivered));
    BOOST_TEST((end_of(c.after(refused, std::nullopt, true)) == delivery_end::given_up));
    BOOST_TEST((end_of(c.after(refused, std::nullopt, false)) == delivery_end::dropped));
}

BOOST_AUTO_TEST_CASE(so_much_work_is_begun_and_no_more) {
    using queues = peer_queues<int>;
    const queues::time now{};
    queues q({2, 3, 4});
    for (int k = 0; k < 4; ++k) {
        BOOST_TEST(!q.full("a"));
        q.put("a", lane::fresh, now, k);
    }
    BOOST_TEST(q.full("a"));
    BOOST_TEST(!q.full("b"));
    q.put("b", lane::fresh, now, 10);
    q.put("b", lane::fresh, now, 11);
    std::vector<int> begun;
    while (const auto s = q.next(now))
        begun.push_back(s->job);
    BOOST_TEST(begun == (std::vector{0, 10, 1}), boost::test_tools::per_element()); // of a two, in all three
    BOOST_TEST(q.running() == 3u);
    BOOST_TEST(q.waiting() == 3u);
    q.finished("a", lane::fresh);
    BOOST_TEST(q.next(now).value().job == 11); // who was asked longest ago
    BOOST_TEST(!q.next(now).has_value());
    q.finished("b", lane::fresh);
    BOOST_TEST(q.next(now).value().job == 2);
}

BOOST_AUTO_TEST_CASE(work_is_due_at_its_time) {
    using queues = peer_queues<int>;
    const queues::time now{};
    queues q({2, 3, 4});
    q.put("a", lane::fresh, now + 5s, 1);
    BOOST_TEST(!q.next(now + 5s - 1ns).has_value());
    const auto first = q.next(now + 5s);
    BOOST_TEST(first.value().job == 1);
    q.put("a", lane::goes_on, now + 5s, 2);
    q.put("a", lane::fresh, now, 3);
    BOOST_TEST(q.next(now + 5s).value().job == 2); // what goes on comes before what is new, though due later
    q.finished("a", lane::goes_on);
    q.finished("a", lane::fresh);
    q.distrust("a", now + 10s);
    BOOST_TEST(!q.next(now + 10s - 1ns).has_value());
    q.put("a", lane::fresh, now, 4);
    BOOST_TEST(q.next(now + 10s).value().job == 3);
    BOOST_TEST(!q.next(now + 10s).has_value()); // one at a time until it takes one
    q.put("a", lane::goes_on, now, 5);
    BOOST_TEST(q.next(now + 10s).value().job == 5); // what goes on is never held back
    q.finished("a", lane::goes_on);
    q.trust("a", now + 10s - 1ns); // begun before the pause was asked for
    BOOST_TEST(!q.next(now + 10s).has_value());
    q.trust("a", now + 10s);
    BOOST_TEST(q.next(now + 10s).value().job == 4);
    BOOST_TEST((q.held_until("a") == now + 10s));
    q.finished("a", lane::fresh);
    q.finished("a", lane::fresh);
    q.forget_idle(now + 10s - 1ns);
    BOOST_TEST((q.held_until("a") == now + 10s));
    q.forget_idle(now + 10s);
    BOOST_TEST((q.held_until("a") == queues::time::min()));
}

BOOST_AUTO_TEST_CASE(so_many_sessions_and_no_more) {
    session_settings limits;
    limits.most_of_address = 2;
    limits.most_of_app = 3;
    limits.most = 5;
    session_book book(limits);
    const auto refused = [&](const char* address, const char* app) {
        const auto why = book.refuse(address, app);
        return why ? why->whose : "";
    };
    book.opened("1", "a", "x");
    BOOST_TEST(refused("a", "x") == "");
    book.opened("2", "a", "x");
    BOOST_TEST(refused("a", "y") == "this address");
    BOOST_TEST(refused("b", "x") == "");
    book.opened("3", "b", "x");
    BOOST_TEST(refused("c", "x") == "this app");
    BOOST_TEST(refused("a", "x") == "this address"); // the address is looked at first
    BOOST_TEST(refused("c", "y") == "");
    BOOST_TEST(!book.oldest_finished().has_value());
    book.finished("3");
    book.finished("3"); // twice is once
    book.finished("2");
    BOOST_TEST(refused("a", "x") == "");
    BOOST_TEST(book.oldest_finished().value() == "3");
    BOOST_TEST(!book.full());
    book.opened("4", "c", "y");
    BOOST_TEST(!book.full());
    book.opened("5", "d", "y");
    BOOST_TEST(book.full()); // those that keep their result count
    book.forget("3");
    book.forget("3");
    BOOST_TEST(!book.full());
    BOOST_TEST(book.oldest_finished().value() == "2");
    book.forget("1"); // before it has finished
    book.opened("6", "a", "x");
    book.opened("7", "a", "x");
    BOOST_TEST(refused("a", "z") == "this address");
}

BOOST_AUTO_TEST_SUITE_END()
