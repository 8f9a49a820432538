// Token buckets at their borders, and the second of two guards: one token from many addresses (AMB-004).

#include "http/net/rate_limit.hpp"

#include "tests/unit/rest_fixture.hpp"

using namespace tsms;
using namespace tsms::rest_test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(rate_limit)

BOOST_AUTO_TEST_CASE(a_bucket_gives_n_and_refuses_the_next) {
    net::rate_limiter limiter(3, 2);
    net::rate_limiter::time now{};
    for (int k = 0; k < 3; ++k)
        BOOST_TEST(limiter.take("a", now) == 0);
    BOOST_TEST(limiter.take("a", now) == 1); // half a second, in whole ones
    BOOST_TEST(limiter.take("b", now) == 0); // each has his own
    BOOST_TEST(limiter.take("a", now + 499ms) == 1);
    BOOST_TEST(limiter.take("a", now + 500ms) == 0);
    BOOST_TEST(limiter.take("a", now + 501ms) == 1);
    BOOST_TEST(limiter.take("a", now + 1s) == 0);
    now += 24h; // it is never more than full
    for (int k = 0; k < 3; ++k)
        BOOST_TEST(limiter.take("a", now) == 0);
    BOOST_TEST(limiter.take("a", now) == 1);
}

BOOST_AUTO_TEST_CASE(the_wait_is_told_in_whole_seconds) {
    net::rate_limiter slow(1, 0.25);
    net::rate_limiter::time now{};
    BOOST_TEST(slow.take("a", now) == 0);
    BOOST_TEST(slow.take("a", now) == 4);
    BOOST_TEST(slow.take("a", now + 1s) == 3);
    BOOST_TEST(slow.take("a", now + 3999ms) == 1);
    BOOST_TEST(slow.take("a", now + 4s) == 0);
}

BOOST_AUTO_TEST_CASE(it_keeps_account_of_ten_thousand_and_forgets_who_is_full_again) {
    net::rate_limiter limiter(2, 1);
    net::rate_limiter::time now{};
    for (int k = 0; k < 10000; ++k)
        BOOST_TEST_REQUIRE(limiter.take(std::to_string(k), now) == 0);
    BOOST_TEST(limiter.take("one more", now) == 1);
    BOOST_TEST(limiter.take("9999", now) == 0); // who is known goes on
    BOOST_TEST(limiter.take("9999", now) == 1);
    BOOST_TEST(limiter.take("one more", now + 999ms) == 1);
    BOOST_TEST(limiter.take("one more", now + 1s) == 0); // the others have their two again
    BOOST_TEST(limiter.take("9999", now + 1s) == 0);     // this one has not, and was not forgotten
    BOOST_TEST(limiter.take("9999", now + 1s) == 1);
}

BOOST_FIXTURE_TEST_CASE(one_token_from_many_addresses_is_limited, fixture) {
    const auto from = [&](int address, const std::string& credential) {
        net::request r;
        r.method = "POST";
        r.path = "/sptsm/1.0/auth";
        r.remote_address = "198.51.100." + std::to_string(address);
        r.headers.add("Authorization", "Bearer " + credential);
        return api.handle(r);
    };
    for (int k = 1; k < 60; ++k) // the fixture has logged in once
        BOOST_TEST(from(k, long_term).status == 200);
    const auto refused = from(60, long_term);
    BOOST_TEST(problem(refused) ==
               "2000 Internal server error: too many authentication requests, please try again later.");
    BOOST_TEST(refused.headers.get("Retry-After") == "1");
    BOOST_TEST(problem(from(60, "another")) == "1001 Authentication failed."); // the address is not to blame
    ticks += 99ms;
    BOOST_TEST(from(61, long_term).status == 500);
    ticks += 1ms;
    BOOST_TEST(from(62, long_term).status == 200);
    BOOST_TEST(from(63, long_term).status == 500);
}

BOOST_AUTO_TEST_SUITE_END()
