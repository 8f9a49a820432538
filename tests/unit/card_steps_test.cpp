// One row for each step of a card.

#include "gp/card_steps.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace tsms::gp;

BOOST_AUTO_TEST_SUITE(card_steps)

namespace {

constexpr int steps = static_cast<int>(step::relayed) + 1;

template <class F> std::set<std::string_view> names_where(F applies) {
    std::set<std::string_view> names;
    for (int s = 0; s < steps; ++s)
        if (applies(facts_of(static_cast<step>(s))))
            names.insert(facts_of(static_cast<step>(s)).name);
    return names;
}

} // namespace

BOOST_AUTO_TEST_CASE(every_step_has_a_name_of_its_own) {
    BOOST_TEST(names_where([](const auto& facts) { return !facts.name.empty(); }).size() ==
               static_cast<std::size_t>(steps));
    BOOST_CHECK_THROW(facts_of(static_cast<step>(steps)), std::logic_error);
}

// AMB-223: what is not the Service's lets the state fall back.
BOOST_AUTO_TEST_CASE(what_changes_nothing_of_a_service) {
    BOOST_TEST(names_where([](const auto& facts) { return facts.changes != owner::service; }) ==
                   (std::set<std::string_view>{"SELECT", "GET DATA", "GET STATUS", "INITIALIZE UPDATE",
                                               "EXTERNAL AUTHENTICATE", "STORE DATA that reads access rules", "PUT KEY",
                                               "DELETE [key]", "command of the issuer"}),
               boost::test_tools::per_element());
}

// AMB-132: what may leave before the start of the process was acknowledged.
BOOST_AUTO_TEST_CASE(what_changes_nothing_at_all) {
    BOOST_TEST(names_where([](const auto& facts) { return facts.changes == owner::nobody; }) ==
                   (std::set<std::string_view>{"SELECT", "GET DATA", "GET STATUS", "INITIALIZE UPDATE",
                                               "EXTERNAL AUTHENTICATE", "STORE DATA that reads access rules"}),
               boost::test_tools::per_element());
}

// AMB-233
BOOST_AUTO_TEST_CASE(what_no_log_has_whole) {
    BOOST_TEST(names_where([](const auto& facts) { return facts.confidential; }) ==
                   (std::set<std::string_view>{"STORE DATA", "PUT KEY", "STORE DATA of a personalization script",
                                               "command of a personalization script", "command of the issuer"}),
               boost::test_tools::per_element());
}

// DIV-078
BOOST_AUTO_TEST_CASE(what_no_provider_can_mend) {
    BOOST_TEST(names_where([](const auto& facts) { return facts.of_keys; }) ==
                   (std::set<std::string_view>{"INSTALL [for personalization]", "PUT KEY", "DELETE [key]"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
