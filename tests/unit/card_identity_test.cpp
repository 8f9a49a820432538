#include "model/card_identity.hpp"

#include "model/eligibility.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms::model;

namespace {

/// A CPLC of a card in the field (NXP), with another serial number (four octets) and batch (two).
std::string cplc_with(const std::string& serial, const std::string& batch = "7515") {
    return "4790D321470000000000" + std::string("3180") + serial + batch + std::string(48, '0');
}

/// The same card without a CPLC, or with one that is no identity.
seen_card seen(const std::string& cplc, const std::string& iin, const std::string& cin) {
    seen_card card;
    card.reader = "r";
    card.accessible = true;
    card.cplc = cplc;
    card.without_cplc = cplc.empty();
    card.iin = iin;
    card.cin = cin;
    return card;
}

const std::string zeros(cplc_digits, '0'), ones(cplc_digits, 'F');

} // namespace

BOOST_AUTO_TEST_SUITE(model_card_identity)

BOOST_AUTO_TEST_CASE(a_cplc_with_a_serial_number_is_an_identity) {
    const auto cplc = cplc_with("05047420");
    const auto identity = card_identity::of_cplc(cplc);
    BOOST_REQUIRE(identity);
    BOOST_TEST(identity->text() == cplc);
    BOOST_CHECK(identity->kind() == card_identity::basis::cplc);
    BOOST_CHECK(card_identity::of_row(cplc) == identity);
    BOOST_TEST(why_no_identity(cplc) == "");
    BOOST_TEST(card_identity::of_cplc(cplc_with("00000001", "0000")).has_value()); // the first of its batch
    BOOST_TEST(card_identity::of_cplc(cplc_with("000000FF", "0000")).has_value());
}

BOOST_AUTO_TEST_CASE(what_nobody_has_written_is_none) {
    const auto spaces = [] {
        std::string text;
        for (std::size_t i = 0; i < cplc_digits; i += 2)
            text += "20";
        return text;
    }();
    for (const auto& cplc : {zeros, ones, spaces}) {
        BOOST_TEST(!card_identity::of_cplc(cplc));
        BOOST_TEST(!card_identity::of_row(cplc));
        BOOST_TEST(why_no_identity(cplc) == "its CPLC is blank");
    }
    for (const char* serial : {"00000000", "FFFFFFFF", "20202020", "30303030"})
        BOOST_TEST(why_no_identity(cplc_with(serial)) == "its CPLC has no serial number");
    BOOST_TEST(!card_identity::of_cplc(cplc_with("05047420").substr(2)));
    BOOST_TEST(!card_identity::of_cplc(""));
}

BOOST_AUTO_TEST_CASE(what_emulators_give_to_all_of_their_cards_is_none) {
    for (const char* cplc : {
             "407050721291518101007070000058BD360E40827090129370900444720000010040044584" // libcacard
             "00002C19B5",
             "47905043167173544325918991" // its predecessor
             "00F5F388514792302316737354167430230000007200000000"
             "00000000",
             "479050404791810231008358001168914581481283650000000001" // GPShell's manual
             "2F313031313638"
             "0000000000000000",
         }) {
        BOOST_REQUIRE_EQUAL(std::string(cplc).size(), cplc_digits);
        BOOST_TEST(why_no_identity(cplc) == "its CPLC is one that an emulator gives to all of its cards");
        auto personalized = std::string(cplc); // what is written later does not make it another chip
        personalized.replace(60, 4, "ABCD");
        BOOST_TEST(!card_identity::of_cplc(personalized));
        auto another = std::string(cplc);
        another.replace(24, 8, "01020304");
        BOOST_TEST(card_identity::of_cplc(another).has_value());
    }
}

BOOST_AUTO_TEST_CASE(iin_and_cin_are_one_where_both_are_written) {
    const auto identity = card_identity::of_issuers_number("4950", "4C4142303037");
    BOOST_REQUIRE(identity);
    BOOST_TEST(identity->text() == "49504C4142303037");
    BOOST_CHECK(card_identity::of_row(identity->text()) == identity);
    BOOST_TEST(issuers_number("4950", "4C4142303037").value() == "4C41423030374950"); // CIN first, as rows keep it
    for (const char* blank : {"", "00", "000000000000", "FFFFFFFF", "20202020", "30303030", "0000000F", "0FFF"}) {
        BOOST_TEST(!card_identity::of_issuers_number("4950", blank));
        BOOST_TEST(!card_identity::of_issuers_number(blank, "4C4142303037"));
        BOOST_TEST(!issuers_number("4950", blank));
        BOOST_TEST(!issuers_number(blank, "4C4142303037"));
    }
    BOOST_TEST(card_identity::of_issuers_number("4950", "00000010").has_value());
    // It would be taken for the CPLC of another card.
    const auto cplc = cplc_with("05047420");
    BOOST_TEST(!card_identity::of_issuers_number(cplc.substr(0, 8), cplc.substr(8)));
    BOOST_TEST(!card_identity::of_row("0000FFFF"));
}

// DIV-056: a CPLC that is told and is no identity counts as none; one that is not told now does not.
BOOST_AUTO_TEST_CASE(a_card_with_a_blank_cplc_is_known_by_iin_and_cin) {
    for (const auto& cplc : {zeros, ones, cplc_with("00000000")}) {
        BOOST_TEST(identity_of(seen(cplc, "4950", "4C41")).value().text() == "49504C41");
        BOOST_TEST(!identity_of(seen(cplc, "", "")));
        BOOST_TEST(!identity_of(seen(cplc, "4950", "0000")));
    }
    auto silent = seen("", "4950", "4C41");
    silent.without_cplc = false;
    BOOST_TEST(!identity_of(silent));
    BOOST_TEST(why_unknowable(silent) == "does not tell its CPLC now, so it cannot be known again");
    BOOST_TEST(why_unknowable(seen(zeros, "4950", "")) ==
               "cannot be told from other cards: its CPLC is blank, and it has no IIN and CIN of its own");
    BOOST_TEST(why_unknowable(seen("", "", "")) ==
               "cannot be told from other cards: it has no CPLC, and it has no IIN and CIN of its own");
    BOOST_TEST(why_unknowable(seen(cplc_with("05047420"), "", "")) == "");
}

// A row of before: no claim finds it, and no card is another one than it.
BOOST_AUTO_TEST_CASE(a_row_that_is_known_by_nothing_is_never_the_same) {
    for (const auto& cplc : {zeros, ones, cplc_with("00000000")}) {
        secure_component row;
        row.identity = cplc;
        row.cin_iin = "4C414950";
        BOOST_TEST(!identity_of(row));
        for (const auto& card : {seen(cplc, "", ""), seen(cplc, "4950", "4C41"), seen("", "4950", "4C41"),
                                 seen(cplc_with("05047420"), "4950", "4C42")})
            BOOST_CHECK(compare(row, card) == likeness::unknown);
    }
    secure_component known;
    known.identity = cplc_with("05047420");
    BOOST_CHECK(compare(known, seen(zeros, "", "")) == likeness::other); // it says so
}

BOOST_AUTO_TEST_CASE(such_a_card_is_not_eligible) {
    offered_service s;
    s.id = "s";
    s.has_flavors = true;
    s.versions = {{"1.0.0", true, {"a"}}};
    card_profile p;
    p.id = p.name = "a";
    p.recognised_by.cplc = {"00000000", "FFFFFFFF"};
    for (const auto& cplc : {zeros, ones}) {
        const auto d = choose_card(s, "1.0.0", {seen(cplc, "", "")}, {p});
        BOOST_REQUIRE(std::holds_alternative<refusal>(d.outcome));
        BOOST_CHECK(std::get<refusal>(d.outcome).category == error_category::no_eligible_sc);
        BOOST_TEST(std::get<refusal>(d.outcome).details.find("cannot be told from other cards") != std::string::npos);
        BOOST_TEST(!find_deployment(s, "1.0.0", {seen(cplc, "", "")}, {p}));
        BOOST_TEST(
            find_deployment(s, "1.0.0", {seen(cplc, "4950", "4C41")}, {p}).has_value()); // recognised all the same
    }
}

// DIV-057
BOOST_AUTO_TEST_CASE(a_card_below_the_profiles_level_is_not_eligible) {
    offered_service s;
    s.id = "s";
    s.has_flavors = true;
    s.versions = {{"1.0.0", true, {"a"}}};
    card_profile p;
    p.id = p.name = "a";
    p.recognised_by.cplc = {"4790"};
    auto card = seen(cplc_with("05047420"), "", "");
    const auto category = [&](std::optional<int> offered, std::uint8_t demanded) {
        card.highest_level = offered;
        p.card.minimum_level = demanded;
        const auto d = choose_card(s, "1.0.0", {card}, {p});
        const auto* refused = std::get_if<refusal>(&d.outcome);
        BOOST_TEST((refused == nullptr) == find_deployment(s, "1.0.0", {card}, {p}).has_value());
        return refused ? refused->details : std::string();
    };
    BOOST_TEST(category(0x03, 0x33) ==
               "reader ‘r’: its SCP03 allows security level 03 at most, profile ‘a’ demands 33");
    BOOST_TEST(category(0x13, 0x33) != "");
    BOOST_TEST(category(0x03, 0x11) != "");
    BOOST_TEST(category(0x03, 0x03) == "");
    BOOST_TEST(category(0x13, 0x11) == "");
    BOOST_TEST(category(0x33, 0x33) == "");
    BOOST_TEST(category(std::nullopt, 0x33) == ""); // it does not tell: the issuer finds out
}

BOOST_AUTO_TEST_SUITE_END()
