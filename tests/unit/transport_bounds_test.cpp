// How long an app goes on with a card that announces more and more, and which commands it repeats (ISO/IEC 7816-4
// 5.3.4, 5.6).

#include "sdk/transport.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>

using namespace tsms;

namespace {

/// Answers from a script; 9000 when there is no more.
class scripted_card final : public sdk::secure_component {
public:
    std::string reader() const override { return "SIM1"; }
    std::string se_type() const override { return "uicc"; }
    bytes atr() const override { return {}; }
    void open() override {}
    void close() noexcept override {}

    std::deque<std::string> answers;
    std::vector<std::string> got;
    bool t0 = false;

private:
    bytes exchange(bytes_view c_apdu) override {
        got.push_back(to_hex(c_apdu));
        if (answers.empty())
            return hex("9000");
        const auto answer = hex(answers.front());
        answers.pop_front();
        return answer;
    }
    bool is_t0() const override { return t0; }
};

} // namespace

BOOST_AUTO_TEST_SUITE(transport_bounds)

BOOST_AUTO_TEST_CASE(three_hundred_continuations_and_no_more) {
    for (const auto& [announced, ends] : {std::pair{299u, true}, {300u, true}, {301u, false}}) {
        scripted_card card;
        card.answers.assign(announced, "AA6101");
        card.answers.push_back("BB9000");
        if (ends)
            BOOST_TEST(card.transmit(hex("80CA006600")).size() == announced + 3);
        else
            BOOST_CHECK_THROW(card.transmit(hex("80CA006600")), sdk::transport_error);
    }
}

BOOST_AUTO_TEST_CASE(the_rest_is_asked_for_on_the_channel_of_the_command) {
    for (const auto& [command, more] : {std::pair{"80CA006600", "00C0000010"},
                                        {"81CA006600", "01C0000010"},
                                        {"8FCA006600", "03C0000010"},
                                        {"C5CA006600", "45C0000010"},
                                        {"E0CA006600", "40C0000010"},
                                        {"CFCA006600", "4FC0000010"}}) {
        scripted_card card;
        card.answers = {"6110", "AABB9000"};
        BOOST_TEST(to_hex(card.transmit(hex(command))) == "AABB9000");
        BOOST_TEST(card.got == (std::vector<std::string>{command, more}), boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_wrong_length_is_corrected_once_and_never_under_secure_messaging) {
    scripted_card card;
    card.answers = {"6C02", "AABB9000"};
    BOOST_TEST(to_hex(card.transmit(hex("80CA006600"))) == "AABB9000");
    BOOST_TEST(card.got[1] == "80CA006602");
    card.got.clear();
    card.answers = {"6C02", "6C03", "9000"};
    BOOST_TEST(to_hex(card.transmit(hex("80CA006600"))) == "6C03");
    card.answers.clear();
    // Which classes are secured: two bits in the basic form, one in the form for further channels.
    for (const auto& [cla, repeated] : {std::pair{"80", true},
                                        {"83", true},
                                        {"84", false},
                                        {"88", false},
                                        {"8C", false},
                                        {"C0", true},
                                        {"DF", true},
                                        {"E0", false}}) {
        card.got.clear();
        card.answers = {"6C02", "9000"};
        card.transmit(hex(std::string(cla) + "CA006600"));
        BOOST_TEST((card.got.size() == 2u) == repeated, cla);
    }
    // A command without Le has none to correct; one with data keeps them.
    for (const auto& [command, again] : {std::pair{"80E20000", ""},
                                         {"80E2000002AABB", ""},
                                         {"80E2000002AABB00", "80E2000002AABB02"},
                                         {"80E2000002AABB0000", ""},
                                         {"80E2000000000000", ""}}) {
        card.got.clear();
        card.answers = {"6C02", "9000"};
        card.transmit(hex(command));
        BOOST_TEST((card.got.size() == 2u ? card.got[1] : "") == again, command);
    }
}

BOOST_AUTO_TEST_CASE(over_t0_a_command_with_data_has_no_le) { // ISO/IEC 7816-3 12.1.3
    for (const auto& [command, sent] : {std::pair{"00A4040002AABB00", "00A4040002AABB"},
                                        {"00A4040002AABB", "00A4040002AABB"},
                                        {"80CA006600", "80CA006600"},
                                        {"80E20000", "80E20000"}}) {
        for (const bool t0 : {false, true}) {
            scripted_card card;
            card.t0 = t0;
            card.transmit(hex(command));
            BOOST_TEST(card.got[0] == (t0 ? sent : command));
        }
    }
}

BOOST_AUTO_TEST_CASE(four_octets_are_a_command) {
    scripted_card card;
    BOOST_CHECK_THROW(card.transmit(hex("80CA00")), sdk::transport_error);
    BOOST_TEST(card.got.empty());
    BOOST_CHECK_NO_THROW(card.transmit(hex("80CA0066")));
    card.answers = {"61"}; // shorter than a status word: the card's own words, whatever they are worth
    BOOST_TEST(to_hex(card.transmit(hex("80CA0066"))) == "61");
}

BOOST_AUTO_TEST_SUITE_END()
