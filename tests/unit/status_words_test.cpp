// What a status word means at a step: every step × every status word that any step knows, written down a second time.
// "7" is the category of TR 4.2.4.4, "r" says that a retry can help, "ok" that the procedure goes on.

#include "gp/card_failure.hpp"
#include "gp/status_words.hpp"

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
    {step::select, "6A82:7 6283:9 6A81:9 6985:9r 6999:9"},
    {step::get_data, "6A88:ok"},
    {step::get_status, "6310:ok 6A88:ok"},
    {step::initialize_update, "6A88:9 6700:9 6983:9 6982:9 6985:9 6A86:9 6D00:9"},
    {step::external_authenticate, "6300:9 6982:9 6983:9 6985:9 6A86:9 6700:9 6A80:9"},
    {step::install_security_domain, "6985:7 6A80:7 6A84:7 6A88:7"},
    {step::install_for_personalization, "6985:7 6A80:7 6A88:7"},
    {step::store_data, "6985:7 6A80:7 6A84:7 6A88:7"},
    {step::put_key, "6A80:7 6A84:7 6985:7 6A88:7 9484:7 9485:7"},
    {step::delete_key, "6A88:ok 6985:7"},
    {step::set_status, "6985:7 6A80:7 6A88:7"},
    {step::lock, "6985:7 6A80:7 6A88:7"},
    {step::install_for_load, "6985:7 6A80:7 6A84:7 6A88:7"},
    {step::load, "6438:7 6A80:7 6985:7 6A84:7 6581:7 6A86:2r 6A88:2r"},
    {step::install_for_install, "6985:7 6A80:7 6A84:7 6A88:7 6F00:7"},
    {step::make_selectable, "6985:7 6A80:7 6A88:7"},
    {step::extradite, "6985:ok 6A80:7 6A88:7"},
    {step::access_rule, "6381:ok 6A84:7 6A89:7 6A80:7 6A88:7 6985:7"},
    {step::access_rule_removal, "6A88:ok 6A80:7 6985:7"},
    {step::access_rule_reading, ""},
    {step::delete_object, "6200:ok 6A88:ok 6A82:ok 6985:7r 6A81:7 6A80:7"},
    {step::relayed, ""},
    {{},
     "6400:100r 6581:9r 6700:2 6881:10r 6882:9 6883:2r 6884:9 6982:9r 6983:9 6984:7 6985:7 6986:7 6987:9r 6988:9r "
     "6A80:2 6A81:9 6A82:7 6A84:7 "
     "6A86:2 6A87:2 6A88:7 6B00:2 6D00:9 6E00:9 6F00:100r"},
};

using meanings = std::map<std::uint16_t, std::string>;

meanings read(std::string_view list) {
    meanings out;
    std::istringstream words{std::string(list)};
    for (std::string word; words >> word;)
        out[static_cast<std::uint16_t>(std::stoul(word.substr(0, 4), nullptr, 16))] = word.substr(5);
    return out;
}

std::string text_of(const gp::status_meaning& meaning) {
    return meaning.accepted ? "ok" : std::to_string(meaning.category) + (meaning.retry_can_help ? "r" : "");
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
                const auto expected = own.contains(sw) ? own.at(sw) : general.contains(sw) ? general.at(sw) : "100";
                const auto meaning = gp::explain(*e.what, sw);
                BOOST_TEST(text_of(meaning) == expected);
                if (meaning.accepted)
                    continue;
                const auto failure = gp::status_failure(*e.what, sw);
                BOOST_TEST(failure.category == meaning.category);
                BOOST_TEST(failure.retry_can_help == meaning.retry_can_help);
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

BOOST_AUTO_TEST_SUITE_END()
