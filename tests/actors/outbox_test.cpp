// Results for SPOS-Services: attempts and the time waited count, not dates (AMB-180, DIV-051); nobody holds up another
// one's; an operator may change everything meanwhile.

#include "crypto/random.hpp"
#include "store/databases.hpp"
#include "tests/actors/world.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>

using namespace tsms;
using namespace tsms::actors_test;
using kind = delivery_outcome::kind;

namespace {

const delivery_outcome delivered{kind::delivered, 200, ""};
const delivery_outcome unreachable{kind::unreachable, 0, "nobody listens"};

struct counted_spos final : spos_port {
    explicit counted_spos(int& n) : cancelled(n) {}
    std::string encode(const model::process_result& r) const override { return r.process_id; }
    delivery_outcome deliver(const model::spos_target&, const std::string&) override { return {}; }
    void cancel() override { ++cancelled; }
    int& cancelled;
};

class played_worker final : public spos_worker_actor::base {
public:
    played_worker(caf::actor_config& config, std::vector<attempt_delivery>& attempts)
        : spos_worker_actor::base(config), attempts_(attempts) {}
    behavior_type make_behavior() override {
        return {[this](const attempt_delivery& a) {
            attempts_.push_back(a);
            quit();
        }};
    }

private:
    std::vector<attempt_delivery>& attempts_;
};

/// An outbox over a real database, whose attempts the test makes and whose time it moves.
struct post_office {
    explicit post_office(peer_bounds b = {2, 3}) : bounds(b) {
        store::create_database({file, store::database_name::instances}, "an installation");
        db = std::make_shared<store::device_store>(file);
        w.rows.outbox = db;
    }
    ~post_office() {
        close();
        w.rows.outbox.reset();
        db.reset();
        for (const char* suffix : {"", "-wal", "-shm", "-mark"})
            std::filesystem::remove(file + suffix);
    }

    void open() {
        outbox = spawn_spos_outbox(
            w.system,
            {w.around->store, [this] { return port(); }, w.around->log, bounds, w.around->time,
             [this](caf::actor_system& s) { return spos_worker_actor(s.spawn<played_worker>(std::ref(attempts))); }});
        w.run();
    }
    void close() {
        attempts.clear();
        caf::anon_send_exit(outbox, caf::exit_reason::user_shutdown);
        w.run();
        outbox = nullptr;
    }
    std::shared_ptr<spos_port> port() {
        if (std::exchange(faulty, false))
            throw std::runtime_error("a fault");
        return std::make_shared<counted_spos>(cancelled);
    }
    std::int64_t add(const std::string& url, std::chrono::system_clock::duration age = 0s) {
        model::outbox_entry d;
        d.process = "p";
        d.spos = {url, "PEM"};
        d.body = "{}";
        d.created = std::chrono::system_clock::now() - age;
        db->outbox.add(d);
        if (outbox)
            caf::anon_send(outbox, deliver_result{d});
        w.run();
        return d.id;
    }
    void wait(std::chrono::seconds time) {
        w.time += time;
        caf::anon_send(outbox, tick{w.time});
        w.run();
    }
    /// The first attempt on its way ends.
    void end(const delivery_outcome& outcome) {
        BOOST_REQUIRE(!attempts.empty());
        const auto attempt = attempts.front();
        attempts.erase(attempts.begin());
        caf::anon_send(attempt.delivery, attempt_made{outcome});
        w.run();
    }
    model::outbox_entry row() {
        const auto rows = db->outbox.all();
        BOOST_REQUIRE_EQUAL(rows.size(), 1u);
        return rows[0];
    }
    deliveries_counted count() { return w.ask<deliveries_counted>(outbox, count_deliveries{}); }
    std::vector<std::string> on_their_way() const {
        std::vector<std::string> urls;
        for (const auto& a : attempts)
            urls.push_back(a.row.spos.url);
        return urls;
    }
    /// A command of the operator: another connection.
    store::device_store operators() const { return store::device_store(file); }

    std::string file = (std::filesystem::temp_directory_path() / ("tsms-outbox-" + crypto::system_random().uuid()));
    world w;
    peer_bounds bounds;
    int cancelled = 0;   ///< attempts whose socket was cut
    bool faulty = false; ///< the next attempt ends its actor
    std::shared_ptr<store::device_store> db;
    std::vector<attempt_delivery> attempts;
    outbox_actor outbox;
};

using urls = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(spos_outbox)

BOOST_AUTO_TEST_CASE(a_clock_that_jumps_loses_nothing) {
    post_office p;
    p.open();
    p.add("old", 24h * 300); // the clock was set forward since
    p.end(unreachable);
    BOOST_TEST(!p.row().given_up);
    p.wait(4s);
    BOOST_TEST(p.attempts.empty());
    p.wait(1s);
    BOOST_TEST(p.on_their_way() == urls{"old"}, boost::test_tools::per_element());
    p.end(delivered);
    p.add("new", -24h * 300); // it was set back
    p.end(unreachable);
    p.wait(5s);
    BOOST_TEST(p.on_their_way() == urls{"new"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_was_waited_survives_a_restart_and_every_start_attempts_at_once) {
    post_office p;
    p.open();
    p.add("a");
    p.end(unreachable);
    p.wait(5s);
    p.end(unreachable);
    BOOST_TEST(p.row().attempts == 2);
    BOOST_TEST(p.row().waited.count() == 5);
    p.wait(9s); // of ten; not counted, because nobody knows after a restart
    p.close();
    p.open();
    BOOST_TEST(p.attempts.size() == 1u);
    p.end(unreachable);
    BOOST_TEST(p.row().attempts == 3);
    BOOST_TEST(p.row().waited.count() == 5);
    p.wait(19s);
    BOOST_TEST(p.attempts.empty());
    p.wait(1s);
    BOOST_TEST(p.attempts.size() == 1u);
}

BOOST_AUTO_TEST_CASE(after_72_hours_of_waiting_it_is_given_up_and_stays_until_the_operator_decides) {
    post_office p;
    p.open();
    const auto id = p.add("a");
    int attempts = 0;
    for (; !p.row().given_up && attempts < 200; ++attempts) {
        if (p.attempts.empty())
            p.wait(1h);
        p.end(unreachable);
    }
    BOOST_TEST(attempts == 82);
    BOOST_TEST((p.row().waited >= 72h));
    BOOST_TEST(p.row().last_error == "nobody listens");
    BOOST_TEST(p.count().waiting == 0u);
    BOOST_TEST(p.count().given_up == 1u);
    p.wait(24h);
    BOOST_TEST(p.attempts.empty());
    p.close();
    p.open();
    BOOST_TEST(p.attempts.empty());
    BOOST_TEST(p.count().given_up == 1u);

    BOOST_TEST(p.operators().outbox.retry(id));
    p.wait(1s);
    BOOST_TEST(p.attempts.size() == 1u);
    BOOST_TEST(p.count().given_up == 0u);
    p.end(unreachable); // as patiently as a new one
    BOOST_TEST(p.row().attempts == 1);
    p.wait(5s);
    p.end(delivered);
    BOOST_TEST(p.db->outbox.all().empty());
    BOOST_TEST(p.count().waiting == 0u);
}

BOOST_AUTO_TEST_CASE(an_operator_may_retry_and_drop_what_waits_or_is_on_its_way) {
    post_office p;
    p.open();
    const auto id = p.add("a");
    p.end(unreachable);
    BOOST_TEST(p.operators().outbox.retry(id));
    p.wait(1s);
    BOOST_TEST(p.attempts.size() == 1u); // not after five
    BOOST_TEST(p.operators().outbox.drop(id));
    p.wait(1s);
    p.end(unreachable);
    p.wait(1h);
    BOOST_TEST(p.attempts.empty());
    BOOST_TEST(p.count().waiting == 0u);

    const auto other = p.add("a");
    BOOST_TEST(p.attempts.size() == 1u);
    p.end(unreachable);
    BOOST_TEST(p.operators().outbox.drop(other));
    BOOST_TEST(!p.operators().outbox.drop(other));
    p.wait(1s);
    BOOST_TEST(p.count().waiting == 0u);
}

BOOST_AUTO_TEST_CASE(what_an_operator_did_to_one_changes_nothing_for_another) {
    post_office p;
    p.open();
    p.add("a");
    const auto newest = p.add("b");
    p.end(unreachable);
    p.end(unreachable);
    BOOST_TEST(p.operators().outbox.drop(newest));
    p.wait(1s);
    BOOST_TEST(p.count().waiting == 1u);
    for (int second = 2; second < 5; ++second) {
        p.wait(1s);
        BOOST_TEST(p.attempts.empty()); // it keeps its pause
    }
    p.wait(1s);
    BOOST_TEST(p.on_their_way() == urls{"a"}, boost::test_tools::per_element());
    p.end(delivered);
    p.wait(1h);
    BOOST_TEST(p.attempts.empty());
}

BOOST_AUTO_TEST_CASE(an_spos_that_hangs_holds_up_nobody_else) {
    post_office p({2, 3});
    for (int i = 0; i < 5; ++i)
        p.add("hangs");
    p.add("b");
    p.add("c");
    p.open();
    BOOST_TEST(p.on_their_way() == (urls{"b", "c", "hangs"}), boost::test_tools::per_element());
    p.end(delivered);
    p.end(delivered);
    BOOST_TEST(p.on_their_way() == (urls{"hangs", "hangs"}), boost::test_tools::per_element());
    p.add("d");
    BOOST_TEST(p.on_their_way() == (urls{"hangs", "hangs", "d"}), boost::test_tools::per_element());
    p.end(unreachable); // from now on one at a time
    BOOST_TEST(p.on_their_way() == (urls{"hangs", "d"}), boost::test_tools::per_element());
    p.end(delivered);
    BOOST_TEST(p.on_their_way() == (urls{"d", "hangs", "hangs"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_spos_that_asks_for_a_pause_gets_it_for_all_its_results) {
    post_office p;
    p.add("a");
    p.add("a");
    p.add("a");
    p.open();
    BOOST_TEST(p.attempts.size() == 2u);
    p.end({kind::refused, 503, "busy", std::chrono::seconds(30)});
    p.end({kind::refused, 429, "busy", std::chrono::hours(100)}); // not longer than the longest pause
    p.wait(31s);
    BOOST_TEST(p.attempts.empty());
    p.wait(3600s);
    BOOST_TEST(p.attempts.size() == 1u); // one, to see
    p.end(delivered);
    BOOST_TEST(p.attempts.size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_outbox_that_cannot_be_read_or_written_is_tried_again) {
    post_office p;
    p.add("a");
    p.w.rows.broken = true;
    p.open();
    BOOST_TEST(p.attempts.empty());
    p.w.rows.broken = false;
    p.wait(1s);
    BOOST_TEST(p.attempts.size() == 1u);
    p.w.rows.broken = true;
    p.end(unreachable);
    p.w.rows.broken = false;
    p.wait(5s);
    BOOST_TEST(p.attempts.size() == 1u);
    p.end(delivered);
    BOOST_TEST(p.db->outbox.waiting().empty());
}

// The row ends once, whoever ends it.
BOOST_AUTO_TEST_CASE(a_delivery_that_is_dropped_during_its_attempt_ends_once) {
    for (const auto& outcome : {delivered, unreachable}) {
        post_office p;
        p.open();
        const auto id = p.add("a");
        const auto entries = p.db->audit_entries();
        BOOST_TEST(p.operators().outbox.drop(id));
        p.wait(1s);
        BOOST_TEST(p.attempts.size() == 1u);
        BOOST_TEST(p.cancelled == 0); // the SPOS may have it already
        BOOST_TEST(p.count().waiting == 1u);
        p.end(outcome);
        BOOST_TEST(p.count().waiting == 0u);
        BOOST_TEST(p.count().given_up == 0u);
        BOOST_TEST(p.db->audit_entries() == entries + 1); // the operator's
        p.wait(24h);
        BOOST_TEST(p.attempts.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_delivery_that_is_retried_during_its_attempt_begins_anew) {
    post_office p;
    p.open();
    const auto id = p.add("a");
    p.end(unreachable);
    p.wait(5s);
    BOOST_TEST(p.row().attempts == 1);
    BOOST_TEST(p.operators().outbox.retry(id));
    p.wait(1s);
    BOOST_TEST(p.attempts.size() == 1u); // no second one beside it
    p.end(unreachable);
    BOOST_TEST(p.row().attempts == 1);
    p.wait(4s);
    BOOST_TEST(p.attempts.empty());
    p.wait(1s);
    BOOST_TEST(p.attempts.size() == 1u);
}

// The operator's change comes between the last look at the rows and the turn.
BOOST_AUTO_TEST_CASE(what_an_operator_changed_just_before_the_turn_counts) {
    post_office p;
    p.open();
    const auto id = p.add("a");
    p.end(unreachable);
    p.w.time += 5s;
    BOOST_TEST(p.operators().outbox.drop(id));
    p.add("b"); // whoever moves the outbox
    BOOST_TEST(p.on_their_way() == urls{"b"}, boost::test_tools::per_element());
    BOOST_TEST(p.count().waiting == 1u);
    p.end(unreachable);

    p.w.time += 5s;
    BOOST_TEST(p.operators().outbox.retry(p.row().id));
    p.add("c");
    BOOST_REQUIRE(p.on_their_way() == (urls{"c", "b"}));
    p.end(delivered);
    p.end(unreachable);
    const auto b = p.db->outbox.waiting(p.db->outbox.waiting().at(0).id);
    BOOST_TEST(b.value().attempts == 1);
    BOOST_TEST(b.value().waited.count() == 0); // the five seconds were the former row's
}

BOOST_AUTO_TEST_CASE(a_stop_cuts_what_is_under_way_and_loses_nothing) {
    post_office p;
    p.open();
    p.add("a");
    p.add("b");
    p.add("c");
    p.add("c"); // waits
    BOOST_TEST(p.attempts.size() == 3u);
    const auto late = p.attempts;
    p.close();
    BOOST_TEST(p.cancelled == 3);
    for (const auto& a : late)
        caf::anon_send(a.delivery, attempt_made{unreachable});
    p.w.run();
    BOOST_TEST(p.db->outbox.waiting().size() == 4u);
    for (const auto& row : p.db->outbox.waiting())
        BOOST_TEST(row.attempts == 0);
    p.open();
    BOOST_TEST(p.attempts.size() == 3u);
}

BOOST_AUTO_TEST_CASE(one_that_is_given_up_and_wanted_again_at_once_is_attempted) {
    post_office p;
    const auto id = p.add("a");
    p.db->outbox.attempt_failed(id, 72h, "for long");
    p.open();
    BOOST_REQUIRE_EQUAL(p.attempts.size(), 1u);
    caf::anon_send(p.attempts.front().delivery, attempt_made{unreachable});
    p.attempts.clear();
    while (!p.row().given_up)
        BOOST_REQUIRE(p.w.coordinator().try_run_once());
    BOOST_TEST(p.operators().outbox.retry(id)); // before the outbox has heard of the end
    p.w.time += 1s;
    caf::anon_send(p.outbox, tick{p.w.time});
    p.w.run();
    p.wait(1s);
    BOOST_TEST(p.attempts.size() == 1u);
    BOOST_TEST(p.count().waiting == 1u);
    BOOST_TEST(p.count().given_up == 0u);
}

BOOST_AUTO_TEST_CASE(a_fault_in_one_delivery_begins_it_again_and_frees_its_turn) {
    post_office p({1, 1});
    p.open();
    p.faulty = true;
    p.add("a");
    BOOST_TEST(p.attempts.empty());
    BOOST_REQUIRE_EQUAL(p.w.log.size(), 1u);
    BOOST_TEST(p.w.log[0].ends_with("begins again (a fault)"), p.w.log[0]);
    p.wait(1s);
    BOOST_TEST(p.on_their_way() == urls{"a"}, boost::test_tools::per_element());
    p.end(delivered);
    BOOST_TEST(p.db->outbox.waiting().empty());
    p.add("b");
    BOOST_TEST(p.on_their_way() == urls{"b"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
