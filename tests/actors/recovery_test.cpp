#include "actors/recovery.hpp"
#include "tests/actors/world.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::actors_test;
using model::error_category;

namespace {

struct empty_catalog final : store::deployments {
    std::vector<model::card_profile> profiles() const override { return {}; }
    std::optional<model::offered_service> service(const std::string&) const override { return std::nullopt; }
    std::optional<model::deployment_target> target(const std::string&, const std::string&,
                                                   const std::string&) const override {
        return std::nullopt;
    }
    bool flavor_exists(const std::string&, const std::string&) const override { return true; }
    bool version_exists(const std::string&, const std::string&) const override { return true; }
    std::optional<bytes> load_image(const model::target_load_file&) const override { return std::nullopt; }
};

struct crashed {
    crashed() {
        char name[] = "/tmp/tsms-recovery-XXXXXX";
        BOOST_REQUIRE(::mkdtemp(name));
        folder = name;
        store::create_database({folder / "instances.db", store::database_name::instances}, "an installation");
        db.emplace(folder / "instances.db");
        card.id = "card";
        card.identity = "4790";
        instance.id = "one";
        instance.secure_component_id = "card";
        instance.state = instance.last_stable = model::instance_state::operational;
        instance.target.service_provider_id = "sp";
        instance.target.spos = model::spos_target{"https://spos", ""};
        db->instances.create(instance, card);
        instance.running_process = "p";
        record.id = "p";
        record.instance = "one";
        record.card = "card";
        record.started = "2026-01-01T00:00:00.000Z";
        db->processes.begin(record, {*db->instances.find("one"), card}, {instance, card});
    }
    ~crashed() {
        db.reset();
        std::filesystem::remove_all(folder);
    }
    std::size_t resolve() {
        empty_catalog catalog;
        return resolve_interrupted(
            *db, catalog, quiet_spos(), [this](const log_event& e) { log.push_back(e); }, clock);
    }
    void end(model::service_instance left) {
        std::optional<model::outbox_entry> none;
        db->processes.end({"p", error_category::none, "", "2026-01-01T00:00:01.000Z"}, left, card, false, none);
    }

    std::filesystem::path folder;
    std::optional<store::device_store> db;
    model::secure_component card;
    model::service_instance instance;
    model::process_record record;
    moved_clock clock;
    std::vector<log_event> log;
};

} // namespace

BOOST_AUTO_TEST_SUITE(actors_recovery)

BOOST_AUTO_TEST_CASE(a_process_that_the_last_run_left_is_ended) {
    crashed c;
    BOOST_TEST(c.resolve() == 1u);
    BOOST_TEST(c.db->instances.find("one")->running_process == "");
    BOOST_TEST(!c.db->cards.find("card")->doubt);
    BOOST_TEST(c.db->outbox.waiting().size() == 1u);
    BOOST_REQUIRE_EQUAL(c.log.size(), 1u);
    BOOST_TEST((c.log[0].level == severity::warning));
    BOOST_TEST((c.log[0].of == log_subject{"p", "", "one", "card", "sp"}));
    BOOST_TEST(c.resolve() == 0u);
}

BOOST_AUTO_TEST_CASE(a_row_that_names_a_process_which_does_not_run_is_freed) {
    crashed c;
    c.instance.unproven_operation = model::operation::service_suspension;
    c.end(c.instance); // its process has ended, and the row does not say so
    BOOST_TEST(c.resolve() == 1u);
    const auto healed = c.db->instances.find("one");
    BOOST_TEST(healed->running_process == "");
    BOOST_TEST((healed->state == model::instance_state::in_error)); // what it had begun may be on the card
    BOOST_TEST(c.db->cards.find("card")->doubt);
    BOOST_TEST(!c.db->broken_audit_entry());
    BOOST_TEST(c.resolve() == 0u);
}

/// It would hold its card for ever (DIV-103).
BOOST_AUTO_TEST_CASE(a_process_of_which_a_row_is_missing_or_damaged_ends_too) {
    const struct {
        const char* change;
        const char* named;
        bool instance_stays;
        bool card_stays;
    } damages[] = {
        {"DELETE FROM service_instances", "service instance one is missing", false, true},
        {"DELETE FROM secure_components", "secure component card is missing", true, false},
        {"DELETE FROM service_instances; DELETE FROM secure_components", "service instance one is missing", false,
         false},
        {"UPDATE processes SET start_state = 77", "row ‘p’ of table processes", true, true},
        {"UPDATE processes SET requested = '10 99'", "row ‘p’ of table processes", true, true},
        {"UPDATE service_instances SET document = '{\"state\":77}'", "row ‘one’ of table service_instances", true,
         true},
        {"UPDATE secure_components SET document = '{\"id\":7}'", "row ‘card’ of table secure_components", true, true},
    };
    for (const auto& damage : damages)
        BOOST_TEST_CONTEXT(damage.change) {
            crashed c;
            {
                SQLite::Database raw(c.folder / "instances.db", SQLite::OPEN_READWRITE);
                raw.exec(std::string("PRAGMA foreign_keys = OFF; ") + damage.change);
            }
            BOOST_TEST(c.resolve() >= 1u);
            BOOST_REQUIRE(!c.log.empty());
            BOOST_TEST((c.log[0].level == severity::error));
            BOOST_TEST(c.log[0].text.find("process p was ended as interrupted") == 0u, c.log[0].text);
            BOOST_TEST(c.log[0].text.find(damage.named) != std::string::npos, c.log[0].text);
            BOOST_TEST(c.log[0].text.find("restore") != std::string::npos, c.log[0].text);
            BOOST_REQUIRE(c.db->processes.end_of("p"));
            BOOST_TEST(c.db->processes.leases_on("card").empty());
            SQLite::Database raw(c.folder / "instances.db", SQLite::OPEN_READONLY);
            BOOST_TEST((raw.execAndGet("SELECT count(*) FROM service_instances").getInt() == 1) ==
                       damage.instance_stays);
            BOOST_TEST((raw.execAndGet("SELECT count(*) FROM secure_components").getInt() == 1) == damage.card_stays);
            BOOST_TEST(c.resolve() == 0u);
        }
}

BOOST_AUTO_TEST_CASE(the_card_of_a_process_whose_row_is_damaged_is_in_doubt_and_its_instance_free) {
    crashed c;
    c.db->processes.journal("p", "install");
    SQLite::Database(c.folder / "instances.db", SQLite::OPEN_READWRITE).exec("UPDATE processes SET start_state = 77");
    BOOST_TEST(c.resolve() == 2u); // the process, and the instance that named it
    BOOST_TEST(c.db->cards.find("card")->doubt);
    BOOST_TEST(c.db->instances.find("one")->running_process == "");
}

/// Rows that stand beside it are no worse for it.
BOOST_AUTO_TEST_CASE(a_damaged_row_keeps_no_other_process_from_its_end) {
    crashed c;
    auto card = c.card;
    card.id = "other card";
    card.identity = "4791";
    auto instance = c.instance;
    instance.id = "other";
    instance.running_process = "";
    instance.secure_component_id = card.id;
    c.db->instances.create(instance, card);
    auto record = c.record;
    record.id = "a"; // before the damaged one
    record.instance = "other";
    record.card = card.id;
    auto shown = *c.db->instances.find("other");
    shown.running_process = "a";
    BOOST_REQUIRE((c.db->processes.begin(record, {*c.db->instances.find("other"), card}, {shown, card}) ==
                   model::beginning::begun));
    SQLite::Database(c.folder / "instances.db", SQLite::OPEN_READWRITE)
        .exec("UPDATE service_instances SET document = '{\"state\":\"x\"}' WHERE id = 'one'");
    BOOST_TEST(c.resolve() == 2u);
    BOOST_TEST(c.db->instances.find("other")->running_process == "");
    BOOST_TEST(c.db->outbox.waiting().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
