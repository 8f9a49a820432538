// What the SDK tells an app of a process on its way (TR 4.2.3.8, AMB-133): between the marks of an order, and behind a
// command that the card refused.

#include "sdk/progress.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using model::operation;

namespace {

constexpr auto install = operation::service_deployment_installation;
constexpr auto activate = operation::service_deployment_activation;
constexpr auto finalize = operation::service_deployment_finalize;

wire::seram_command mark(int percent, operation what) {
    return wire::seram_notification{wire::notification_text(model::process_progress{"p", percent, what})};
}

wire::seram_command apdus(std::size_t count) {
    return wire::seram_apdus{std::vector<bytes>(count, hex("84E80000"))};
}

/// An app, and a session that carries orders as the Local Agent does.
struct session {
    /// The card answers each command with the next of these, and with 9000 when there are no more.
    void carry(const std::vector<wire::seram_command>& commands, std::vector<std::string> answers = {},
               std::string_view c_apdu = "84E80000") {
        told.clear();
        progress.begins({0, std::nullopt, commands});
        std::size_t next = 0;
        for (const auto& command : commands) {
            if (const auto* list = std::get_if<wire::seram_apdus>(&command))
                for (std::size_t i = 0; i < list->commands.size(); ++i, ++next)
                    progress.answered(hex(c_apdu), next < answers.size() ? hex(answers[next]) : hex("9000"));
            else if (const auto* n = std::get_if<wire::seram_notification>(&command))
                if (const auto content = wire::parse_notification("", n->text))
                    progress.reached(std::get<model::process_progress>(*content));
        }
    }
    std::string told; ///< "10 10; 15 10; " percent and operation
    sdk::order_progress progress{[this](const model::process_progress& p) {
        told += std::to_string(p.progress) + " " + std::to_string(static_cast<int>(p.what)) + "; ";
    }};
};

} // namespace

BOOST_AUTO_TEST_SUITE(sdk_progress)

BOOST_AUTO_TEST_CASE(it_moves_between_two_marks) {
    session s;
    s.carry({apdus(2), mark(10, install), apdus(4), mark(30, install), apdus(2), mark(40, activate), apdus(3)});
    // Nothing before the first mark and behind the last one: nobody says how far that is.
    BOOST_TEST(s.told == "10 10; 15 10; 20 10; 25 10; 29 10; 30 10; 35 10; 39 10; 40 12; ");
}

BOOST_AUTO_TEST_CASE(at_most_once_a_percent) {
    session s;
    s.carry({mark(10, install), apdus(1000), mark(13, activate)});
    BOOST_TEST(s.told == "10 10; 11 10; 12 10; 13 12; ");
    s.carry({mark(14, activate), apdus(50), mark(15, finalize)}); // no room between them
    BOOST_TEST(s.told == "14 12; 15 13; ");
}

BOOST_AUTO_TEST_CASE(an_order_goes_on_where_the_former_one_has_ended) {
    session s;
    s.carry({mark(10, install), apdus(32)});
    BOOST_TEST(s.told == "10 10; ");
    s.carry({apdus(4), mark(30, install), apdus(1)});
    BOOST_TEST(s.told == "15 10; 20 10; 25 10; 29 10; 30 10; ");
    s.carry({mark(30, install), apdus(1), mark(30, activate)}); // what was told is not told again
    BOOST_TEST(s.told == "30 12; ");
}

BOOST_AUTO_TEST_CASE(it_never_goes_back) {
    session s;
    s.carry({mark(50, install), apdus(1), mark(20, activate), apdus(1), mark(100, finalize)});
    BOOST_TEST(s.told == "50 10; 50 12; 99 12; 100 13; ");
}

BOOST_AUTO_TEST_CASE(nothing_is_told_behind_a_command_that_the_card_refused) {
    for (const std::string refusal : {"6985", "6A84", "6400", "6700", "6F00", "90", ""}) {
        session s;
        s.carry({mark(10, install), apdus(2), mark(20, install), apdus(2), mark(75, activate)}, {"9000", refusal});
        BOOST_TEST(s.told == "10 10; 15 10; ", refusal);
        s.carry({apdus(1), mark(80, finalize)}); // another order: the backend has decided that it goes on
        BOOST_TEST(s.told == "79 10; 80 13; ", refusal);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_refusal) {
    for (const std::string answer : {"9000", "019000", "6310", "6283", "6102"}) {
        session s;
        s.carry({apdus(1), mark(75, activate)}, {answer});
        BOOST_TEST(s.told == "75 12; ", answer);
    }
    for (const std::string plain : {"00A4040000", "80CA006600", "01A4040000", "40A40400"}) { // nobody has a channel yet
        session s;
        s.carry({apdus(1), mark(75, activate)}, {"6A82"}, plain);
        BOOST_TEST(s.told == "75 12; ", plain);
    }
    for (const std::string secured : {"84820100", "04A40400", "8CE80000", "E0E80000"}) {
        session s;
        s.carry({apdus(1), mark(75, activate)}, {"6A82"}, secured);
        BOOST_TEST(s.told == "", secured);
    }
}

BOOST_AUTO_TEST_CASE(a_notification_that_cannot_be_read_fails_in_its_turn) {
    sdk::order_progress progress([](const auto&) {});
    for (const std::string text : {"", "{", R"({"type":"ProcessProgress"})", R"({"type":"Result"})"})
        BOOST_CHECK_NO_THROW(progress.begins({0, std::nullopt, {wire::seram_notification{text}}}));
}

BOOST_AUTO_TEST_SUITE_END()
