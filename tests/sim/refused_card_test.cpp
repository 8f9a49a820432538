// Cards that are refused: nothing is changed on them, and where it is found out too late, nothing stays.

#include "tests/sim/service.hpp"

using namespace tsms;
using namespace tsms::sim;

namespace {

bool is_get_data(const bytes& apdu, int tag) {
    return apdu.size() > 3 && apdu[1] == 0xCA && (apdu[2] << 8 | apdu[3]) == tag;
}

/// Everything that reaches the card but SELECT, INITIALIZE UPDATE and GET DATA, the issuer's commands too. `quiet`: the
/// phone, or the card, does not tell the card recognition data.
world::tamper watch(std::size_t& changes, bool quiet = false) {
    return [&changes, quiet](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        const auto instruction = command.apdu[1];
        changes += instruction != 0xA4 && instruction != 0x50 && instruction != 0xCA;
        return quiet && is_get_data(command.apdu, 0x0066) ? std::optional(hex("6A88")) : std::nullopt;
    };
}

/// A profile that demands level 33 for a card that has no R-MAC.
world below_level(bool with_rules = false) {
    auto w = ready("i00");
    w.instance.target.card.sd_install_parameters = "81020300820120870120";
    if (with_rules) {
        w.instance.target.card.ara = "aram-issuer";
        w.instance.target.device_apps = {std::string(40, 'A')};
    }
    return w;
}

void check_untouched(world& w) {
    BOOST_TEST(w.on_card().empty());
    BOOST_TEST(w.card.state().ara.rules.empty());
    BOOST_TEST(!w.component.tsm_domain.has_value());
    BOOST_TEST(number(w.instance.state) == number(not_deployed));
}

/// A row of an older version: the identity is what the card says, and every such card says it.
void know_by_nothing(world& w) {
    w.component.identity = std::string(84, '0');
}

} // namespace

BOOST_AUTO_TEST_SUITE(refused_cards)

// DIV-057: by its own word, else by the issuer, who sees the card's "i" first.
BOOST_AUTO_TEST_CASE(below_the_profiles_level_nothing_is_changed) {
    for (const bool quiet : {false, true})
        for (const bool with_rules : {false, true})
            BOOST_TEST_CONTEXT((quiet ? "the issuer finds out" : "the card says it") << (with_rules ? ", rules" : "")) {
                auto w = below_level(with_rules);
                std::size_t changes = 0;
                w.on_the_way = watch(changes, quiet);
                const auto outcome = w.deploy({I, A}, true);
                BOOST_TEST(number(outcome) == 9);
                BOOST_TEST(outcome.details.find("security level") != std::string::npos);
                BOOST_TEST(changes == 0u);
                BOOST_TEST(w.orders == (quiet ? 2u : 1u));
                BOOST_TEST(w.issuer_orders == (quiet ? 1u : 0u));
                BOOST_TEST(w.on_card().empty());
                BOOST_TEST(w.card.state().ara.rules.empty());
                BOOST_TEST(number(w.instance.state) == number(not_deployed));
            }
}

// Whoever knows no minimumLevel creates the domain; then it turns out that nobody can use it.
BOOST_AUTO_TEST_CASE(what_an_issuer_of_before_has_created_goes_again) {
    for (const bool with_rules : {false, true}) {
        auto w = below_level(with_rules);
        w.issuer_ignores_level = true;
        std::size_t changes = 0;
        w.on_the_way = watch(changes, true);
        const auto outcome = w.deploy({I, A}, true);
        BOOST_TEST(changes > 0u); // it was there
        BOOST_TEST(number(outcome) == 9);
        BOOST_TEST(outcome.details.find("security level") != std::string::npos);
        BOOST_TEST(outcome.for_operator == "");
        check_untouched(w);
        BOOST_TEST(!w.instance.on_card);
    }
}

BOOST_AUTO_TEST_CASE(an_issuer_that_gives_no_rights_takes_its_domain_back) {
    auto w = ready();
    w.issuer_privileges = "A00000"; // Delegated Management
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 16); // of V1.0.4; 100 in V1.0 (DIV-119)
    BOOST_TEST(outcome.details.find("Authorized Management") != std::string::npos);
    check_untouched(w);
    w.issuer_privileges.clear();
    BOOST_TEST(w.deploy({I, A}, true).details == "");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_undone_is_told_to_the_operator_and_kept_in_the_row) {
    auto w = below_level();
    w.issuer_ignores_level = true;
    std::size_t changes = 0;
    w.on_the_way = watch(changes, true);
    bool created = false;
    w.on_report = [&](gp::batch_answer&) { created = created || w.on_card().contains(tsm_domain); };
    w.issuer_takes = 1; // not the one to remove it
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(created);
    BOOST_TEST(number(outcome) == 9);
    BOOST_TEST(outcome.details.find("security level") != std::string::npos); // what was wrong first
    BOOST_TEST(outcome.for_operator.find(tsm_domain) != std::string::npos);
    BOOST_REQUIRE(w.component.tsm_domain);
    BOOST_TEST(w.component.tsm_domain->keys.has_value());
    w.issuer_takes = SIZE_MAX;
    w.on_the_way = nullptr;
    w.instance.target.card.minimum_level = 0x03; // the operator has a profile for such cards now
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card().empty());
}

// A domain that other Services of ours use is not taken away from them, and the issuer writes no rules in vain.
BOOST_AUTO_TEST_CASE(a_domain_whose_level_is_known_is_refused_before_any_order) {
    auto w = below_level(true);
    w.instance.target.card.minimum_level = 0x03;
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    BOOST_TEST(w.component.tsm_domain->scp03_i == 0x00);
    const auto rules = w.card.state().ara.rules.size();
    auto& target = w.instance.target;
    w.instance.id = "instance-2";
    w.instance.state = not_deployed;
    w.instance.executed.clear();
    w.instance.on_card = false;
    target.service_id = "service-2";
    target.sd_aid = "D276000163544D5301000002";
    target.card.minimum_level = 0x33;
    const auto outcome = w.deploy({I, A}, true);
    BOOST_TEST(number(outcome) == 9);
    BOOST_TEST(w.orders == 1u); // the start
    BOOST_TEST(w.card.state().ara.rules.size() == rules);
    BOOST_TEST(w.on_card() == deployed, boost::test_tools::per_element());
    BOOST_TEST(w.component.tsm_domain.has_value());
}

// DIV-056: the row fits every such card, so nothing is done on this one.
BOOST_AUTO_TEST_CASE(a_card_that_cannot_be_told_from_others_gets_nothing) {
    for (const bool with_rules : {false, true}) {
        auto w = with_rules ? ready_with_rules() : ready();
        know_by_nothing(w);
        std::size_t changes = 0;
        w.on_the_way = watch(changes);
        const auto outcome = w.deploy({I, A}, true);
        BOOST_TEST(number(outcome) == 9);
        BOOST_TEST(outcome.details.find("cannot be told from others") != std::string::npos);
        BOOST_TEST(changes == 0u);
        check_untouched(w);
        BOOST_TEST(!w.instance.on_card);
    }
}

// What an older version has put there stays usable where the card proves our keys, and no other card loses anything.
BOOST_AUTO_TEST_CASE(only_the_keys_tell_a_card_of_before_that_is_known_by_nothing) {
    auto w = ready();
    BOOST_TEST(w.deploy({I, A}, true).details == "");
    know_by_nothing(w);
    BOOST_TEST(w.suspend(true).details == "");
    {
        auto fresh = ready(); // another card in the same reader
        fresh.instance = w.instance;
        fresh.component = w.component;
        std::size_t changes = 0;
        fresh.on_the_way = watch(changes);
        BOOST_TEST(number(fresh.terminate()) == 9);
        BOOST_TEST(changes == 0u);
        BOOST_TEST(fresh.on_card().empty());
        BOOST_TEST(number(fresh.instance.state) == number(suspended));
    }
    BOOST_TEST(w.terminate().details == "");
    BOOST_TEST(w.on_card() == std::set<std::string>{tsm_domain}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
