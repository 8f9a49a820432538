#include "store/app_lookup.hpp"
#include "store/error.hpp"
#include "tests/unit/instance_rows.hpp"

#include <boost/test/unit_test.hpp>
#include <sqlite3.h>

using namespace tsms;
using namespace tsms::unit;
using store::device_store;

namespace {

int count_rows(const std::filesystem::path& file, const std::string& table) {
    sqlite3* raw = nullptr;
    BOOST_REQUIRE(sqlite3_open(file.c_str(), &raw) == SQLITE_OK);
    int count = -1;
    sqlite3_exec(
        raw, ("SELECT count(*) FROM " + table).c_str(),
        [](void* out, int, char** values, char**) {
            *static_cast<int*>(out) = std::stoi(values[0]);
            return 0;
        },
        &count, nullptr);
    sqlite3_close(raw);
    return count;
}

} // namespace

BOOST_AUTO_TEST_SUITE(store_instances)

// DIV-064: it was deployed when nobody demanded that its card tells its rules.
BOOST_AUTO_TEST_CASE(an_instance_of_before_has_no_rules_to_read_back) {
    auto instance = some_instance();
    BOOST_REQUIRE(instance.target.card.rules_read_back);
    auto document = store::encode(instance);
    BOOST_TEST(store::decode_instance(document).target.card.rules_read_back);
    const std::string member = R"("rulesReadBack":true,)";
    const auto at = document.find(member);
    BOOST_REQUIRE(at != std::string::npos);
    BOOST_TEST(!store::decode_instance(document.erase(at, member.size())).target.card.rules_read_back);
}

BOOST_AUTO_TEST_CASE(a_script_comes_back_as_it_was_stored) {
    auto instance = some_instance();
    instance.half_personalized = true;
    const auto back = store::decode_instance(store::encode(instance));
    BOOST_TEST((back.target.applications[0].script == instance.target.applications[0].script));
    BOOST_TEST(back.target.applications[0].personalized);
    BOOST_TEST(back.half_personalized);
    const auto before = store::decode_instance(R"({"id":"i","target":{"applications":[{"hasPersonalization":true}]}})");
    BOOST_TEST(!before.target.applications[0].script); // a row of before
}

BOOST_AUTO_TEST_CASE(an_instance_comes_back_as_it_was_stored) {
    temporary_database t;
    {
        device_store db(t.file());
        BOOST_TEST(created(db.instances.create(some_instance(), some_card())));
    }
    const device_store db(t.file());
    const auto back = db.instances.find("instance-1");
    BOOST_REQUIRE(back);
    BOOST_TEST(store::encode(*back) == store::encode(some_instance()));
    BOOST_TEST(back->target.load_files.at(0).size == 1234u);
    BOOST_TEST(!back->target.applications.at(0).make_selectable);
    BOOST_TEST(back->target.card.order_apdus == 17);
    BOOST_TEST(!back->target.card.challenge_counter);
    const auto cards = db.cards.by_identity(model::card_identity::of_row("479001").value());
    BOOST_REQUIRE_EQUAL(cards.size(), 1u);
    const auto* card = &cards[0];
    BOOST_TEST((card->tsm_domain->keys == some_card().tsm_domain->keys));
    BOOST_TEST(card->tsm_domain->key_form == "bare");
    BOOST_TEST(card->tsm_domain->other_keys.empty());
}

BOOST_AUTO_TEST_CASE(a_card_has_a_service_once) {
    temporary_database t;
    device_store db(t.file());
    BOOST_TEST(created(db.instances.create(some_instance(), some_card())));
    BOOST_TEST(!created(db.instances.create(some_instance("instance-2"), some_card())));
    BOOST_TEST(db.instances.of("service-1", {"card-1"}).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_known_card_keeps_its_row_but_gets_the_issuer_it_lacks) {
    temporary_database t;
    device_store db(t.file());
    auto card = some_card();
    card.issuer.clear();
    card.strikes = 1;
    db.instances.create(some_instance(), card);
    auto second = some_instance("instance-2");
    second.target.service_id = "service-2";
    BOOST_TEST(created(db.instances.create(second, some_card())));
    BOOST_TEST(db.cards.find("card-1")->issuer == "lab");
    BOOST_TEST(db.cards.find("card-1")->strikes == 1);
}

BOOST_AUTO_TEST_CASE(a_process_without_an_end_is_found_again_and_tells_whether_it_is_in_doubt) {
    temporary_database t;
    {
        device_store db(t.file());
        db.instances.create(some_instance(), some_card());
        BOOST_TEST(begin(db, some_process(), some_instance()));
        db.processes.journal("process-1", "install");
    }
    device_store db(t.file());
    auto found = db.processes.interrupted();
    BOOST_REQUIRE_EQUAL(found.size(), 1u);
    BOOST_TEST(found[0].in_doubt);
    BOOST_TEST((found[0].process.requested == some_process().requested));
    db.processes.commit("process-1", found[0].instance,
                        found[0].card); // what it notes on the way says nothing of the card
    BOOST_TEST(db.processes.interrupted().at(0).in_doubt);
    std::optional<model::outbox_entry> none;
    db.processes.end({"process-1", model::error_category::none, "", "2026-01-01T00:00:01.000Z"}, found[0].instance,
                     found[0].card, false, none);
    BOOST_TEST(db.processes.interrupted().empty());
}

// The bounds of a JSON document are for strangers: a row that could not be read would stop every call on its card.
BOOST_AUTO_TEST_CASE(a_row_of_any_size_is_read_again) {
    auto instance = some_instance();
    for (int i = 0; i < 30'000; ++i)
        instance.target.beside.rules.push_back({std::to_string(i), std::string(64, 'A'), true, false});
    const auto document = store::encode(instance);
    BOOST_TEST(document.size() > 2'000'000u);
    BOOST_TEST((store::encode(store::decode_instance(document)) == document));
}

BOOST_AUTO_TEST_CASE(the_end_of_a_process_and_its_delivery_are_one) {
    temporary_database t;
    device_store db(t.file());
    db.instances.create(some_instance(), some_card());
    BOOST_TEST(begin(db, some_process(), some_instance()));
    std::optional<model::outbox_entry> delivery(std::in_place);
    delivery->process = "process-1";
    delivery->spos = {"https://spos", "PEM"};
    delivery->body = "{}";
    delivery->created = std::chrono::system_clock::now();
    db.processes.end({"process-1", model::error_category::none, "", "later"}, some_instance(), some_card(), true,
                     delivery);
    BOOST_TEST(!db.instances.find("instance-1"));
    BOOST_TEST(delivery->id > 0);
    BOOST_REQUIRE_EQUAL(db.outbox.waiting().size(), 1u);
    db.outbox.attempt_failed(delivery->id, std::chrono::seconds(5), "refused");
    BOOST_TEST(db.outbox.waiting()[0].attempts == 1);
    BOOST_TEST(db.outbox.waiting()[0].waited.count() == 5);
    BOOST_TEST(db.outbox.waiting()[0].last_error == "refused");
    db.outbox.delivered(delivery->id);
    BOOST_TEST(db.outbox.waiting().empty());
}

BOOST_AUTO_TEST_CASE(a_changed_audit_entry_is_found) {
    temporary_database t;
    device_store db(t.file());
    db.instances.create(some_instance(), some_card());
    BOOST_TEST(begin(db, some_process(), some_instance()));
    BOOST_TEST(!db.broken_audit_entry());
    BOOST_TEST(db.audit_entries() >= 3u);
    sqlite3* raw = nullptr;
    BOOST_REQUIRE(sqlite3_open(t.file().c_str(), &raw) == SQLITE_OK);
    BOOST_REQUIRE(sqlite3_exec(raw, "UPDATE audit SET subject = 'other' WHERE sequence = 2", nullptr, nullptr,
                               nullptr) == SQLITE_OK);
    sqlite3_close(raw);
    BOOST_REQUIRE(db.broken_audit_entry());
    BOOST_TEST(*db.broken_audit_entry() == 2);
}

BOOST_AUTO_TEST_CASE(another_schema_version_is_refused_by_name) {
    temporary_database t;
    { device_store db(t.file()); }
    sqlite3* raw = nullptr;
    BOOST_REQUIRE(sqlite3_open(t.file().c_str(), &raw) == SQLITE_OK);
    sqlite3_exec(raw, "PRAGMA user_version = 99", nullptr, nullptr, nullptr);
    sqlite3_close(raw);
    BOOST_CHECK_EXCEPTION(device_store(t.file()), store::error,
                          [](const store::error& e) { return std::string(e.what()).find("99") != std::string::npos; });
}

BOOST_AUTO_TEST_CASE(issuers_and_apps_are_registered_once) {
    temporary_database t;
    device_store db(t.file());
    model::issuer_record issuer{"lab", "https://issuer", "PEM", {9, 9}, {}};
    issuer.cards.cplc = {"4790"};
    BOOST_TEST(db.issuers.add(issuer));
    BOOST_TEST(!db.issuers.add(issuer));
    BOOST_TEST((db.issuers.all().at(0).transport_key == bytes{9, 9}));
    BOOST_TEST(db.issuers.all().at(0).cards.cplc.at(0) == "4790");
    BOOST_TEST(db.apps.add({"AA", "provider", {1}, {}}));
    BOOST_TEST(!db.apps.add({"AA", "other", {2}, {}}));
    BOOST_TEST(db.apps.revoke("AA"));
    BOOST_TEST(!db.apps.revoke("AA"));
}

BOOST_AUTO_TEST_CASE(a_card_is_one_row_whoever_stores_it_first) {
    temporary_database t;
    device_store db(t.file());
    BOOST_TEST(created(db.instances.create(some_instance(), some_card())));
    auto same = some_card(); // another call saw the card at the same time
    same.id = "card-2";
    auto other = some_instance("instance-2");
    other.secure_component_id = "card-2";
    other.target.service_id = "service-2";
    BOOST_TEST(created(db.instances.create(other, same)));
    BOOST_TEST(db.cards.all().size() == 1u);
    BOOST_TEST(db.instances.find("instance-2")->secure_component_id == "card-1");
    other.id = "instance-3";
    BOOST_TEST(!created(db.instances.create(other, same))); // the card has an instance of the service
}

BOOST_AUTO_TEST_CASE(a_provider_may_demand_credentials_before_its_first_app) { // AMB-236
    temporary_database t;
    device_store db(t.file());
    BOOST_TEST(!db.apps.must_prove("sp"));
    BOOST_TEST(db.apps.demand_proof("sp", true));
    BOOST_TEST(!db.apps.demand_proof("sp", true));
    BOOST_TEST(db.apps.must_prove("sp"));
    BOOST_TEST(!db.apps.must_prove("another"));
    BOOST_TEST(db.apps.demand_proof("sp", false));
    BOOST_TEST(!db.apps.must_prove("sp"));
}

BOOST_AUTO_TEST_CASE(keys_of_access_tokens_are_their_providers) { // DIV-120
    using addition = store::token_keys::addition;
    temporary_database t;
    device_store db(t.file());
    const auto lookup = store::open_app_lookup(t.file());
    const store::token_key_record key{"iss", "k0", "sp", "aud", "PEM", ""};
    BOOST_TEST((db.token_keys.add(key) == addition::added));
    BOOST_TEST(db.apps.must_prove("sp")); // anonymous apps speak for it no more
    BOOST_TEST((db.token_keys.add(key) == addition::key_id_taken));
    auto other = key;
    other.provider = "another";
    other.key_id = "k1";
    BOOST_TEST((db.token_keys.add(other) == addition::issuer_of_another)); // it would speak for two
    BOOST_TEST(!db.apps.must_prove("another"));
    for (std::size_t n = 1; n < store::token_keys::most_of_issuer; ++n) {
        auto next = key;
        next.key_id = "k" + std::to_string(n);
        BOOST_TEST((db.token_keys.add(next) == addition::added));
    }
    other = key;
    other.key_id = "one too many";
    BOOST_TEST((db.token_keys.add(other) == addition::too_many));
    const auto found = lookup->token_keys("iss");
    BOOST_REQUIRE_EQUAL(found.size(), store::token_keys::most_of_issuer);
    BOOST_TEST(found[0].key_id == "k0");
    BOOST_TEST(found[0].provider == "sp");
    BOOST_TEST(found[0].audience == "aud");
    BOOST_TEST(found[0].public_key == "PEM");
    BOOST_TEST(!found[0].created.empty());
    BOOST_TEST(lookup->token_keys("nobody").empty());
    BOOST_TEST(db.token_keys.remove("another", "k0") == 0u);
    BOOST_TEST(db.token_keys.remove("sp", "k0") == 1u);
    BOOST_TEST(lookup->token_keys("iss").size() == store::token_keys::most_of_issuer - 1);
    BOOST_TEST(db.token_keys.remove("sp", "") == store::token_keys::most_of_issuer - 1);
    BOOST_TEST(db.token_keys.all().empty());
    BOOST_TEST(db.apps.must_prove("sp")); // a key that has gone opens no door
}

BOOST_AUTO_TEST_CASE(a_provider_whose_app_was_revoked_has_had_apps) {
    temporary_database t;
    device_store db(t.file());
    const store::app_record app{"CAFE", "sp", bytes(32, 1), ""};
    BOOST_TEST(!db.apps.must_prove("sp"));
    BOOST_TEST(db.apps.add(app));
    BOOST_TEST(!db.apps.add(app));
    BOOST_TEST(db.apps.revoke("CAFE"));
    BOOST_TEST(!db.apps.revoke("CAFE"));
    BOOST_TEST(db.apps.must_prove("sp"));
    BOOST_TEST(db.apps.all().at(0).credential_hash.empty());
    BOOST_TEST(!db.apps.add({"CAFE", "another sp", bytes(32, 2), ""}));
    BOOST_TEST(db.apps.add(app));
}

BOOST_AUTO_TEST_CASE(an_end_that_is_told_twice_counts_once) {
    temporary_database t;
    device_store db(t.file());
    db.instances.create(some_instance(), some_card());
    BOOST_TEST(begin(db, some_process(), some_instance()));
    const model::process_end end{"process-1", model::error_category::none, "", "2026-01-01T00:00:01.000Z"};
    bool told = false;
    const auto tell = [&] {
        std::optional<model::outbox_entry> delivery(std::in_place);
        delivery->process = "process-1";
        delivery->spos = {"https://spos", ""};
        delivery->body = "{}";
        BOOST_TEST(db.processes.end(end, some_instance(), some_card(), false, delivery) == !std::exchange(told, true));
        return delivery ? delivery->id : 0;
    };
    const auto first = tell();
    BOOST_TEST(first > 0);
    BOOST_TEST(tell() == first);
    BOOST_TEST(db.outbox.waiting().size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_instance_whose_process_is_not_there_is_stranded) {
    temporary_database t;
    device_store db(t.file());
    auto instance = some_instance();
    db.instances.create(instance, some_card());
    instance.running_process = "process-1";
    BOOST_TEST(begin(db, some_process(), instance));
    BOOST_TEST(db.processes.stranded().empty()); // it runs
    std::optional<model::outbox_entry> none;
    db.processes.end({"process-1", model::error_category::none, "", "2026-01-01T00:00:01.000Z"}, instance, some_card(),
                     false, none);
    const auto found = db.processes.stranded();
    BOOST_REQUIRE_EQUAL(found.size(), 1u);
    BOOST_TEST(found[0].instance.running_process == "process-1");
    db.processes.heal(db.instances.find("instance-1")->running_process, some_instance(), some_card());
    BOOST_TEST(db.processes.stranded().empty());
    BOOST_TEST(!db.broken_audit_entry());
}

// Between the rows' being read and the beginning of the process an operator may be at work (tsms card, tsms issuer).
BOOST_AUTO_TEST_CASE(a_process_begins_only_on_the_rows_that_were_read) {
    using change = std::function<void(device_store&)>;
    const auto claimed_card = [] {
        auto card = some_card();
        card.tsm_domain.reset();
        card.issuer = "lab";
        return card;
    };
    const std::pair<const char*, change> changes[] = {
        {"lost", [](device_store& db) { db.cards.lost("card-1"); }},
        {"assigned", [](device_store& db) { db.cards.assign("card-1", "other", false); }},
        {"to be reconciled", [](device_store& db) { db.cards.doubt("card-1"); }},
        {"its issuer removed", [](device_store& db) { db.issuers.remove("lab"); }},
        {"the claimed issuer removed", [](device_store& db) { db.issuers.remove("claimed"); }},
    };
    for (const auto& [what, happens] : changes)
        BOOST_TEST_CONTEXT(what) {
            temporary_database t;
            device_store db(t.file());
            for (const auto* name : {"lab", "other", "claimed"})
                db.issuers.add({name, "https://issuer", "PEM", {9}, {}});
            db.instances.create(some_instance(), claimed_card());
            const model::process_rows read{*db.instances.find("instance-1"), db.cards.find("card-1")};
            auto shown = read;
            shown.instance.running_process = "process-1";
            shown.card->issuer = "claimed";
            happens(db);
            const auto instance = db.instances.find("instance-1");
            const auto card = db.cards.find("card-1");
            BOOST_TEST((db.processes.begin(some_process(), read, shown) == model::beginning::changed));
            BOOST_TEST(db.processes.interrupted().empty());
            BOOST_TEST(db.instances.find("instance-1").has_value() == instance.has_value());
            BOOST_TEST(store::encode(*db.cards.find("card-1")) == store::encode(*card));
            if (instance)
                BOOST_TEST(store::encode(*db.instances.find("instance-1")) == store::encode(*instance));
        }
}

// What an operator has taken away does not come back, whoever still holds it in his hands.
BOOST_AUTO_TEST_CASE(a_row_that_is_gone_stays_gone) {
    temporary_database t;
    device_store db(t.file());
    db.instances.create(some_instance(), some_card());
    db.cards.lost("card-1");
    BOOST_CHECK_THROW(db.processes.commit("process-1", some_instance(), some_card()), store::error);
    BOOST_CHECK_THROW(db.processes.heal("", some_instance(), some_card()), store::error);
    std::optional<model::outbox_entry> none;
    BOOST_CHECK_THROW(db.processes.end({"process-1", model::error_category::none, "", "later"}, some_instance(),
                                       some_card(), false, none),
                      store::error);
    BOOST_TEST(!db.instances.find("instance-1"));
    BOOST_TEST(db.instances.tombstones_on("card-1").size() == 1u);
}

// CIN and IIN find a card again that does not tell its CPLC now; where they are not unique, they say nothing.
BOOST_AUTO_TEST_CASE(a_card_is_found_by_its_issuers_number) {
    temporary_database t;
    device_store db(t.file());
    auto card = some_card();
    card.cin_iin = "C1C14545";
    db.instances.create(some_instance(), card);
    BOOST_REQUIRE(db.cards.by_issuers_number("C1C14545"));
    BOOST_TEST(db.cards.by_issuers_number("C1C14545")->id == "card-1");
    BOOST_TEST(!db.cards.by_issuers_number("C1C1"));
    auto twin = some_instance("instance-2");
    twin.secure_component_id = card.id = "card-2";
    card.identity = "479002";
    db.instances.create(twin, card);
    BOOST_TEST(!db.cards.by_issuers_number("C1C14545"));
    auto claimed = some_instance("instance-3");
    claimed.secure_component_id = card.id = "card-3";
    card.identity = "479003";
    card.cin_iin = "C2C24545";
    db.instances.create(claimed, card);
    claimed = some_instance("instance-4");
    claimed.secure_component_id = card.id = "card-4";
    card.identity = "479004";
    card.tsm_domain.reset(); // a phone has invented it
    db.instances.create(claimed, card);
    BOOST_REQUIRE(db.cards.by_issuers_number("C2C24545"));
    BOOST_TEST(db.cards.by_issuers_number("C2C24545")->id == "card-3");
}

BOOST_AUTO_TEST_CASE(processes_go_with_the_log_of_their_cards) {
    temporary_database t;
    device_store db(t.file());
    db.instances.create(some_instance(), some_card());
    BOOST_TEST(begin(db, some_process(), some_instance()));
    db.processes.journal("process-1", "install");
    db.retention.forget_log_before(std::chrono::system_clock::now() + std::chrono::hours(1));
    BOOST_REQUIRE_EQUAL(db.processes.interrupted().size(), 1u); // it runs
    BOOST_TEST(db.processes.interrupted()[0].in_doubt);
    const model::process_end end{"process-1", model::error_category::none, "", "2026-01-01T00:00:01.000Z"};
    std::optional<model::outbox_entry> none;
    BOOST_TEST(db.processes.end(end, some_instance(), some_card(), false, none));
    const auto rows = [&](const char* table) { return count_rows(t.file(), table); };
    BOOST_TEST(rows("processes") == 1);
    BOOST_TEST(rows("journal") == 1);
    db.retention.forget_log_before(std::chrono::system_clock::now());
    BOOST_TEST(rows("processes") == 0);
    BOOST_TEST(rows("journal") == 0);
}

// A phone names the card of a running process once more, and says other things of it: the row is the process's.
BOOST_AUTO_TEST_CASE(a_running_process_keeps_its_card_from_claims) {
    temporary_database t;
    device_store db(t.file());
    auto card = some_card();
    card.tsm_domain.reset();
    db.instances.create(some_instance(), card);
    BOOST_TEST(begin(db, some_process(), some_instance()));
    auto other = some_instance("instance-2");
    other.target.service_id = "service-2";
    card.issuer = "liar's";
    BOOST_TEST(created(db.instances.create(other, card)));
    BOOST_TEST(db.cards.find("card-1")->issuer == "lab");
    std::optional<model::outbox_entry> none;
    db.processes.end({"process-1", model::error_category::none, "", "later"}, some_instance(), std::nullopt, false,
                     none);
    other.id = "instance-3";
    other.target.service_id = "service-3";
    BOOST_TEST(created(db.instances.create(other, card)));
    BOOST_TEST(db.cards.find("card-1")->issuer == "liar's");
}

// A process that another one has kept from the card still has to end: its instance must be there.
BOOST_AUTO_TEST_CASE(rows_become_one_only_when_nobody_is_at_work_on_either) {
    const temporary_database t;
    device_store db(t.file());
    const auto add = [&](const std::string& service, const model::secure_component& card, model::instance_state state) {
        auto instance = some_instance(service + " on " + card.id);
        instance.secure_component_id = card.id;
        instance.target.service_id = service;
        instance.state = state;
        instance.on_card = state != model::instance_state::not_deployed;
        BOOST_TEST(created(db.instances.create(instance, card)));
        return instance;
    };
    using enum model::instance_state;
    add("both", some_card(), operational);
    auto card = some_card();
    card.id = "card-2";
    card.tsm_domain.reset();
    const auto kept_away = add("both", card, not_deployed);
    const auto working = add("other", card, not_deployed);
    const auto process = [&](const std::string& id, const model::service_instance& instance, bool holds_card = true) {
        auto p = some_process();
        p.id = id;
        p.card = "card-2";
        p.instance = instance.id;
        const auto row = holds_card ? db.cards.find("card-2") : std::nullopt;
        BOOST_TEST((db.processes.begin(p, {instance, row}, {instance, row}) == model::beginning::begun));
    };
    const auto end = [&](const std::string& id, const model::service_instance& instance,
                         const std::optional<model::secure_component>& row) {
        std::optional<model::outbox_entry> none;
        BOOST_TEST(db.processes.end({id, model::error_category::none, "", "later"}, instance, row, false, none));
    };
    process("kept away", kept_away, false);
    process("works", working);
    card.tsm_domain = some_card().tsm_domain;
    end("works", working, card);
    BOOST_TEST(db.cards.all().size() == 2u);
    end("kept away", kept_away, std::nullopt);
    process("later", working);
    end("later", working, card);
    BOOST_TEST(db.cards.all().size() == 1u);
    BOOST_TEST(!db.instances.find(kept_away.id));
}

BOOST_AUTO_TEST_SUITE_END()
