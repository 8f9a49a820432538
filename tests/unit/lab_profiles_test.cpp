// lab/profiles.json says of the lab's cards what they are.

#include "lab/card/card.hpp"
#include "lab/card/state.hpp"
#include "model/card_aids.hpp"
#include "places.hpp"
#include "store/profile_internals.hpp"
#include "tests/unit/lab_host.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <set>

using namespace tsms;

BOOST_AUTO_TEST_SUITE(lab_profiles)

// DIV-066: a Flavor that would bring an AID onto a card that came with it is refused, if the profile names it. GET
// STATUS does not show all of them.
BOOST_AUTO_TEST_CASE(profiles_name_every_aid_that_a_fresh_card_has) {
    std::ifstream in(LAB_PROFILES);
    const auto document = json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
    BOOST_REQUIRE(document.as_array());
    std::size_t compared = 0;
    for (const auto& profile : *document.as_array()) {
        const json::reader read(*profile.as_object());
        const auto name = read.string("name");
        BOOST_TEST_CONTEXT(name) {
            const std::string prefix = "tsms-lab ";
            BOOST_REQUIRE(name.starts_with(prefix));
            const auto* personality = lab::find_personality(name.substr(prefix.size()));
            BOOST_REQUIRE(personality);
            const auto& internals = *profile.as_object()->find("card")->as_object();
            const auto parameters = store::read_card_parameters(internals);

            // Named by the norms or by another parameter of the card.
            std::set<std::string> known;
            for (const auto& list : {model::aids_of_every_card(), model::aids_of_cards(parameters)})
                for (const auto& held : list)
                    known.insert(held.aid);
            lab_test::counting_random random;
            const auto card = lab::card::create(*personality, random);
            std::set<std::string> there;
            for (const auto& a : card.state().registry.applications())
                there.insert(to_hex(a.aid));
            for (const auto& f : card.state().registry.load_files())
                there.insert(to_hex(f.package.aid));
            std::erase_if(there, [&](const auto& aid) { return known.contains(aid); });
            const auto list = store::read_preloaded_aids(internals);
            const std::set<std::string> named(list.begin(), list.end());
            BOOST_TEST(named.size() == list.size());
            BOOST_TEST(named == there, boost::test_tools::per_element());
            ++compared;
        }
    }
    BOOST_TEST(compared + 1 == lab::personalities().size()); // “blank” cards are served to nobody
}

BOOST_AUTO_TEST_SUITE_END()
