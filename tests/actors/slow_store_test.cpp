// What a store that is too slow has written, and nobody knows: it is undone, or somebody looks after it.

#include "actors/recovery.hpp"
#include "store/memory/device_rows.hpp"
#include "tests/actors/world.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::actors_test;

namespace {

/// A database that is locked or whose disk stalls: time passes while the store looks at it.
struct stalling_clock final : time_source {
    steady_time steady() const override {
        const auto now = steady_now;
        if (looks > 0 && --looks == 0)
            steady_now += stall;
        return now;
    }
    wall_time wall() const override { return wall_time(std::chrono::seconds(1'800'000'000)); }

    mutable steady_time steady_now{};
    mutable int looks = 0; ///< the stall comes behind so many of them
    std::chrono::seconds stall{0};
};

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

/// The store's actor, one Service Instance on one card, and a process that would begin.
struct slow_store {
    slow_store() {
        auto memory = std::make_unique<store::memory_device_rows>(clock);
        rows = memory.get();
        db = std::make_shared<store::device_store>(std::move(memory));
        card.id = "card";
        card.identity = "4790";
        instance.id = "one";
        instance.secure_component_id = "card";
        instance.target.spos = model::spos_target{"https://spos", ""};
        db->instances.create(instance, card);
        instance = *db->instances.find("one");
        db->processes.serve_as({"device"});
        store = spawn_instance_store(system, db, clock, [](const log_event&) {}, {[this] {
                                         return resolve_interrupted(
                                             *db, catalog, quiet_spos(), [](const log_event&) {}, clock);
                                     }});
    }
    ~slow_store() {
        caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
        store = nullptr;
    }

    begin_process beginning(const std::string& id) const {
        begin_process b;
        b.process.id = id;
        b.process.instance = "one";
        b.process.card = "card";
        b.read = {instance, card};
        b.shown = b.read;
        b.shown.instance.running_process = id;
        b.deadline = clock.steady_now + write_deadline;
        return b;
    }
    /// What became of it; nothing: an error, as whoever has given up would have it.
    std::optional<model::beginning> begin(const begin_process& b) {
        std::optional<model::beginning> outcome;
        self->request(store, caf::infinite, b)
            .receive([&](process_begun& r) { outcome = r.outcome; }, [](caf::error&) {});
        return outcome;
    }
    instance_loaded load() {
        instance_loaded found;
        self->request(store, caf::infinite, load_instance{"one"})
            .receive([&](instance_loaded& l) { found = std::move(l); }, [](caf::error&) {});
        return found;
    }

    stalling_clock clock;
    store::memory_device_rows* rows = nullptr; ///< the store's
    std::shared_ptr<store::device_store> db;
    model::secure_component card;
    model::service_instance instance;
    empty_catalog catalog;
    caf::actor_system_config config;
    caf::actor_system system{config};
    caf::scoped_actor self{system};
    store_actor store;
};

} // namespace

BOOST_AUTO_TEST_SUITE(actors_slow_store)

/// The store has looked at the deadline once when it waits for the database.
BOOST_AUTO_TEST_CASE(what_is_not_ready_by_its_deadline_is_undone) {
    slow_store s;
    auto late = s.beginning("late");
    s.clock.looks = 1;
    s.clock.stall = write_deadline + 1s;
    BOOST_TEST(!s.begin(late).has_value());
    BOOST_TEST(s.rows->tables().processes.empty());
    BOOST_TEST(s.rows->tables().instances.at(0).running_process == "");
    auto in_time = s.beginning("in time");
    s.clock.looks = 1;
    s.clock.stall = write_deadline; // and not longer
    BOOST_TEST((s.begin(in_time) == model::beginning::begun));
}

/// The commit itself takes too long: the process has begun, and who wanted it has gone.
BOOST_AUTO_TEST_CASE(a_process_of_which_its_caller_does_not_know_ends_at_once) {
    slow_store s;
    BOOST_REQUIRE((s.begin(s.beginning("unknown")) == model::beginning::begun));
    BOOST_TEST(s.load().card_is_leased);
    s.self->send(s.store, abandon_process{"unknown"});
    const auto loaded = s.load();
    BOOST_TEST(!loaded.card_is_leased);
    BOOST_TEST(loaded.instance->running_process == "");
    const auto end = s.db->processes.end_of("unknown");
    BOOST_REQUIRE(end);
    BOOST_TEST((end->status == model::error_category::execution_interrupted));
    BOOST_TEST(end->message.find("nobody went on with it") != std::string::npos);
    BOOST_TEST(s.rows->tables().outbox.size() == 1u); // what has begun is told (AMB-131)
    s.instance = *loaded.instance;
    BOOST_TEST((s.begin(s.beginning("next")) == model::beginning::begun));
}

BOOST_AUTO_TEST_CASE(a_beginning_that_was_refused_has_nothing_to_take_back) {
    slow_store s;
    s.self->send(s.store, abandon_process{"never begun"});
    BOOST_TEST(s.load().instance.has_value());
    BOOST_REQUIRE((s.begin(s.beginning("lives")) == model::beginning::begun));
    s.self->send(s.store, abandon_process{"never begun"});
    BOOST_TEST(s.load().card_is_leased);
}

BOOST_AUTO_TEST_SUITE_END()
