// Two servers on one database: a card is one process's at a time, and whoever has lost it writes nothing (DIV-101).

#include "store/leases.hpp"
#include "tests/moved_clock.hpp"
#include "tests/unit/damage.hpp"
#include "tests/unit/instance_rows.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::unit;
using namespace std::chrono_literals;
using store::device_store;

namespace {

constexpr auto term = 10min;

/// One database, two Service Instances on one card, and as many servers as a test wants.
struct shared_database {
    shared_database() {
        device_store db(t.file(), store::believe_mark::yes, clock);
        db.instances.create(some_instance(), some_card());
        auto second = some_instance("instance-2");
        second.target.service_id = "service-2";
        db.instances.create(second, some_card());
    }
    std::unique_ptr<device_store> serve(const std::string& name) {
        auto server = std::make_unique<device_store>(t.file(), store::believe_mark::yes, clock);
        server->processes.serve_as({name, term});
        return server;
    }

    temporary_database t;
    moved_clock clock;
};

model::process_record process_of(const std::string& id, const std::string& instance) {
    auto p = some_process();
    p.id = id;
    p.instance = instance;
    return p;
}

model::service_instance at_work(device_store& db, const std::string& id, const std::string& process) {
    auto instance = *db.instances.find(id);
    instance.running_process = process;
    return instance;
}

model::beginning begin(device_store& db, const std::string& id, const std::string& instance) {
    const auto card = db.cards.find("card-1");
    return db.processes.begin(process_of(id, instance), {*db.instances.find(instance), card},
                              {at_work(db, instance, id), card});
}

/// Ends it as it is, without a word to anybody.
bool end(device_store& db, const std::string& id, const std::string& instance) {
    auto row = *db.instances.find(instance);
    row.running_process.clear();
    std::optional<model::outbox_entry> none;
    return db.processes.end({id, model::error_category::none, "", "2027-01-15T09:00:00.000Z"}, row,
                            db.cards.find("card-1"), false, none);
}

std::vector<std::string> interrupted(const device_store& db) {
    std::vector<std::string> ids;
    for (const auto& p : db.processes.interrupted())
        ids.push_back(p.process.id);
    return ids;
}

using ids = std::vector<std::string>;

void end_left(device_store& db, const std::string& process) {
    auto row = *db.instances.find("instance-1");
    row.running_process.clear();
    std::optional<model::outbox_entry> none;
    db.processes.end_left({process, model::error_category::execution_interrupted, "6", "2027-01-15T09:00:00.000Z"}, row,
                          *db.cards.find("card-1"), none);
}

/// Everything that a process writes, and the question before an order leaves.
void is_refused_everything(device_store& db, const std::string& process) {
    const auto instance = *db.instances.find("instance-1");
    const auto card = *db.cards.find("card-1");
    const auto entries = db.audit_entries();
    BOOST_CHECK_THROW(db.processes.hold(process), store::lease_lost);
    BOOST_CHECK_THROW(db.processes.acknowledge(process), store::lease_lost);
    BOOST_CHECK_THROW(db.processes.journal(process, "install"), store::lease_lost);
    auto other = card;
    other.strikes = 9;
    BOOST_CHECK_THROW(db.processes.commit(process, instance, other), store::lease_lost);
    BOOST_TEST(db.cards.find("card-1")->strikes == card.strikes);
    BOOST_TEST(db.audit_entries() == entries);
}

} // namespace

BOOST_AUTO_TEST_SUITE(leases)

BOOST_AUTO_TEST_CASE(a_card_is_one_process_at_a_time_whichever_server_asks) {
    shared_database shared;
    const auto one = shared.serve("one"), two = shared.serve("two");
    BOOST_TEST((begin(*one, "process-1", "instance-1") == model::beginning::begun));
    BOOST_TEST((begin(*two, "process-2", "instance-2") == model::beginning::leased));
    BOOST_TEST((begin(*two, "process-2", "instance-1") == model::beginning::leased));
    BOOST_TEST(end(*one, "process-1", "instance-1"));
    BOOST_TEST((begin(*two, "process-2", "instance-2") == model::beginning::begun));
}

BOOST_AUTO_TEST_CASE(who_sleeps_past_his_lease_neither_writes_nor_sends_when_another_one_has_gone_on) {
    shared_database shared;
    const auto one = shared.serve("one"), two = shared.serve("two");
    BOOST_REQUIRE((begin(*one, "process-1", "instance-1") == model::beginning::begun));
    BOOST_TEST(interrupted(*two) == ids{}, boost::test_tools::per_element());
    BOOST_CHECK_THROW(end_left(*two, "process-1"), store::lease_lost); // somebody goes on with it
    shared.clock.wall_now += term + 1s;
    BOOST_TEST(two->processes.holder_is_left("card-1"));
    BOOST_TEST(interrupted(*two) == ids{"process-1"}, boost::test_tools::per_element());
    end_left(*two, "process-1");
    BOOST_TEST((begin(*two, "process-2", "instance-2") == model::beginning::begun));
    is_refused_everything(*one, "process-1");
    BOOST_TEST(!end(*one, "process-1", "instance-1")); // it has been ended already, and told
}

BOOST_AUTO_TEST_CASE(a_lease_that_is_used_does_not_end) {
    shared_database shared;
    const auto one = shared.serve("one"), two = shared.serve("two");
    BOOST_REQUIRE((begin(*one, "process-1", "instance-1") == model::beginning::begun));
    for (int order = 0; order < 5; ++order) {
        shared.clock.wall_now += term - 1min;
        one->processes.hold("process-1");
        BOOST_TEST(!two->processes.holder_is_left("card-1"));
    }
    shared.clock.wall_now += term + 1s;               // nobody has taken it over: it may go on
    BOOST_TEST(!one->processes.is_left("process-1")); // its own server is not asked by the clock, which may have jumped
    BOOST_TEST(interrupted(*one) == ids{}, boost::test_tools::per_element());
    one->processes.journal("process-1", "install");
    BOOST_TEST(!two->processes.holder_is_left("card-1"));
}

BOOST_AUTO_TEST_CASE(a_server_that_starts_again_waits_for_nobody_and_its_former_life_is_refused) {
    shared_database shared;
    const auto before = shared.serve("one");
    BOOST_REQUIRE((begin(*before, "process-1", "instance-1") == model::beginning::begun));
    const auto after = shared.serve("one"); // no time has passed
    BOOST_TEST(interrupted(*after) == ids{"process-1"}, boost::test_tools::per_element());
    is_refused_everything(*before, "process-1");
    BOOST_CHECK_THROW(end(*before, "process-1", "instance-1"), store::lease_lost);
    end_left(*after, "process-1");
    BOOST_CHECK_THROW(end_left(*before, "process-1"), store::lease_lost);
    BOOST_CHECK_THROW(begin(*before, "process-3", "instance-2"), store::lease_lost); // it could not end it
    BOOST_TEST((begin(*after, "process-2", "instance-1") == model::beginning::begun));
}

BOOST_AUTO_TEST_CASE(another_servers_process_is_not_ended_by_a_start_even_where_it_holds_no_card) {
    shared_database shared;
    const auto one = shared.serve("one");
    const auto p = process_of("process-1", "instance-1"); // its card is in use: it only tells that
    BOOST_REQUIRE(
        (one->processes.begin(p, {*one->instances.find("instance-1"), std::nullopt},
                              {at_work(*one, "instance-1", "process-1"), std::nullopt}) == model::beginning::begun));
    const auto two = shared.serve("two");
    BOOST_TEST(interrupted(*two) == ids{}, boost::test_tools::per_element());
    BOOST_TEST((begin(*two, "process-2", "instance-2") == model::beginning::begun));  // the card is free
    BOOST_TEST((begin(*two, "process-3", "instance-1") == model::beginning::leased)); // the instance is not
}

BOOST_AUTO_TEST_CASE(who_holds_no_card_does_not_write_its_row_whatever_he_says_of_it) {
    for (const bool by_another : {false, true})
        for (const bool holds : {false, true}) {
            shared_database shared;
            const auto one = shared.serve("one"), two = shared.serve("two");
            const auto row = *one->instances.find("instance-1");
            const auto card = holds ? one->cards.find("card-1") : std::nullopt;
            BOOST_REQUIRE(
                (one->processes.begin(process_of("process-1", "instance-1"), {row, card},
                                      {at_work(*one, "instance-1", "process-1"), card}) == model::beginning::begun));
            auto said = *one->cards.find("card-1");
            said.strikes = 9;
            said.doubt = true;
            const model::process_end end{"process-1", model::error_category::execution_interrupted, "6",
                                         "2027-01-15T09:00:00.000Z"};
            std::optional<model::outbox_entry> none;
            if (by_another) {
                shared.clock.wall_now += term + 1s;
                two->processes.end_left(end, row, said, none);
            } else {
                BOOST_TEST(one->processes.end(end, row, said, false, none));
            }
            BOOST_TEST(one->cards.find("card-1")->strikes == (holds ? 9 : 0));
            BOOST_TEST(one->cards.find("card-1")->doubt == holds);
            BOOST_TEST(one->instances.find("instance-1")->running_process == "");
        }
}

BOOST_AUTO_TEST_CASE(a_take_over_that_is_not_stored_leaves_the_process_as_it_was) {
    shared_database shared;
    const auto one = shared.serve("one"), two = shared.serve("two");
    BOOST_REQUIRE((begin(*one, "process-1", "instance-1") == model::beginning::begun));
    shared.clock.wall_now += term + 1s;
    auto unknown = *two->cards.find("card-1");
    unknown.id = "no such card";
    std::optional<model::outbox_entry> none;
    BOOST_CHECK_THROW(two->processes.end_left({"process-1", model::error_category::execution_interrupted, "", "later"},
                                              *two->instances.find("instance-1"), unknown, none),
                      store::error);
    BOOST_TEST(two->processes.is_left("process-1"));
    one->processes.hold("process-1"); // it is still its own
}

BOOST_AUTO_TEST_CASE(only_a_use_that_renews_the_lease_writes) {
    shared_database shared;
    const auto one = shared.serve("one");
    BOOST_REQUIRE((begin(*one, "process-1", "instance-1") == model::beginning::begun));
    const auto end = [&] { return one->processes.leases_on("card-1").at("process-1").ends; };
    const auto first = end();
    shared.clock.wall_now += 200s;
    one->processes.hold("process-1");
    BOOST_TEST((end() == first));
    shared.clock.wall_now += 1s;
    one->processes.hold("process-1");
    BOOST_TEST((end() == shared.clock.wall_now + term));
}

BOOST_AUTO_TEST_CASE(what_no_server_can_have_written_keeps_nobody_off_a_card) {
    const struct {
        const char* change;
        bool is_left;
    } rows[] = {
        {"lease_ends = 1800000000 + 86400", false}, // the longest lease there is (shared.clock)
        {"lease_ends = 1800000000 + 86401", true},
        {"lease_ends = 9223372036854775807", true},
        {"lease_ends = -1", true},
        {"epoch = 1", false},
        {"epoch = 0", true},
        {"epoch = -1", true},
        {"epoch = 2", true}, // ‘one’ has started once
        {"epoch = 9223372036854775807", true},
        {"owner = 'three'", true}, // nobody of that name has ever started
        {"owner = ''", true},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.change) {
            shared_database shared;
            const auto one = shared.serve("one"), two = shared.serve("two");
            BOOST_REQUIRE((begin(*one, "process-1", "instance-1") == model::beginning::begun));
            execute(shared.t.file(), std::string("UPDATE processes SET ") + row.change);
            BOOST_TEST(two->processes.holder_is_left("card-1") == row.is_left);
            if (!row.is_left)
                continue;
            BOOST_REQUIRE_EQUAL(two->processes.interrupted().size(), 1u);
            BOOST_TEST((two->processes.interrupted()[0].why == model::interruption::abandoned));
            end_left(*two, "process-1");
            BOOST_TEST((begin(*two, "process-2", "instance-2") == model::beginning::begun));
        }
}

BOOST_AUTO_TEST_CASE(a_server_whose_epochs_are_damaged_is_refused_by_name) {
    for (const char* epoch : {"9223372036854775807", "-1", "1000000000000"}) {
        shared_database shared;
        shared.serve("one");
        execute(shared.t.file(), std::string("UPDATE servers SET epoch = ") + epoch);
        const auto text = refusal([&] { shared.serve("one"); });
        BOOST_TEST(names(text, "instances.db", "row ‘one’ of table servers"), text);
        shared.serve("two");
    }
}

BOOST_AUTO_TEST_CASE(why_a_process_is_left) {
    shared_database shared;
    const auto one = shared.serve("one"), two = shared.serve("two");
    BOOST_REQUIRE((begin(*one, "process-1", "instance-1") == model::beginning::begun));
    shared.clock.wall_now += term + 1s;
    BOOST_TEST((two->processes.interrupted().at(0).why == model::interruption::server_gone));
    const auto again = shared.serve("one");
    BOOST_TEST((again->processes.interrupted().at(0).why == model::interruption::restart));
    BOOST_TEST(again->processes.superseded() == "");
    BOOST_TEST(two->processes.superseded() == "");
    BOOST_TEST(one->processes.superseded().find("another server ‘one’ has started") == 0u);
}

BOOST_AUTO_TEST_CASE(a_process_of_which_nobody_knows_is_left_and_another_ones_is_not) {
    shared_database shared;
    const auto one = shared.serve("one"), two = shared.serve("two");
    BOOST_REQUIRE((begin(*one, "process-1", "instance-1") == model::beginning::begun));
    two->processes.abandon("process-1"); // it is not its own
    two->processes.abandon("nobody's");
    BOOST_TEST(interrupted(*one) == ids{}, boost::test_tools::per_element());
    one->processes.abandon("process-1");
    BOOST_TEST(interrupted(*one) == ids{"process-1"}, boost::test_tools::per_element());
    BOOST_TEST(interrupted(*two) == ids{"process-1"}, boost::test_tools::per_element());
    is_refused_everything(*one, "process-1");
    end_left(*one, "process-1");
    one->processes.abandon("process-1"); // it has ended
    BOOST_TEST((begin(*one, "process-2", "instance-2") == model::beginning::begun));
}

BOOST_AUTO_TEST_CASE(an_operator_breaks_the_lease_of_a_server_that_is_gone) {
    shared_database shared;
    const auto one = shared.serve("one"), two = shared.serve("two");
    BOOST_REQUIRE((begin(*one, "process-1", "instance-1") == model::beginning::begun));
    device_store command(shared.t.file(), store::believe_mark::yes, shared.clock);
    BOOST_TEST(command.processes.break_leases("no such card") == 0u);
    const auto leases = command.processes.leases_on("card-1");
    BOOST_REQUIRE_EQUAL(leases.size(), 1u);
    BOOST_TEST(leases.at("process-1").owner == "one");
    const auto entries = command.audit_entries();
    BOOST_TEST(command.processes.break_leases("card-1") == 1u);
    BOOST_TEST(command.audit_entries() == entries + 1);
    is_refused_everything(*one, "process-1"); // should it live after all
    BOOST_TEST(interrupted(*two) == ids{"process-1"}, boost::test_tools::per_element());
    end_left(*two, "process-1");
    BOOST_TEST((begin(*two, "process-2", "instance-1") == model::beginning::begun));
    BOOST_TEST(!command.broken_audit_entry());
}

BOOST_AUTO_TEST_CASE(an_instance_that_has_been_ended_meanwhile_is_not_healed) {
    shared_database shared;
    const auto one = shared.serve("one"), two = shared.serve("two");
    BOOST_REQUIRE((begin(*one, "process-1", "instance-1") == model::beginning::begun));
    const auto read = *two->instances.find("instance-1");
    const auto card = *two->cards.find("card-1");
    BOOST_TEST(!two->processes.heal("process-1", read, card)); // it runs
    BOOST_TEST(end(*one, "process-1", "instance-1"));
    BOOST_TEST(!two->processes.heal("process-1", read, card)); // its row has its end
    BOOST_TEST(two->instances.find("instance-1")->running_process == "");
}

BOOST_AUTO_TEST_SUITE_END()
