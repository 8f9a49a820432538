// Texts that come from outside and go into messages: readers' names, words of agents and issuers.

#include "app/failure.hpp"
#include "base/utf8.hpp"
#include "gp/card_failure.hpp"
#include "sdk/pcsc_transport.hpp"

#include <boost/test/unit_test.hpp>
#include <winscard.h>

using namespace tsms;

BOOST_AUTO_TEST_SUITE(texts_from_outside)

BOOST_AUTO_TEST_CASE(a_beginning_ends_with_a_whole_character) {
    const std::string text = "aü€😀z"; // 1, 2, 3, 4 and 1 octets
    const std::pair<std::size_t, std::string> beginnings[] = {{0, ""},    {1, "a"},   {2, "a"},   {3, "aü"},
                                                              {5, "aü"},  {6, "aü€"}, {9, "aü€"}, {10, "aü€😀"},
                                                              {11, text}, {12, text}};
    for (const auto& [octets, expected] : beginnings)
        BOOST_TEST(text::beginning(text, octets) == expected);
    BOOST_TEST(text::beginning("", 5) == "");
    BOOST_TEST(text::beginning("\x80\x80\x80", 2) == ""); // no character begins here
}

/// RFC 3629; what is none is told octet by octet, so that two names stay two.
BOOST_AUTO_TEST_CASE(names_keep_their_umlauts_or_are_escaped) {
    BOOST_TEST(text::escaped("Kartenleser für Zwölf 00") == "Kartenleser für Zwölf 00");
    BOOST_TEST(text::escaped("f\xFCr") == "f\\xFCr"); // ISO 8859-1
    BOOST_TEST(text::escaped("f\xFBr") == "f\\xFBr");
    BOOST_TEST(text::escaped("ü\xFC") == "\\xC3\\xBC\\xFC");
    BOOST_TEST(text::escaped("\xC0\xAF") == "\\xC0\\xAF");          // overlong
    BOOST_TEST(text::escaped("\xED\xA0\x80") == "\\xED\\xA0\\x80"); // half of a surrogate pair
    BOOST_TEST(text::escaped("a\nb\x7F") == "a\\x0Ab\\x7F");
    BOOST_TEST(text::escaped("") == "");
}

BOOST_AUTO_TEST_CASE(a_phones_words_keep_their_umlauts) {
    const auto told = [](const std::string& words) {
        return gp::transmission_failure(gp::step::load, gp::transmission::failed, words).details();
    };
    BOOST_TEST(told("PC/SC: no card in 'Leser für Zwölf'").ends_with("no card in 'Leser für Zwölf'"));
    BOOST_TEST(told(std::string(99, 'a') + "ü").ends_with(": " + std::string(99, 'a'))); // not half of it
    BOOST_TEST(told(std::string(98, 'a') + "ü!").ends_with("aü"));
    BOOST_TEST(text::is_utf8(told("\xFC\n")));
    BOOST_TEST(told("a\nb").find('\n') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_card_of_another_program_is_busy) {
    const auto busy = sdk::pcsc_failure_text("no connection", "Leser ü", SCARD_E_SHARING_VIOLATION);
    BOOST_TEST(busy.starts_with("PC/SC: the card in 'Leser ü' is busy: "));
    BOOST_TEST(busy.ends_with(" (another program uses the card; close it)"));
    const auto none = sdk::pcsc_failure_text("no connection", "R", SCARD_E_NO_SMARTCARD);
    BOOST_TEST(none.starts_with("PC/SC: no card in 'R': "));
    BOOST_TEST(none.ends_with(" (put the card into the reader)"));
    for (const long code : {SCARD_E_NO_SERVICE, SCARD_E_READER_UNAVAILABLE, SCARD_W_UNRESPONSIVE_CARD,
                            SCARD_E_PROTO_MISMATCH, SCARD_F_COMM_ERROR})
        BOOST_TEST(sdk::pcsc_failure_text("what was tried", "R", code).starts_with("PC/SC: what was tried: "));
}

BOOST_AUTO_TEST_CASE(a_failure_is_json_whatever_octets_it_quotes) {
    BOOST_TEST(json::dump(app::failure_json("cannot read 'f\xFCr'")) == R"({"error":"cannot read 'f\\xFCr'"})");
    BOOST_TEST(json::dump(app::failure_json("there are\n  für")) == R"({"error":"there are\n  für"})");
    const char* asking[] = {"program", "x", "--json"};
    const char* not_asking[] = {"program", "--", "--json"};
    BOOST_TEST(app::asks_for_json(3, const_cast<char**>(asking)));
    BOOST_TEST(!app::asks_for_json(3, const_cast<char**>(not_asking)));
    BOOST_TEST(!app::asks_for_json(2, const_cast<char**>(asking)));
}

BOOST_AUTO_TEST_SUITE_END()
