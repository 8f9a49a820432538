// Who may connect before anything is known of him: bounds at n and n + 1, and who makes room for whom.

#include "http/net/address.hpp"
#include "http/net/admission.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace std::chrono_literals;

namespace {

struct listener {
    explicit listener(std::size_t most, std::size_t of_address, std::size_t unproven)
        : account({most, of_address, unproven, 1000ms}) {}

    net::admission::verdict enter(const std::string& network) { return account.enter(network, now); }
    net::admission::id in(const std::string& network) {
        const auto verdict = enter(network);
        BOOST_REQUIRE(!verdict.refused);
        BOOST_REQUIRE(!verdict.displaced);
        return verdict.admitted;
    }
    /// One that has completed a request and waits for the next.
    net::admission::id proven(const std::string& network) {
        const auto id = in(network);
        account.serving(id);
        account.waiting(id, now);
        return id;
    }

    net::admission account;
    net::admission::time now{1h};
};

} // namespace

BOOST_AUTO_TEST_SUITE(admission_)

BOOST_AUTO_TEST_CASE(who_counts_as_one) {
    for (const auto& [address, network] :
         std::initializer_list<std::pair<const char*, const char*>>{{"192.0.2.1", "192.0.2.1"},
                                                                    {"127.0.0.2", "127.0.0.2"},
                                                                    {"::ffff:192.0.2.1", "192.0.2.1"},
                                                                    {"2001:db8:1:2:8000:4:5:6", "2001:db8:1:2::/64"},
                                                                    {"2001:db8:1:2::", "2001:db8:1:2::/64"},
                                                                    {"2001:db8:1:3::", "2001:db8:1:3::/64"},
                                                                    {"::1", "::/64"},
                                                                    {"fe80::1%eth0", "fe80::/64"},
                                                                    {"", ""},
                                                                    {"nobody", "nobody"}})
        BOOST_TEST(net::peer_network(address) == network);
}

BOOST_AUTO_TEST_CASE(an_address_has_so_many_and_no_more) {
    listener l(10, 3, 10);
    const auto first = l.proven("a");
    l.proven("a");
    l.proven("a");
    BOOST_CHECK(l.enter("a").refused == net::refusal::address);
    l.in("b");
    l.account.leave(first);
    l.account.leave(first); // twice is once
    l.in("a");
    BOOST_CHECK(l.enter("a").refused == net::refusal::address);
    BOOST_TEST(l.account.size() == 4u);
}

BOOST_AUTO_TEST_CASE(whoever_says_nothing_makes_room_for_his_neighbours) {
    listener l(10, 2, 10);
    const auto silent = l.in("a");
    l.in("a");
    l.now += 999ms;
    BOOST_CHECK(l.enter("a").refused == net::refusal::address); // he may still be in his handshake
    l.now += 1ms;
    const auto next = l.enter("a");
    BOOST_CHECK(!next.refused);
    BOOST_TEST(next.displaced.value() == silent);
    BOOST_TEST(l.account.size() == 2u);
    BOOST_TEST(l.account.unproven() == 2u);
}

BOOST_AUTO_TEST_CASE(the_unproven_have_their_share) {
    listener l(8, 8, 4);
    const auto oldest = l.in("a");
    for (int i = 0; i < 3; ++i) {
        l.now += 1ms;
        l.in("a");
    }
    BOOST_TEST(l.account.full());
    BOOST_CHECK(l.enter("a").refused == net::refusal::unproven);
    const auto other = l.enter("b"); // who has fewer gets in
    BOOST_TEST(other.displaced.value() == oldest);
    BOOST_TEST(l.enter("b").displaced.has_value()); // 2 and 2
    BOOST_CHECK(l.enter("b").refused == net::refusal::unproven);
    BOOST_CHECK(l.enter("a").refused == net::refusal::unproven);
    l.account.serving(other.admitted); // a completed request frees a place of the share
    BOOST_CHECK(!l.enter("b").refused);
    BOOST_TEST(l.account.size() == 5u);
}

BOOST_AUTO_TEST_CASE(who_is_known_before_his_request_is_complete_is_not_displaced) {
    listener l(8, 8, 2);
    l.account.prove(l.in("a"));
    const auto silent = l.in("a");
    l.now += 1ms;
    l.in("a");
    BOOST_TEST(l.enter("b").displaced.value() == silent);
    BOOST_TEST(l.account.unproven() == 2u);
}

BOOST_AUTO_TEST_CASE(a_full_listener_is_shared) {
    listener l(4, 4, 4);
    const auto served = l.in("a");
    l.account.serving(served);
    l.now += 1ms;
    const auto idle = l.proven("a");
    l.proven("a");
    l.proven("a");
    BOOST_TEST(l.account.full());
    BOOST_CHECK(l.enter("a").refused == net::refusal::address);
    const auto other = l.enter("b");
    BOOST_TEST(other.displaced.value() == idle); // never the one whose request is carried out
    l.account.serving(other.admitted);
    const auto second = l.enter("b");
    BOOST_TEST(second.displaced.has_value());
    l.account.serving(second.admitted);
    BOOST_CHECK(l.enter("b").refused == net::refusal::full); // 2 and 2
    const auto third = l.enter("c");
    BOOST_CHECK(!third.refused);
    BOOST_TEST(third.displaced.has_value());
    BOOST_CHECK(l.enter("c").refused == net::refusal::full); // 1, 2 and 1: nobody would gain a fair share by it
    BOOST_TEST(l.account.size() == 4u);
}

BOOST_AUTO_TEST_CASE(two_addresses_do_not_displace_each_other_for_ever) {
    listener l(5, 5, 5);
    for (const auto* from : {"a", "a", "a", "b", "b"})
        l.proven(from);
    l.now += 5s;
    BOOST_CHECK(l.enter("b").refused == net::refusal::full); // it would be 2 and 3
    BOOST_CHECK(l.enter("a").refused == net::refusal::full);
    BOOST_TEST(l.enter("c").displaced.has_value());
}

BOOST_AUTO_TEST_CASE(nor_do_strangers_of_two_addresses) {
    listener l(5, 5, 6);
    for (const auto* from : {"a", "a", "a", "b", "b"})
        l.in(from);
    BOOST_CHECK(l.enter("b").refused == net::refusal::full); // it would be 2 and 3
    BOOST_CHECK(l.enter("a").refused == net::refusal::full);
    BOOST_TEST(l.enter("c").displaced.has_value());
}

BOOST_AUTO_TEST_CASE(of_a_full_listener_strangers_go_first) {
    listener l(4, 4, 5);
    l.proven("a"); // it has waited longest
    l.now += 1ms;
    l.proven("a");
    l.now += 1ms;
    const auto stranger = l.in("a");
    l.now += 1ms;
    l.in("a");
    BOOST_TEST(l.enter("b").displaced.value() == stranger);
}

BOOST_AUTO_TEST_CASE(who_is_being_served_is_never_displaced) {
    listener l(2, 2, 2);
    l.account.serving(l.in("a"));
    l.account.serving(l.in("a"));
    BOOST_CHECK(l.enter("b").refused == net::refusal::full);
}

BOOST_AUTO_TEST_SUITE_END()
