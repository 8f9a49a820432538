// What an app gives back of what a backend has given it (RFC 6265).

#include "sdk/cookies.hpp"

#include <boost/test/unit_test.hpp>

using tsms::sdk::cookie_jar;

BOOST_AUTO_TEST_SUITE(cookies)

BOOST_AUTO_TEST_CASE(a_field_of_4096_octets_is_taken_and_no_longer_one) { // 6.1
    for (const std::size_t octets : {4095u, 4096u, 4097u}) {
        cookie_jar jar;
        jar.take("a=" + std::string(octets - 2, 'v'), "/");
        BOOST_TEST(jar.header("/").size() == (octets <= 4096 ? octets : 0));
    }
}

BOOST_AUTO_TEST_CASE(fifty_cookies_are_kept_and_no_more) { // 6.1
    cookie_jar jar;
    for (int k = 1; k <= 51; ++k)
        jar.take("c" + std::to_string(k) + "=v", "/");
    const auto all = jar.header("/");
    BOOST_TEST(std::count(all.begin(), all.end(), ';') == 49);
    BOOST_TEST(all.find("c50=v") != all.npos);
    BOOST_TEST(all.find("c51=v") == all.npos);
    jar.take("c7=new", "/"); // one that is there is replaced, not refused
    BOOST_TEST(jar.header("/").find("c7=new") != all.npos);
    jar.take("c8=; Max-Age=0", "/");
    jar.take("c51=v", "/"); // in the place of the one that went
    BOOST_TEST(jar.header("/").find("c51=v") != all.npos);
}

BOOST_AUTO_TEST_CASE(a_cookie_goes_to_its_path) { // 5.1.4
    cookie_jar jar;
    jar.take("a=1; Path=/gp", "/x");
    for (const auto* path : {"/gp", "/gp/", "/gp/seram"})
        BOOST_TEST(jar.header(path) == "a=1", path);
    for (const auto* path : {"/", "/g", "/gpx", "/GP", ""})
        BOOST_TEST(jar.header(path) == "", path);
    cookie_jar slash;
    slash.take("a=1; path = /gp/ ", "/x");
    BOOST_TEST(slash.header("/gp/x") == "a=1");
    BOOST_TEST(slash.header("/gp") == "");
    cookie_jar defaults; // the path of the request up to its last slash
    defaults.take("a=1", "/tsm-api/1.0/check");
    BOOST_TEST(defaults.header("/tsm-api/1.0") == "a=1");
    BOOST_TEST(defaults.header("/tsm-api/1.0/x") == "a=1");
    BOOST_TEST(defaults.header("/tsm-api/1.01") == "");
    BOOST_TEST(defaults.header("/tsm-api") == "");
    cookie_jar root;
    root.take("a=1; Path=x", "/check"); // no absolute path: as if there were none
    BOOST_TEST(root.header("/anything") == "a=1");
}

BOOST_AUTO_TEST_CASE(one_name_and_path_is_one_cookie) { // 5.3
    cookie_jar jar;
    jar.take("a=1; Path=/", "/");
    jar.take("a=2; Path=/gp", "/");
    BOOST_TEST(jar.header("/gp") == "a=1; a=2");
    jar.take("a=3; Path=/", "/");
    BOOST_TEST(jar.header("/gp") == "a=2; a=3");
    jar.take("A=4; Path=/", "/"); // names have a case
    BOOST_TEST(jar.header("/") == "a=3; A=4");
}

BOOST_AUTO_TEST_CASE(what_has_expired_goes) { // 5.2.2
    for (const auto* age : {"0", "-1", "-100", "00"}) {
        cookie_jar jar;
        jar.take("a=1", "/");
        jar.take(std::string("a=2; Max-Age=") + age, "/");
        BOOST_TEST(jar.header("/") == "", age);
    }
    for (const auto* age : {"1", "10", "86400", "", "-", "-x", "0x", "x"}) { // what is no number says nothing
        cookie_jar jar;
        jar.take(std::string("a=2; max-age=") + age, "/");
        BOOST_TEST(jar.header("/") == "a=2", age);
    }
    cookie_jar other;
    other.take("a=1; Path=/gp", "/");
    other.take("a=; Max-Age=0", "/"); // of another path
    BOOST_TEST(other.header("/gp") == "a=1");
}

BOOST_AUTO_TEST_CASE(what_is_malformed_is_ignored) { // 5.2
    cookie_jar jar;
    for (const std::string bad : {"", ";", "a", "a; b=1", "=1", " =1", "a\x01=1", "a=1\x7f", "a=1\r\nX: y", "a=\t\x1f"})
        jar.take(bad, "/");
    BOOST_TEST(jar.header("/") == "");
    jar.take("  a  =  b=c  ; Secure; HttpOnly; Nonsense", "/");
    BOOST_TEST(jar.header("/") == "a=b=c");
    jar.take("empty=", "/");
    BOOST_TEST(jar.header("/") == "a=b=c; empty=");
}

BOOST_AUTO_TEST_SUITE_END()
