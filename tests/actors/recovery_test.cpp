#include "actors/recovery.hpp"
#include "tests/actors/world.hpp"

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

BOOST_AUTO_TEST_SUITE_END()
