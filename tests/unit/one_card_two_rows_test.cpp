// DIV-059: what phones claim of a card that has proven itself before has a row of its own, until the issuer has
// authenticated the card there too.

#include "tests/unit/instance_rows.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

using namespace tsms;
using namespace tsms::unit;
using store::device_store;

namespace {

using enum model::instance_state;

/// card-1 has proven itself and was given up once; what phones claim of the same card has a row of its own, card-2.
struct two_rows_of_a_card {
    two_rows_of_a_card() {
        proven.tsm_domain->keys->version = 0x31;
        proven.tsm_domain->other_keys = {{0x32, 128, {3}, false}};
        add("tombstone", proven, operational);
        add("replaced", proven, operational);
        db.cards.lost("card-1");
        theirs = add("both", proven, operational);
        add("theirs alone", proven, suspended);
        add("created there", proven, not_deployed);
        claimed.id = "card-2";
        claimed.tsm_domain.reset();
        ours = add("both", claimed, not_deployed);
        add("created there", claimed, not_deployed);
        add("replaced", claimed, not_deployed);
        auto replaced = *db.instances.find("of replaced on card-2");
        replaced.on_card = true;
        db.processes.heal(db.instances.find(replaced.id)->running_process, replaced, claimed);
        BOOST_TEST(db.cards.by_identity(model::card_identity::of_row("479001").value()).size() == 2u);
    }
    model::service_instance add(const std::string& id, const model::secure_component& card,
                                model::instance_state state) {
        auto instance = some_instance("of " + id + " on " + card.id);
        instance.secure_component_id = card.id;
        instance.target.service_id = id;
        instance.state = state;
        instance.on_card = state != not_deployed;
        BOOST_TEST(created(db.instances.create(instance, card)));
        return instance;
    }
    /// The issuer authenticates the card in a process on `ours`, while another may be busy with `theirs`.
    void prove(const char* issuer, bool busy) {
        auto process = some_process();
        process.id = "on theirs";
        process.instance = theirs.id;
        if (busy)
            begin(db, process, theirs);
        auto mine = some_process();
        mine.card = "card-2";
        mine.instance = ours.id;
        begin(db, mine, ours);
        ours.state = operational;
        ours.on_card = true;
        claimed.tsm_domain = some_card().tsm_domain;
        claimed.issuer = issuer;
        std::optional<model::outbox_entry> none;
        db.processes.end({mine.id, model::error_category::none, "", "later"}, ours, claimed, false, none);
        if (busy) {
            BOOST_TEST(db.cards.all().size() == 2u);
            db.processes.end({process.id, model::error_category::none, "", "later"}, theirs, db.cards.find("card-1"),
                             false, none);
        }
    }

    temporary_database t;
    device_store db{t.file()};
    model::secure_component proven = some_card(), claimed = some_card();
    model::service_instance theirs, ours;
};

void one_row_has_what_both_had(device_store& db) {
    BOOST_REQUIRE_EQUAL(db.cards.all().size(), 1u);
    const auto card = db.cards.all()[0];
    std::set<int> versions{card.tsm_domain->keys->version};
    for (const auto& keys : card.tsm_domain->other_keys)
        versions.insert(keys.version);
    BOOST_TEST(versions == (std::set<int>{0x30, 0x31, 0x32}), boost::test_tools::per_element());
    std::map<std::string, int> states;
    for (const auto& i : db.instances.on(card.id)) {
        BOOST_TEST(i.secure_component_id == card.id);
        states[i.target.service_id] = static_cast<int>(i.state);
    }
    BOOST_TEST(states.size() == 4u);
    BOOST_TEST(states["both"] == static_cast<int>(operational));
    BOOST_TEST(states["theirs alone"] == static_cast<int>(suspended));
    BOOST_TEST(db.instances.of("both", {card.id}).size() == 1u);
}

} // namespace

BOOST_AUTO_TEST_SUITE(store_cards)

BOOST_AUTO_TEST_CASE(rows_of_the_same_physical_card_become_one) {
    for (const char* issuer : {"lab", "another"})
        for (const bool busy : {false, true}) {
            BOOST_TEST_CONTEXT("issuer " << issuer << ", busy " << busy) {
                two_rows_of_a_card rows;
                auto& db = rows.db;
                rows.prove(issuer, busy);
                if (issuer != std::string("lab")) {
                    BOOST_TEST(db.cards.all().size() == 2u); // each says so of its own cards
                    continue;
                }
                one_row_has_what_both_had(db);
                if (!busy) { // the row of the process that has ended says it last
                    const auto card = db.cards.all()[0];
                    BOOST_TEST(db.instances.find(rows.ours.id).has_value());
                    BOOST_REQUIRE_EQUAL(db.instances.tombstones_on(card.id).size(), 1u);
                    BOOST_TEST(db.instances.tombstones_on(card.id)[0].target.service_id == "tombstone");
                }
                BOOST_TEST(!db.broken_audit_entry());
            }
        }
}

BOOST_AUTO_TEST_SUITE_END()
