// What is said where instances.db is damaged: which file, what happened, what helps. Whatever reads or writes it.

#include "tests/unit/damage.hpp"
#include "tests/unit/instance_rows.hpp"

#include <functional>

using namespace tsms;
using namespace tsms::unit;
using store::device_store;

namespace {

/// A life in a few rows.
struct damaged {
    damaged() {
        device_store db(t.file());
        db.issuers.add({"lab", "https://issuer", "PEM", {1}, {}});
        db.apps.add({"CAFE", "sp", {1}, ""});
        db.instances.create(some_instance(), some_card());
        begin(db, some_process(), some_instance());
        db.processes.journal("process-1", "install");
        db.card_log.append({{"process-1", false, "00A4", "", ""}});
        model::outbox_entry delivery{.process = "process-1", .spos = {"https://spos", ""}, .body = "{}"};
        db.outbox.add(delivery);
        db.retention.may_forget(wall_time{});
    }
    temporary_database t;
};

using deed = std::function<void(device_store&)>;

} // namespace

BOOST_AUTO_TEST_SUITE(damaged_instances)

BOOST_AUTO_TEST_CASE(pages_of_every_table) {
    const struct {
        const char* table;
        std::vector<deed> reads;
        std::vector<deed> writes;
    } tables[] = {
        {"secure_components",
         {[](auto& db) { db.cards.all(); }, [](auto& db) { db.cards.find("card-1"); }},
         {[](auto& db) { db.cards.release("card-1"); }}},
        {"service_instances", {[](auto& db) { db.instances.on("card-1"); }}, {[](auto& db) {
             db.instances.create(some_instance("other"), some_card());
         }}},
        {"processes",
         {[](auto& db) { db.processes.interrupted(); }, [](auto& db) { db.processes.end_of("process-1"); }},
         {[](auto& db) { db.processes.acknowledge("process-1"); }, [](auto& db) { db.processes.hold("process-1"); }}},
        {"journal", {[](auto& db) { db.processes.interrupted(); }}, {[](auto& db) {
             db.processes.journal("process-1", "x");
         }}},
        {"outbox", {[](auto& db) { db.outbox.all(); }}, {[](auto& db) { db.outbox.give_up(1); }}},
        {"card_log", {[](auto& db) { db.card_log.of("process-1"); }}, {[](auto& db) {
             db.card_log.append({{"process-1", true, "9000", "", ""}});
         }}},
        {"issuers", {[](auto& db) { db.issuers.all(); }}, {[](auto& db) {
             db.issuers.add({"other", "", "", {}, {}});
         }}},
        {"apps", {[](auto& db) { db.apps.all(); }}, {[](auto& db) {
             db.apps.add({"BEEF", "sp", {1}, ""});
         }}},
        {"servers", {}, {[](auto& db) { db.processes.serve_as({"one"}); }}},
        {"forgetting", {}, {[](auto& db) { db.retention.may_forget(wall_time{}); }}},
    };
    for (const auto& table : tables)
        BOOST_TEST_CONTEXT(table.table) {
            damaged d;
            overwrite(d.t.file(), table.table);
            device_store db(d.t.file());
            for (const auto& read : table.reads)
                BOOST_TEST(names(refusal([&] { read(db); }), "reading instances.db failed", "malformed"));
            for (const auto& write : table.writes)
                BOOST_TEST(names(refusal([&] { write(db); }), "instances.db failed", "malformed"));
        }
}

BOOST_AUTO_TEST_CASE(documents_that_are_none) {
    const struct {
        const char* change;
        deed read;
    } rows[] = {
        {"UPDATE secure_components SET document = '{\"id\":'", [](auto& db) { db.cards.find("card-1"); }},
        {"UPDATE secure_components SET document = '7'", [](auto& db) { db.cards.find("card-1"); }},
        {"UPDATE secure_components SET document = '{\"id\":7}'", [](auto& db) { db.cards.find("card-1"); }},
        {"UPDATE service_instances SET document = '{\"target\":7}'", [](auto& db) { db.instances.find("instance-1"); }},
        {"UPDATE service_instances SET document = '{\"state\":77}'", [](auto& db) { db.instances.on("card-1"); }},
        {"UPDATE service_instances SET document = '{\"executed\":[3]}'",
         [](auto& db) { db.instances.find("instance-1"); }},
        {"UPDATE service_instances SET document = '{\"lastOperation\":14}'",
         [](auto& db) { db.instances.find("instance-1"); }},
        {"UPDATE secure_components SET document = '{\"strikes\":4294967296}'",
         [](auto& db) { db.cards.find("card-1"); }},
        {"UPDATE outbox SET created = 9223372036854775807", [](auto& db) { db.outbox.waiting(1); }},
        {"UPDATE outbox SET attempts = -1", [](auto& db) { db.outbox.waiting(1); }},
        {"UPDATE outbox SET waited = 4294967296", [](auto& db) { db.outbox.waiting(1); }},
        {"UPDATE outbox SET spos = '[]'", [](auto& db) { db.outbox.waiting(1); }},
        {"UPDATE issuers SET cards = ''", [](auto& db) { db.issuers.find("lab"); }},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.change) {
            damaged d;
            try {
                execute(d.t.file(), row.change);
            } catch (const SQLite::Exception&) { // an index over the document takes no text that is no JSON
                continue;
            }
            device_store db(d.t.file());
            BOOST_TEST(names(refusal([&] { row.read(db); }), "reading instances.db failed: row ‘", "’ of table "));
            BOOST_TEST(db.damage().found() == 1u);
        }
}

/// What needs the row fails, everything else goes on, and the row is named once.
BOOST_AUTO_TEST_CASE(a_damaged_row_stops_only_itself) {
    damaged d;
    std::int64_t whole = 0;
    {
        device_store db(d.t.file());
        model::outbox_entry delivery{.process = "other", .spos = {"https://spos", ""}, .body = "{}"};
        db.outbox.add(delivery);
        whole = delivery.id;
        db.issuers.add({"other", "https://issuer", "PEM", {1}, {}});
        auto card = some_card();
        card.id = "card-2";
        card.identity = "479002";
        auto instance = some_instance("instance-2");
        instance.secure_component_id = "card-2";
        db.instances.create(instance, card);
    }
    execute(d.t.file(), "UPDATE outbox SET spos = '[]' WHERE id = 1;"
                        "UPDATE issuers SET cards = '' WHERE name = 'lab';"
                        "UPDATE secure_components SET document = '{\"id\":7}' WHERE id = 'card-1'");
    device_store db(d.t.file());
    std::vector<std::string> told;
    db.damage().listen([&](const std::string& text) { told.push_back(text); });
    for (int time = 0; time < 2; ++time) {
        BOOST_REQUIRE_EQUAL(db.outbox.waiting().size(), 1u);
        BOOST_TEST(db.outbox.waiting()[0].id == whole);
        BOOST_TEST(db.outbox.all().size() == 1u);
        BOOST_REQUIRE_EQUAL(db.issuers.all().size(), 1u);
        BOOST_TEST(db.issuers.all()[0].name == "other");
        BOOST_REQUIRE_EQUAL(db.cards.all().size(), 1u);
        BOOST_TEST(db.cards.find("card-2")->identity == "479002");
        BOOST_TEST(db.cards.domain_of_kind("eSE1", "").has_value()); // of the other card of this kind
        BOOST_CHECK_THROW(db.cards.find("card-1"), store::damaged_row);
    }
    BOOST_REQUIRE_EQUAL(told.size(), 3u);
    BOOST_TEST(names(told[0], "row ‘1’ of table outbox", "tsms outbox drop --id 1"));
    BOOST_TEST(names(told[1], "row ‘lab’ of table issuers", "instances.db"));
    BOOST_TEST(names(told[2], "row ‘card-1’ of table secure_components", "instances.db"));
    BOOST_TEST(db.damage().found() == 3u);
    BOOST_TEST(db.outbox.drop(1));
    BOOST_TEST(db.outbox.drop(whole));
}

BOOST_AUTO_TEST_CASE(an_instance_whose_document_is_no_json_keeps_nobody_from_the_others) {
    damaged d;
    execute(d.t.file(), "UPDATE service_instances SET state = 1, document = 'no JSON'");
    device_store db(d.t.file());
    BOOST_TEST(db.processes.stranded().empty());
    BOOST_TEST(db.processes.orphaned().size() == 1u);
    db.retention.forget_claims_before(wall_time(std::chrono::seconds(1'900'000'000)), wall_time{});
    BOOST_TEST(db.damage().found() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
