// What the rows of secure components say, who may change it, and what becomes of a card that is lost.

#include "tests/unit/instance_rows.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <boost/test/unit_test.hpp>
#include <functional>

using namespace tsms;
using namespace tsms::unit;
using store::device_store;

BOOST_AUTO_TEST_SUITE(store_cards)

BOOST_AUTO_TEST_CASE(an_operator_changes_a_card_only_while_no_process_does) {
    temporary_database t;
    device_store db(t.file());
    auto card = some_card();
    card.quarantined = true;
    card.strikes = 2;
    db.instances.create(some_instance(), card);
    using change = store::card_change;
    BOOST_TEST((db.cards.release("card-2") == change::unknown_card));
    begin(db, some_process(), some_instance());
    BOOST_TEST((db.cards.release("card-1") == change::process_running));
    BOOST_TEST(db.cards.find("card-1")->quarantined);
    std::optional<model::outbox_entry> none;
    db.processes.end({"process-1", model::error_category::sc_inaccessible, "no", "later"}, some_instance(),
                     std::nullopt, false, none);
    BOOST_TEST(db.cards.find("card-1")->quarantined); // a process that did not touch it leaves its row alone
    BOOST_TEST((db.cards.release("card-1") == change::done));
    BOOST_TEST(!db.cards.find("card-1")->quarantined);
    BOOST_TEST(db.cards.find("card-1")->strikes == 0);
    BOOST_TEST(!db.instances.find("instance-1")->on_card);
    BOOST_TEST((db.cards.doubt("card-1") == change::done));
    BOOST_TEST(db.cards.find("card-1")->doubt);
    BOOST_TEST(db.instances.find("instance-1")->on_card);
    BOOST_TEST(!db.broken_audit_entry());
}

BOOST_AUTO_TEST_CASE(only_what_may_be_on_a_card_is_looked_for_again) {
    temporary_database t;
    device_store db(t.file());
    const auto add = [&](const std::string& id, model::instance_state state, bool has_had_a_domain) {
        auto instance = some_instance(id);
        instance.target.service_id = "service of " + id;
        instance.state = state;
        if (has_had_a_domain)
            instance.domain.emplace();
        db.instances.create(instance, some_card());
    };
    add("created", model::instance_state::not_deployed, false);
    add("deployed", model::instance_state::operational, true);
    add("failed", model::instance_state::not_deployed, true); // a deploy broke off, and the state fell back
    BOOST_TEST((db.cards.doubt("card-1") == store::card_change::done));
    BOOST_TEST(!db.instances.find("created")->on_card);
    BOOST_TEST(db.instances.find("deployed")->on_card);
    BOOST_TEST(db.instances.find("failed")->on_card);
    BOOST_TEST((db.cards.doubt("card-1", true) == store::card_change::done));
    BOOST_TEST(db.instances.find("created")->on_card);
}

BOOST_AUTO_TEST_CASE(a_claim_that_nobody_has_proven_gives_way_to_the_next_one) {
    temporary_database t;
    device_store db(t.file());
    auto liar = some_card();
    liar.tsm_domain.reset();
    liar.issuer = "wrong";
    liar.profile_id = "wrong";
    liar.isd_aid = "A000000151";
    liar.cin_iin = "AA";
    liar.strikes = 1;
    db.instances.create(some_instance(), liar);
    auto create = [&, number = 2](const model::secure_component& card) mutable {
        auto next = some_instance("instance-" + std::to_string(number));
        next.target.service_id = "service-" + std::to_string(number++);
        BOOST_TEST(created(db.instances.create(next, card)));
        return *db.cards.find(db.instances.find(next.id)->secure_component_id);
    };
    auto honest = some_card();
    honest.tsm_domain.reset();
    honest.issuer = "right";
    honest.profile_id = "right";
    honest.isd_aid = "A000000152";
    honest.cin_iin = "BB";
    honest.claimed = "2026-01-01T00:00:00.000Z";
    auto row = create(honest);
    BOOST_TEST(row.issuer == "right");
    BOOST_TEST(row.profile_id == "right");
    BOOST_TEST(row.isd_aid == "A000000152");
    BOOST_TEST(row.cin_iin == "BB");
    BOOST_TEST(row.claimed == honest.claimed);
    BOOST_TEST(row.strikes == 1);

    // Once an issuer has proven the card, phones neither change it nor add to it: a claim has a row of its own.
    std::optional<model::outbox_entry> none;
    begin(db, some_process(), some_instance());
    row.tsm_domain = some_card().tsm_domain;
    db.processes.end({"process-1", model::error_category::none, "", "later"}, some_instance(), row, false, none);
    const auto proven = store::encode(*db.cards.find("card-1"));
    auto late = some_instance("instance-9");
    late.target.service_id = "service-9";
    BOOST_TEST((db.instances.create(late, liar) == model::creation::card_changed)); // it was a claim when it was read
    liar.id = "card-2"; // a new row, as for a card that nobody knows
    BOOST_TEST(create(liar).id == "card-2");
    BOOST_TEST(create(liar).issuer == "wrong");
    BOOST_TEST(store::encode(*db.cards.find("card-1")) == proven);
    BOOST_TEST(db.cards.by_identity(model::card_identity::of_row("479001").value()).size() == 2u);
    BOOST_TEST(create(row).id == "card-1"); // a card that has proven itself
}

// DIV-059: a stranger's ATR would choose issuer and profile of somebody else's card.
BOOST_AUTO_TEST_CASE(whoever_says_something_else_of_a_card_has_a_row_of_his_own) {
    const temporary_database folder;
    store::device_store db(folder.file());
    const auto claimed = [&](const std::string& id, const std::string& claims, const std::string& issuer) {
        auto card = some_card();
        card.tsm_domain.reset();
        card.id = id;
        card.claims = claims;
        card.issuer = issuer;
        return card;
    };
    const auto instance = [](const std::string& id, const std::string& card) {
        auto i = some_instance(id);
        i.secure_component_id = card;
        return i;
    };
    const auto identity = model::card_identity::of_row(some_card().identity).value();
    BOOST_TEST((db.instances.create(instance("strangers", "card-1"),
                                    claimed("card-1", "atr of another card", "wrong")) == model::creation::created));
    BOOST_TEST(!db.cards.by_claims(identity, "atr"));
    BOOST_TEST((db.instances.create(instance("victims", "card-2"), claimed("card-2", "atr", "right")) ==
                model::creation::created)); // the same Service: the other one is not its own
    BOOST_TEST(db.cards.by_claims(identity, "atr")->id == "card-2");
    BOOST_TEST(db.cards.by_claims(identity, "atr")->issuer == "right");
    BOOST_TEST((db.instances.create(instance("again", "card-3"), claimed("card-3", "atr of another card", "worse")) ==
                model::creation::has_service));
    BOOST_TEST(db.instances.find("victims")->secure_component_id == "card-2");
    BOOST_TEST(db.cards.find("card-2")->issuer == "right");
}

BOOST_AUTO_TEST_CASE(an_operator_says_whose_a_card_is) {
    temporary_database t;
    device_store db(t.file());
    using change = store::card_change;
    auto card = some_card();
    const auto domain = card.tsm_domain;
    card.tsm_domain.reset();
    db.instances.create(some_instance(), card);
    BOOST_TEST((db.cards.assign("card-2", "other", false) == change::unknown_card));
    BOOST_TEST((db.cards.assign("card-1", "other", false) == change::unknown_issuer));
    BOOST_TEST(db.issuers.add({"other", "https://issuer", "PEM", {9}, {}}));
    begin(db, some_process(), some_instance());
    BOOST_TEST((db.cards.assign("card-1", "other", true) == change::process_running));
    std::optional<model::outbox_entry> none;
    db.processes.end({"process-1", model::error_category::none, "", "later"}, some_instance(), std::nullopt, false,
                     none);
    BOOST_TEST((db.cards.assign("card-1", "other", false) == change::done));
    auto next = some_instance("instance-2");
    next.target.service_id = "service-2";
    db.instances.create(next, card);
    BOOST_TEST(db.cards.find("card-1")->issuer == "other"); // a claim does not change it any more

    // A domain that the issuer of now has created only it can remove.
    auto proven = some_card();
    proven.id = "card-9";
    proven.identity = "479009";
    auto third = some_instance("instance-3");
    third.secure_component_id = "card-9";
    db.instances.create(third, proven);
    BOOST_TEST((db.cards.assign("card-9", "other", false) == change::would_strand));
    BOOST_TEST(db.cards.find("card-9")->issuer == "lab");
    BOOST_TEST((db.cards.assign("card-9", "other", true) == change::done));
    BOOST_TEST(db.cards.find("card-9")->issuer == "other");
    BOOST_TEST((db.cards.find("card-9")->tsm_domain->keys == domain->keys));
}

BOOST_AUTO_TEST_CASE(an_issuer_that_cards_need_stays) {
    temporary_database t;
    device_store db(t.file());
    BOOST_TEST(!db.issuers.remove("lab").known);
    for (const char* name : {"lab", "other"})
        BOOST_TEST(db.issuers.add({name, "https://issuer", "PEM", {9}, {}}));
    db.instances.create(some_instance(), some_card());
    auto claimed = some_card();
    claimed.id = "card-2";
    claimed.identity = "479002";
    claimed.tsm_domain.reset();
    auto second = some_instance("instance-2");
    second.secure_component_id = "card-2";
    db.instances.create(second, claimed);
    BOOST_TEST(db.issuers.remove("lab").cards == 1u); // the other is only a phone's word
    BOOST_TEST(db.issuers.all().size() == 2u);
    BOOST_TEST(db.cards.find("card-2")->issuer == "lab");
    BOOST_TEST((db.cards.assign("card-1", "other", true) == store::card_change::done));
    auto process = some_process();
    process.card = "card-2";
    begin(db, process, second);
    BOOST_TEST(db.issuers.remove("lab").cards == 1u); // its row is being written
    std::optional<model::outbox_entry> none;
    db.processes.end({"process-1", model::error_category::none, "", "later"}, second, std::nullopt, false, none);
    const auto removal = db.issuers.remove("lab");
    BOOST_TEST(removal.known);
    BOOST_TEST(removal.cards == 0u);
    BOOST_TEST(db.cards.find("card-2")->issuer == "");
    BOOST_TEST(db.issuers.all().size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_only_phones_have_named_is_forgotten_after_its_time) {
    temporary_database t;
    device_store db(t.file());
    const auto now = std::chrono::system_clock::now();
    const auto ago = [&](int hours) { return iso8601(now - std::chrono::hours(hours)); };
    using change_row = std::function<void(model::secure_component&, model::service_instance&)>;
    const auto add = [&](const std::string& id, const change_row& change) {
        auto card = some_card();
        card.id = card.identity = id;
        card.tsm_domain.reset();
        card.claimed = ago(10);
        card.was_proven = true;
        auto instance = some_instance("on " + id);
        instance.secure_component_id = id;
        instance.state = model::instance_state::not_deployed;
        instance.created = ago(10);
        change(card, instance);
        db.instances.create(instance, card);
    };
    add("claimed", [](auto&, auto&) {});
    add("claimed lately", [&](auto& card, auto&) { card.claimed = ago(1); });
    add("used lately", [&](auto&, auto& instance) { instance.created = ago(1); });
    add("proven", [](auto& card, auto&) { card.tsm_domain = some_card().tsm_domain; });
    add("domain in doubt", [](auto& card, auto&) { card.tsm_domain.emplace(); });
    add("assigned", [](auto& card, auto&) { card.assigned = true; });
    add("quarantined", [](auto& card, auto&) { card.quarantined = true; });
    add("deployed", [](auto&, auto& instance) { instance.state = model::instance_state::installed; });
    add("may be there", [](auto&, auto& instance) { instance.on_card = true; });
    add("at work", [](auto&, auto&) {});
    add("empty", [](auto&, auto&) {});
    add("tombstone", [](auto&, auto& instance) { instance.on_card = true; });
    db.cards.lost("tombstone");
    std::optional<model::outbox_entry> none;
    auto process = some_process();
    process.card = "empty";
    process.instance = "on empty";
    begin(db, process, *db.instances.find("on empty"));
    db.processes.end({"process-1", model::error_category::none, "", "later"}, *db.instances.find("on empty"),
                     std::nullopt, true, none);
    process.id = "process-2";
    process.card = "at work";
    process.instance = "on at work";
    begin(db, process, *db.instances.find("on at work"));

    BOOST_TEST(db.retention.forget_claims_before(now - std::chrono::hours(11), now) == 0u);
    BOOST_TEST(db.retention.forget_claims_before(now - std::chrono::hours(5), now) == 2u);
    BOOST_TEST(!db.cards.find("claimed"));
    BOOST_TEST(!db.instances.find("on claimed"));
    BOOST_TEST(!db.cards.find("empty"));
    BOOST_TEST(db.cards.all().size() == 10u);
    BOOST_TEST(!db.broken_audit_entry());
}

// DIV-062
BOOST_AUTO_TEST_CASE(what_nobody_has_ever_proven_goes_soon_and_takes_its_processes_along) {
    temporary_database t;
    device_store db(t.file());
    const auto now = std::chrono::system_clock::now();
    const auto add = [&](const std::string& id, bool proven_once, bool on_card) {
        auto card = some_card();
        card.id = card.identity = id;
        card.tsm_domain.reset();
        card.claimed = iso8601(now - std::chrono::hours(10));
        card.was_proven = proven_once;
        auto instance = some_instance("on " + id);
        instance.secure_component_id = id;
        instance.state = model::instance_state::not_deployed;
        instance.created = card.claimed;
        instance.on_card = on_card;
        db.instances.create(instance, card);
        auto process = some_process();
        process.id = "process on " + id;
        process.card = id;
        process.instance = instance.id;
        begin(db, process, instance);
        db.processes.journal(process.id, "install");
        std::optional<model::outbox_entry> none;
        db.processes.end({process.id, model::error_category::sc_inaccessible, "", "later"}, instance, std::nullopt,
                         false, none);
        db.card_log.append({{process.id, false, "00A40400", "", {}}});
    };
    add("invented", false, false);
    add("invented, with rules asked for", false, true); // noted before the issuer has looked at the card
    add("proven once", true, false);
    const auto long_ago = now - std::chrono::hours(100);
    BOOST_TEST(db.retention.forget_claims_before(long_ago, now - std::chrono::hours(11)) == 0u);
    BOOST_TEST(db.retention.forget_claims_before(long_ago, now - std::chrono::hours(9)) == 2u);
    BOOST_TEST(!db.cards.find("invented"));
    BOOST_TEST(!db.instances.find("on invented, with rules asked for"));
    BOOST_TEST(db.card_log.of("process on invented").empty());
    BOOST_TEST(db.instances.find("on proven once").has_value());
    BOOST_TEST(db.card_log.of("process on proven once").size() == 1u);

    SQLite::Database rows(t.file().string());
    for (const char* count : {"SELECT count(*) FROM processes", "SELECT count(*) FROM journal"})
        BOOST_TEST(rows.execAndGet(count).getInt() == 1);
    BOOST_TEST(!db.broken_audit_entry());
}

// AMB-227
BOOST_AUTO_TEST_CASE(a_lost_instance_is_a_tombstone_until_it_is_cleaned_up) {
    temporary_database t;
    device_store db(t.file());
    auto instance = some_instance();
    instance.on_card = true;
    db.instances.create(instance, some_card());
    auto never_deployed = some_instance("instance-3");
    never_deployed.target.service_id = "service-3";
    never_deployed.state = model::instance_state::not_deployed;
    db.instances.create(never_deployed, some_card());
    BOOST_TEST((db.cards.lost("card-1") == store::card_change::done));
    BOOST_TEST(!db.instances.find("instance-1"));
    BOOST_TEST(!db.instances.find("instance-3")); // of what was never on the card nothing is kept
    BOOST_TEST(db.instances.of("service-1", {"card-1"}).empty());
    BOOST_TEST(db.instances.count_on("card-1") == 0u);
    BOOST_REQUIRE_EQUAL(db.instances.tombstones_on("card-1").size(), 1u);
    BOOST_TEST(store::encode(db.instances.tombstones_on("card-1")[0]) == store::encode(instance));

    BOOST_TEST(created(db.instances.create(some_instance("instance-2"), some_card()))); // the service may come again
    auto process = some_process();
    process.instance = "instance-2";
    for (const std::vector<std::string>& cleaned : {std::vector<std::string>{}, {"instance-1"}}) {
        BOOST_TEST(db.instances.tombstones_on("card-1").size() == 1u);
        std::optional<model::outbox_entry> none;
        begin(db, process, some_instance("instance-2"));
        db.processes.end({process.id, model::error_category::none, "", "later", cleaned}, some_instance("instance-2"),
                         std::nullopt, false, none);
        process.id += "'";
    }
    BOOST_TEST(db.instances.tombstones_on("card-1").empty());
    BOOST_TEST(db.instances.find("instance-2").has_value());
    BOOST_TEST(!db.broken_audit_entry());
}

BOOST_AUTO_TEST_CASE(a_card_that_was_given_up_and_is_found_has_its_instances_again) {
    temporary_database t;
    device_store db(t.file());
    using change = store::card_change;
    auto other = some_instance("instance-2");
    other.target.service_id = "service-2";
    db.instances.create(some_instance(), some_card());
    db.instances.create(other, some_card());
    BOOST_TEST((db.cards.found("card-2") == change::unknown_card));
    db.cards.lost("card-1");
    BOOST_TEST(
        created(db.instances.create(some_instance("instance-3"), some_card()))); // the service came again meanwhile
    BOOST_TEST((db.cards.found("card-1") == change::done));
    BOOST_TEST(!db.instances.find("instance-1"));
    BOOST_REQUIRE(db.instances.find("instance-2"));
    BOOST_TEST(store::encode(*db.instances.find("instance-2")) == store::encode(other));
    BOOST_REQUIRE_EQUAL(db.instances.tombstones_on("card-1").size(), 1u); // it goes with the next process
    BOOST_TEST(db.instances.tombstones_on("card-1")[0].id == "instance-1");
}

BOOST_AUTO_TEST_CASE(an_operator_gives_a_card_up_and_its_tombstones) {
    temporary_database t;
    using change = store::card_change;
    {
        device_store db(t.file());
        db.instances.create(some_instance(), some_card());
        BOOST_TEST((db.cards.lost("card-2") == change::unknown_card));
        begin(db, some_process(), some_instance());
        BOOST_TEST((db.cards.lost("card-1") == change::process_running));
        std::optional<model::outbox_entry> none;
        db.processes.end({"process-1", model::error_category::none, "", "later"}, some_instance(), std::nullopt, false,
                         none);
        BOOST_TEST((db.cards.lost("card-1") == change::done));
    }
    device_store db(t.file());
    BOOST_TEST(!db.instances.find("instance-1"));
    BOOST_TEST(db.instances.tombstones_on("card-1").size() == 1u);
    BOOST_TEST(db.retention.forget_claims_before(std::chrono::system_clock::now(), std::chrono::system_clock::now()) ==
               0u);
    BOOST_TEST((db.cards.drop_tombstones("card-2") == change::unknown_card));
    BOOST_TEST((db.cards.drop_tombstones("card-1") == change::done));
    BOOST_TEST(db.instances.tombstones_on("card-1").empty());
}

BOOST_AUTO_TEST_CASE(what_cards_of_a_kind_prove_themselves_by) {
    temporary_database t;
    device_store db(t.file());
    BOOST_TEST(!db.cards.domain_of_kind("eSE1", "3B01"));
    for (int n = 0; n < 4; ++n) {
        auto card = some_card();
        card.id = card.identity = "card " + std::to_string(n);
        card.tsm_domain->keys->version = n == 3 ? 0x32 : 0x31;
        auto instance = some_instance(card.id);
        instance.secure_component_id = card.id;
        instance.atr = "3B01";
        if (n == 0)
            instance.state = model::instance_state::not_deployed; // whoever has created it
        db.instances.create(instance, card);
    }
    const auto hint = db.cards.domain_of_kind("eSE1", "3B01");
    BOOST_REQUIRE(hint);
    BOOST_TEST(hint->key_version == 0x31);
    BOOST_TEST(!db.cards.domain_of_kind("eSE1", "3B02"));
    BOOST_TEST(!db.cards.domain_of_kind("SIM1", "3B01"));
}

BOOST_AUTO_TEST_SUITE_END()
