// What a status word means at a step: every step × every status word that any step knows, written down a second time.
// "7" is the category of TR 4.2.4.4; behind it stands who can mend it: p the provider, o the operator, i the issuer,
// a the app, c nobody but the card's maker. "r" says that a retry can help, "ok" that the procedure goes on.

#include "gp/card_failure.hpp"
#include "gp/status_words.hpp"
#include "store/profile_internals.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>
#include <sstream>

using namespace tsms;
using gp::step;

namespace {

struct expectation {
    std::optional<step> what; ///< nothing: at every step that does not say otherwise
    const char* meanings;
};

const expectation expectations[] = {
    {step::select, "6A82:9i 6283:9i 6A81:9i 6985:9ar 6999:9c"},
    {step::get_data, "6A88:ok"},
    {step::get_status, "6310:ok 6A88:ok"},
    {step::initialize_update, "6A88:9i 6700:9i 6983:9i 6982:9i 6985:9i 6A86:9i 6D00:9i"},
    {step::external_authenticate, "6300:9i 6982:9i 6983:9i 6985:9i 6A86:9i 6700:9i 6A80:9i"},
    {step::install_security_domain, "6985:2o 6A80:2o 6A84:7p 6A88:2o"},
    {step::install_for_personalization, "6985:2o 6A80:2o 6A88:2o"},
    {step::store_data, "6985:9c 6A80:2o 6A84:7p 6A88:9c"},
    {step::put_key, "6A80:2o 6A84:7p 6985:9i 6A88:9c 9484:2o 9485:9i"},
    {step::delete_key, "6A88:ok 6985:9c"},
    {step::set_status, "6985:9c 6A80:9c 6A88:9c"},
    {step::lock, "6985:7p 6A80:2o 6A88:7p"},
    {step::unlock, "6985:7p 6A80:2o 6A88:7p"},
    {step::install_for_load, "6985:7p 6A80:7p 6A84:7p 6A88:9i"},
    {step::load, "6438:7p 6A80:7p 6985:7p 6A84:7p 6581:7p 6A86:9ar 6A88:9ar"},
    {step::install_for_install, "6985:7p 6A80:7p 6A84:7p 6A88:7p 6F00:7p"},
    {step::make_selectable, "6985:7p 6A80:7p 6A88:7p"},
    {step::extradite, "6985:ok 6A80:2o 6A88:9c"},
    {step::access_rule, "6381:ok 6A84:7p 6A89:7p 6A80:2o 6A88:2o 6985:9i"},
    {step::access_rule_removal, "6A88:ok 6A80:2o 6985:9i"},
    {step::access_rule_reading, ""},
    {step::delete_object, "6200:ok 6A88:ok 6A82:ok 6985:7pr 6A81:9c 6A80:9c"},
    {step::script_receiver, "6985:7p 6A80:7p 6A88:7p"},
    {step::script_data, ""},
    {step::script_command, ""},
    {step::relayed, ""},
    {{},
     "6400:100cr 6581:9cr 6700:2o 6881:10ar 6882:9c 6883:9ar 6884:9c 6982:9ar 6983:9i 6984:9c 6985:9c 6986:9c 6987:9ar "
     "6988:9ar 6A80:2o 6A81:9c 6A82:9c 6A84:7p 6A86:2o 6A87:2o 6A88:9c 6B00:2o 6D00:9c 6E00:9c 6F00:100cr"},
};

using meanings = std::map<std::uint16_t, std::string>;

meanings read(std::string_view list) {
    meanings out;
    std::istringstream words{std::string(list)};
    for (std::string word; words >> word;)
        out[static_cast<std::uint16_t>(std::stoul(word.substr(0, 4), nullptr, 16))] = word.substr(5);
    return out;
}

char letter_of(gp::mender who) {
    switch (who) {
    case gp::mender::nobody:
        break;
    case gp::mender::provider:
        return 'p';
    case gp::mender::operator_:
        return 'o';
    case gp::mender::issuer:
        return 'i';
    case gp::mender::card:
        return 'c';
    case gp::mender::app:
        return 'a';
    }
    return '-';
}

std::string text_of(const gp::status_meaning& meaning) {
    if (meaning.accepted)
        return "ok";
    return std::to_string(meaning.category) + letter_of(meaning.who) + (meaning.retry_can_help ? "r" : "");
}

} // namespace

BOOST_AUTO_TEST_SUITE(status_words)

BOOST_AUTO_TEST_CASE(every_step_and_status_word_of_the_table) {
    const auto general = read(std::rbegin(expectations)->meanings);
    std::set<std::uint16_t> all{0x6282, 0x6A83, 0x6FFF, 0x9100}; // and some that nobody knows
    for (const auto& e : expectations)
        for (const auto& [sw, meaning] : read(e.meanings))
            all.insert(sw);
    std::size_t steps = 0;
    for (const auto& e : expectations) {
        if (!e.what)
            continue;
        ++steps;
        const auto own = read(e.meanings);
        for (const auto sw : all)
            BOOST_TEST_CONTEXT(gp::to_string(*e.what) << ", status word " << std::hex << sw) {
                const auto expected = own.contains(sw) ? own.at(sw) : general.contains(sw) ? general.at(sw) : "100c";
                const auto meaning = gp::explain(*e.what, sw);
                BOOST_TEST(text_of(meaning) == expected);
                if (meaning.accepted)
                    continue;
                const auto failure = gp::status_failure(*e.what, sw);
                BOOST_TEST(failure.category == meaning.category);
                BOOST_TEST(failure.retry_can_help == meaning.retry_can_help);
                BOOST_TEST(failure.mender == gp::to_string(meaning.who));
            }
        BOOST_TEST(text_of(gp::explain(*e.what, 0x9000)) == "ok");
    }
    BOOST_TEST(steps == static_cast<std::size_t>(step::relayed) + 1); // no step is forgotten here
}

// Only these let a procedure go on although the card did not say 9000. What they hide is proven by a listing
// afterwards.
BOOST_AUTO_TEST_CASE(nothing_else_is_accepted) {
    std::size_t accepted = 0;
    for (int what = 0; what <= static_cast<int>(step::relayed); ++what)
        for (int sw = 0; sw <= 0xFFFF; ++sw)
            accepted += gp::explain(static_cast<step>(what), static_cast<std::uint16_t>(sw)).accepted && sw != 0x9000;
    BOOST_TEST(accepted == 10u);
}

// A procedure that needs 9000 itself, as for the list of keys behind PUT KEY, blames the card for such a status word:
// 100
// ("unspecified") and "nobody" would tell neither app nor operator anything.
BOOST_AUTO_TEST_CASE(where_success_is_needed_what_is_accepted_elsewhere_is_the_cards_failure) {
    std::size_t rows = 0;
    for (const auto& row : gp::status_table()) {
        if (!row.meaning.accepted)
            continue;
        const auto failure = gp::status_failure(*row.what, row.sw);
        BOOST_TEST_CONTEXT(failure.details()) {
            BOOST_TEST(failure.category == 9);
            BOOST_TEST(failure.mender == gp::to_string(gp::mender::card));
            BOOST_TEST(failure.details().starts_with(row.meaning.text));
        }
        ++rows;
    }
    BOOST_TEST(rows == 10u);
}

// Every row of the table: it is one of those above, and says who can do something about it, by which its category goes
// (DIV-078). 7 blames the provider, so that it is for what the provider can mend, and 2 for the TSM's own operator.
BOOST_AUTO_TEST_CASE(each_row_names_who_can_mend_it) {
    std::size_t expected = 0;
    for (const auto& e : expectations)
        expected += read(e.meanings).size();
    BOOST_TEST(gp::status_table().size() == expected);
    std::set<std::pair<int, int>> seen;
    for (const auto& row : gp::status_table()) {
        const auto& m = row.meaning;
        BOOST_TEST_CONTEXT(m.text) {
            BOOST_TEST(seen.insert({row.what ? static_cast<int>(*row.what) : -1, row.sw}).second); // none is hidden
            BOOST_TEST(m.accepted == (m.who == gp::mender::nobody));
            BOOST_TEST(m.accepted == (m.category == 0));
            BOOST_TEST((m.category == 7) == (m.who == gp::mender::provider));
            BOOST_TEST((m.category == 2) == (m.who == gp::mender::operator_));
            BOOST_TEST((m.category != 10 || m.who == gp::mender::app));
            BOOST_TEST((m.category != 100 || m.who == gp::mender::card));
            // What the operator can mend is a member of the profile, and is named.
            BOOST_TEST((m.who != gp::mender::operator_ || m.text.ends_with(" of the profile)") ||
                        !row.what)); // a command that any card may refuse
        }
    }
}

// What names a member of the profile names one that there is.
BOOST_AUTO_TEST_CASE(members_of_the_profile_are_named_as_they_are) {
    std::size_t named = 0;
    for (const auto& row : gp::status_table()) {
        const auto text = std::string(row.meaning.text);
        const auto open = text.find('(');
        if (!text.ends_with(" of the profile)") || open == text.npos)
            continue;
        BOOST_TEST((row.meaning.who == gp::mender::operator_), text);
        auto list = text.substr(open + 1, text.size() - open - std::string(" of the profile)").size() - 1);
        std::ranges::replace(list, ',', ' ');
        std::istringstream names(list);
        for (std::string name; names >> name; ++named)
            // A wrong value of a member that there is, is refused with another text than one that there is not.
            BOOST_CHECK_EXCEPTION(store::read_card_parameters(*json::parse("{\"" + name + "\": {}}").as_object()),
                                  json::parse_error, [](const json::parse_error& e) {
                                      return std::string_view(e.what()).find("is no card parameter") ==
                                             std::string_view::npos;
                                  });
    }
    BOOST_TEST(named >= 15u);
}

BOOST_AUTO_TEST_SUITE_END()
