// One process's session with an issuer that needs time, or forgets the session (DIV-052).

#include "actors/framework/attempt.hpp"
#include "tests/actors/world.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>

using namespace tsms;
using namespace tsms::actors_test;

namespace {

struct forgotten {};
using said = std::variant<model::issuer_step, forgotten, port_error, std::runtime_error>;

/// Says what a test has written down, whatever it is asked.
struct played_issuer {
    std::deque<said> script;
    std::vector<std::string> asked;
    bool forgets_keys = false;

    model::issuer_step next(const std::string& what) {
        asked.push_back(what);
        auto first = script.front();
        script.pop_front();
        if (std::holds_alternative<forgotten>(first))
            throw port_error(port_cause::session_lost, "404");
        if (const auto* error = std::get_if<port_error>(&first))
            throw *error;
        if (const auto* error = std::get_if<std::runtime_error>(&first))
            throw *error;
        return std::get<model::issuer_step>(first);
    }
};

struct played_port final : issuer_port {
    explicit played_port(played_issuer& i) : issuer(i) {}
    opened open(const model::issuer_order& order) override { return {"s", issuer.next("open " + order.id)}; }
    model::issuer_step relay(const std::string&, const std::vector<bytes>&, bool) override {
        return issuer.next("relay");
    }
    model::issuer_step poll(const std::string&) override { return issuer.next("poll"); }
    model::issuer_key_material fetch_keys(const std::string&) override {
        issuer.asked.push_back("keys");
        if (std::exchange(issuer.forgets_keys, false))
            throw port_error(port_cause::session_lost, "404");
        model::issuer_key_material keys;
        keys.aid = "AA";
        return keys;
    }
    void ping() override {}
    void cancel() override {}
    played_issuer& issuer;
};

model::issuer_step commands() {
    model::issuer_step step;
    step.commands.push_back(hex("00A40400"));
    return step;
}
model::issuer_step done() {
    model::issuer_step step;
    step.done = true;
    return step;
}
model::issuer_step in(std::chrono::seconds pause) {
    model::issuer_step step;
    step.pause = pause;
    return step;
}

struct process_with_issuer {
    process_with_issuer() : asker(w.system) {
        w.around->issuers = [this](const model::issuer_record&) { return std::make_unique<played_port>(issuer); };
        session = spawn_issuer_session(w.system, "lab", line, w.around);
    }
    ~process_with_issuer() {
        caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
        w.run();
    }

    /// What the desk has let begin is done; how many exchanges that were.
    int work() {
        w.run();
        int made = 0;
        for (; !w.begun.empty(); ++made) {
            const auto m = w.begun.front();
            w.begun.erase(w.begun.begin());
            exchanged outcome;
            try {
                outcome = m.call();
            } catch (const port_error& e) {
                outcome.value = e;
            } catch (const std::exception& e) {
                outcome.value = process::failed{model::error_category::internal_error, e.what()};
            }
            caf::anon_send(m.desk, exchange_made{m.ticket, outcome});
            w.run();
        }
        return made;
    }
    int wait(std::chrono::seconds time) {
        w.wait(time);
        return work();
    }
    template <class Effect> void ask(Effect effect) {
        asker->send(session, std::move(effect));
        work();
    }
    void open(const std::string& id = "order") {
        model::issuer_order order;
        order.id = id;
        ask(process::open_issuer_session(order));
    }
    void relay() { ask(process::relay_to_issuer({hex("9000")}, false)); }
    std::optional<process::answer_variant> answer() {
        std::optional<process::answer_variant> got;
        if (!asker->mailbox().empty())
            asker->receive([&](answered& a) { got = std::move(a.value); });
        return got;
    }
    model::issuer_step step() {
        const auto a = answer();
        BOOST_REQUIRE(a);
        return std::get<model::issuer_step>(*a);
    }

    world w;
    played_issuer issuer;
    std::shared_ptr<issuer_line> line = std::make_shared<issuer_line>();
    caf::scoped_actor asker;
    issuer_actor session;
};

using asked = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(issuer_session)

BOOST_AUTO_TEST_CASE(an_issuer_that_needs_time_is_asked_later_and_keeps_no_slot_meanwhile) {
    process_with_issuer p;
    p.issuer.script = {in(3s), in(2s), commands()};
    p.open();
    BOOST_TEST(!p.answer());
    BOOST_TEST(p.wait(2s) == 0);
    BOOST_TEST(p.wait(1s) == 1);
    BOOST_TEST(!p.answer());
    BOOST_TEST(p.wait(2s) == 1);
    BOOST_TEST(p.step().commands.size() == 1u);
    BOOST_TEST(p.issuer.asked == (asked{"open order", "poll", "poll"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_forgotten_session_begins_again_after_a_pause) {
    process_with_issuer p;
    p.issuer.script = {commands(), forgotten{}, forgotten{}, commands(), done()};
    p.open();
    p.step();
    p.relay();
    BOOST_TEST(p.step().lost); // the process asks for the first commands again
    p.open();
    BOOST_TEST(!p.answer());
    BOOST_TEST(p.wait(1s) == 0);
    BOOST_TEST(p.wait(1s) == 1); // forgotten before its first commands: nobody has to know
    BOOST_TEST(!p.answer());
    BOOST_TEST(p.wait(4s) == 1);
    BOOST_TEST(p.step().commands.size() == 1u);
    p.relay();
    BOOST_TEST(p.step().done);
}

BOOST_AUTO_TEST_CASE(an_issuer_that_always_forgets_ends_the_process_as_one_that_cannot_be_reached) {
    process_with_issuer p;
    p.issuer.script.assign(100, forgotten{});
    p.open();
    int waited = 0;
    std::optional<process::answer_variant> end;
    for (; waited < 200 && !(end = p.answer()); ++waited)
        p.wait(1s);
    BOOST_REQUIRE(end);
    const auto& why = std::get<process::failed>(*end);
    BOOST_TEST((why.category == model::error_category::network_connection_error));
    BOOST_TEST(why.retry_can_help);
    BOOST_TEST(waited >= 30);
    BOOST_TEST(waited <= 90);
    BOOST_TEST(p.issuer.asked.size() <= 8u);
}

BOOST_AUTO_TEST_CASE(keys_of_a_forgotten_session_are_fetched_by_the_order) {
    process_with_issuer p;
    p.issuer.script = {done(), done()};
    p.open();
    BOOST_TEST(p.step().done);
    p.issuer.forgets_keys = true;
    p.ask(fetch_material{});
    std::optional<material_fetched> got;
    p.asker->receive([&](material_fetched& m) { got = std::move(m); });
    BOOST_REQUIRE(got->material);
    BOOST_TEST(got->material->aid == "AA");
    BOOST_TEST(p.issuer.asked == (asked{"open order", "keys", "open order", "keys"}), boost::test_tools::per_element());
}

/// Hosts, ports and TLS's reasons are the operator's: the app, and with it the SPOS, gets fixed words.
BOOST_AUTO_TEST_CASE(what_is_wrong_with_an_issuer_is_told_to_the_operator_alone) {
    const std::string cause = "‘issuer.internal:9543’: TLS handshake failed: certificate has expired";
    const std::pair<said, std::string> ends[] = {
        {port_error(port_cause::unreachable, cause),
         "the issuer of the secure component cannot be reached, please try again later"},
        {port_error(port_cause::refused, cause), "the issuer of the secure component does not take the order"},
        {port_error(port_cause::protocol, cause), "the issuer of the secure component does not answer as agreed"},
        {port_error(port_cause::card, cause), "the issuer of the secure component could not work on it"},
        {port_error(port_cause::card, cause, {}, "card cryptogram wrong"),
         "the issuer of the secure component could not work on it: card cryptogram wrong"},
        {std::runtime_error(cause), internal_problem},
    };
    for (const auto& [said_, told] : ends) {
        process_with_issuer p;
        p.issuer.script = {said_};
        p.open("process-7-order");
        const auto end = p.answer();
        BOOST_REQUIRE(end.has_value());
        BOOST_TEST(std::get<process::failed>(*end).details == told);
        BOOST_REQUIRE(!p.w.log.empty());
        BOOST_TEST(p.w.log.back().find("process-7-order: " + cause) != std::string::npos, p.w.log.back());
    }
    const port_error busy(port_cause::busy, cause, 40s);
    BOOST_TEST(busy.for_app() == "the issuer of the secure component is busy, please try again in 40 seconds");
    BOOST_TEST(port_error(port_cause::busy, cause).for_app() ==
               "the issuer of the secure component is busy, please try again later");
    BOOST_TEST(port_error(port_cause::session_lost, cause).for_app().find("issuer.internal") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_process_that_ends_cuts_its_line) {
    auto p = std::make_unique<process_with_issuer>();
    const auto line = p->line;
    p.reset();
    BOOST_TEST(line->is_cut());
}

BOOST_AUTO_TEST_SUITE_END()
