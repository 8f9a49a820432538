// The operator's log in both of its forms, at a time that is known.

#include "app/tsms/log_line.hpp"
#include "json/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::app;

namespace {

const wall_time at = wall_time(std::chrono::seconds(1795933812)) + std::chrono::milliseconds(123);
constexpr const char* moment = "2026-11-29T06:30:12.123Z";

const log_event full{severity::error, "what it is", {"p", "s", "i", "c", "sp"}};

} // namespace

BOOST_AUTO_TEST_SUITE(log_line)

BOOST_AUTO_TEST_CASE(people_read_when_how_bad_whom_and_what) {
    const auto line = [](const log_event& e) { return human_line(e, at, "device"); };
    BOOST_TEST(line({severity::info, "listening"}) == std::string(moment) + " info    device: listening");
    BOOST_TEST(line({severity::warning, "w", {.process = "1"}}) ==
               std::string(moment) + " warning device: process 1: w");
    BOOST_TEST(line({severity::error, "e", {.card = "c", .provider = "sp"}}) ==
               std::string(moment) + " error   device: card c, provider sp: e");
    BOOST_TEST(line(full) == std::string(moment) +
                                 " error   device: process p, session s, instance i, card c, provider sp: what it is");
}

BOOST_AUTO_TEST_CASE(programs_read_the_same_as_members) {
    const auto line = [](const log_event& e) { return json_line(e, at, "rest"); };
    BOOST_TEST(line({severity::info, "listening"}) ==
               R"({"time":"2026-11-29T06:30:12.123Z","level":"info","role":"rest","message":"listening"})");
    BOOST_TEST(line({severity::warning, "w", {.session = "1"}}) ==
               R"({"time":"2026-11-29T06:30:12.123Z","level":"warning","role":"rest","session":"1","message":"w"})");
    BOOST_TEST(line(full) ==
               R"({"time":"2026-11-29T06:30:12.123Z","level":"error","role":"rest","process":"p","session":"s",)"
               R"("instance":"i","card":"c","provider":"sp","message":"what it is"})");
}

BOOST_AUTO_TEST_CASE(what_others_said_forges_no_line) {
    for (const std::string hostile : {"a\nb", "a\rb", "a\x1b[2Jb", "a\x7f", "a\xc2\x85z", "a\xff\nb", "\"},{\"x\":\""})
        for (const auto& e : {log_event{severity::info, hostile},
                              log_event{severity::info, "text", {.instance = hostile, .provider = hostile}}}) {
            for (const auto& line : {human_line(e, at, "device"), json_line(e, at, "device")}) {
                BOOST_TEST(line.find_first_of("\n\r\x1b\x7f") == std::string::npos, line);
                BOOST_TEST(line.find("\xc2\x85") == std::string::npos, line);
                BOOST_TEST(line.starts_with(line[0] == '{' ? "{\"time\"" : moment), line);
            }
            const auto read = json::parse(json_line(e, at, "device"));
            BOOST_REQUIRE(read.as_object());
            BOOST_TEST((read.as_object()->size() == (e.of == log_subject{} ? 4u : 6u)));
            if (hostile.find('\xff') == std::string::npos && e.of == log_subject{})
                BOOST_TEST(*read.as_object()->find("message")->as_string() == hostile);
        }
}

BOOST_AUTO_TEST_SUITE_END()
