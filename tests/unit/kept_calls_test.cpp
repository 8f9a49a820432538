// What the store keeps of a call behind a process, so that another life of the server can go on with it, and what is
// gone when it has ended (DIV-108).

#include "store/call_records.hpp"
#include "tests/moved_clock.hpp"
#include "tests/unit/former_schemas.hpp"
#include "tests/unit/instance_rows.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::unit;
using namespace std::chrono_literals;
using store::device_store;

namespace {

const model::session_proof proof{std::string(64, 'a'), std::string(64, 'b'), std::string(64, 'c'), "192.0.2.1", "sp-1"};

/// A process with a secret, begun by the first life of a server.
struct kept_call {
    kept_call() {
        first.processes.serve_as({"device"});
        first.instances.create(some_instance(), some_card());
        auto p = some_process();
        p.proof = proof;
        p.asked = some_call();
        auto shown = *first.instances.find("instance-1");
        shown.running_process = p.id;
        BOOST_REQUIRE(unit::begin(first, p, shown));
    }
    void end(device_store& db, std::optional<model::life_cycle_result> result) {
        auto row = *db.instances.find("instance-1");
        row.running_process.clear();
        std::optional<model::outbox_entry> none;
        BOOST_REQUIRE(
            db.processes.end({"process-1", model::error_category::none, "", "2026-01-01T00:00:01.000Z", {}, result},
                             row, std::nullopt, false, none));
    }
    /// Octets of the database and of what SQLite keeps beside it.
    std::string octets() const { return text_of(t.file()) + text_of(t.file().string() + "-wal"); }

    temporary_database t;
    moved_clock clock;
    device_store first{t.file(), store::believe_mark::yes, clock};
};

bool holds(const std::string& octets, const std::string& what) {
    return octets.find(what) != std::string::npos;
}

void empty_log(const std::filesystem::path& file) {
    SQLite::Database(file, SQLite::OPEN_READWRITE).exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

} // namespace

BOOST_AUTO_TEST_SUITE(kept_calls)

BOOST_AUTO_TEST_CASE(another_life_of_the_server_finds_what_was_asked_and_takes_it_over) {
    kept_call k;
    k.first.processes.acknowledge("process-1");
    device_store second(k.t.file(), store::believe_mark::yes, k.clock);
    second.processes.serve_as({"device"});
    const auto left = second.processes.interrupted();
    BOOST_REQUIRE_EQUAL(left.size(), 1u);
    BOOST_TEST((left[0].why == model::interruption::restart)); // of its own
    BOOST_TEST(left[0].holds_card);
    BOOST_TEST(left[0].process.acknowledged);
    BOOST_TEST((left[0].process.proof == proof));
    BOOST_TEST(store::encode(left[0].process.asked.value()) == store::encode(some_call()));
    BOOST_TEST(left[0].process.asked->cards[1].se_id == "id");
    second.processes.take_over("process-1");
    BOOST_TEST(second.processes.interrupted().empty());
    BOOST_CHECK_THROW(second.processes.take_over("process-1"), store::lease_lost);
    BOOST_CHECK_THROW(k.first.processes.hold("process-1"), store::lease_lost);
    second.processes.hold("process-1");
    k.end(second, some_result());
}

BOOST_AUTO_TEST_CASE(a_server_of_another_name_does_not_call_it_its_own) {
    kept_call k;
    device_store other(k.t.file(), store::believe_mark::yes, k.clock);
    other.processes.serve_as({"other"});
    k.clock.wall_now += 1h;
    BOOST_REQUIRE_EQUAL(other.processes.interrupted().size(), 1u);
    BOOST_TEST((other.processes.interrupted()[0].why == model::interruption::server_gone));
    device_store nobody(k.t.file(), store::believe_mark::yes, k.clock);
    BOOST_TEST((nobody.processes.interrupted().at(0).why != model::interruption::restart));
}

BOOST_AUTO_TEST_CASE(secrets_are_gone_with_the_end_of_the_process_octet_by_octet) {
    kept_call k;
    empty_log(k.t.file());
    BOOST_TEST(holds(k.octets(), "a secret of the provider"));
    k.end(k.first, some_result());
    empty_log(k.t.file());
    BOOST_TEST(!holds(k.octets(), "a secret of the provider"));
    BOOST_TEST(holds(k.octets(), proof.secret_hash)); // for who fetches the result
}

BOOST_AUTO_TEST_CASE(a_large_call_is_gone_too) {
    kept_call k;
    k.end(k.first, std::nullopt);
    auto p = some_process();
    p.id = "process-2";
    auto call = some_call();
    auto& data = std::get<model::deploy_service>(call.what).commands[0].data;
    for (int i = 0; i < 500; ++i)
        data["parameter" + std::to_string(i)] = "another secret of the provider";
    p.asked = call;
    auto shown = *k.first.instances.find("instance-1");
    shown.running_process = p.id;
    BOOST_REQUIRE(unit::begin(k.first, p, shown));
    empty_log(k.t.file());
    BOOST_TEST(holds(k.octets(), "another secret of the provider"));
    shown.running_process.clear();
    std::optional<model::outbox_entry> none;
    k.first.processes.end({"process-2", model::error_category::none, "", "2026-01-01T00:00:01.000Z"}, shown,
                          std::nullopt, false, none);
    empty_log(k.t.file());
    BOOST_TEST(!holds(k.octets(), "another secret of the provider"));
}

BOOST_AUTO_TEST_CASE(a_result_is_kept_until_it_is_forgotten_and_with_it_whose_it_is) {
    kept_call k;
    BOOST_TEST(k.first.processes.results().empty());
    k.end(k.first, some_result());
    const auto kept = k.first.processes.results();
    BOOST_REQUIRE_EQUAL(kept.size(), 1u);
    BOOST_TEST((kept[0].process.proof == proof));
    BOOST_TEST(kept[0].process.session == "session");
    BOOST_TEST(!kept[0].process.asked);
    BOOST_TEST(store::encode(kept[0].end.result.value()) == store::encode(some_result()));
    BOOST_TEST(store::encode(k.first.processes.end_of("process-1")->result.value()) == store::encode(some_result()));
    const auto ended = wall_time(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)) + 1s;
    k.first.retention.forget_results_before(ended);
    BOOST_TEST(k.first.processes.results().size() == 1u);
    k.first.retention.forget_results_before(ended + 1s);
    BOOST_TEST(k.first.processes.results().empty());
    BOOST_TEST(k.first.processes.end_of("process-1").has_value());
    empty_log(k.t.file());
    BOOST_TEST(!holds(k.octets(), proof.secret_hash));
    BOOST_TEST(!holds(k.octets(), proof.call_hash));
}

// AMB-241: what scripts were answered, and what has been sent to the applications, is personal data.
BOOST_AUTO_TEST_CASE(results_are_gone_with_the_instance_octet_by_octet) {
    kept_call k;
    model::deploy_service_result deployed;
    deployed.commands = {{model::command_status::execution_success, {{"AID", {{"pin", "personal octets", "9000"}}}}}};
    k.end(k.first, deployed);
    empty_log(k.t.file());
    BOOST_TEST(holds(k.octets(), "personal octets"));
    auto p = some_process();
    p.id = "process-2";
    auto shown = *k.first.instances.find("instance-1");
    shown.running_process = p.id;
    BOOST_REQUIRE(unit::begin(k.first, p, shown));
    std::optional<model::outbox_entry> none;
    const model::process_end gone{p.id, model::error_category::none,      "", "2026-01-01T00:00:02.000Z",
                                  {},   model::terminate_service_result{}};
    BOOST_REQUIRE(k.first.processes.end(gone, shown, std::nullopt, true, none));
    BOOST_REQUIRE_EQUAL(k.first.processes.results().size(), 1u);
    BOOST_TEST(k.first.processes.results()[0].process.id == "process-2");
    empty_log(k.t.file());
    BOOST_TEST(!holds(k.octets(), "personal octets"));
}

BOOST_AUTO_TEST_CASE(every_function_is_read_as_it_was_written) {
    const model::life_cycle_function all[] = {
        std::get<model::deploy_service>(some_call().what),
        model::update_service{"instance-1", "2.0.0", {{model::service_command::personalize, {{"a", "b"}}, true}}, true},
        model::suspend_or_resume_service{"instance-1", true},
        model::terminate_service{"instance-1"},
    };
    static_assert(std::size(all) == std::variant_size_v<model::life_cycle_function>);
    for (const auto& what : all) {
        const auto text = store::encode(model::asked_call{what, {}});
        const auto read = store::decode_asked(text);
        BOOST_TEST(read.what.index() == what.index());
        BOOST_TEST(store::encode(read) == text);
    }
    const auto update =
        std::get<model::update_service>(store::decode_asked(store::encode(model::asked_call{all[1], {}})).what);
    BOOST_TEST(update.new_version == "2.0.0");
    BOOST_TEST((update.commands == std::get<model::update_service>(all[1]).commands));
    BOOST_TEST(update.finalize);
}

BOOST_AUTO_TEST_CASE(an_answer_is_read_as_it_was_written) {
    const model::service_instance_info instance{"instance-1",
                                                model::instance_state::not_deployed,
                                                {{{"color", "blue"}}, "service-1", "1.0.0", "flavor-1", "gold", "p"},
                                                model::operation::no_operation,
                                                "eSE1"};
    for (const model::create_service_instance_result& answer :
         {model::create_service_instance_result{instance, {}},
          {std::nullopt, {model::error_category::no_eligible_sc, "no"}}}) {
        const auto read = store::decode_creation(store::encode(answer));
        BOOST_TEST(store::encode(read) == store::encode(answer));
        BOOST_TEST(read.service_instance.has_value() == answer.service_instance.has_value());
        BOOST_TEST((read.outcome.status == answer.outcome.status));
        BOOST_TEST(read.outcome.message == answer.outcome.message);
    }
    const auto read = store::decode_creation(store::encode({instance, {}})).service_instance.value();
    BOOST_TEST(read.id == "instance-1");
    BOOST_TEST(read.reader == "eSE1");
    BOOST_TEST(read.technical.sp_parameters.at("color") == "blue");
    BOOST_CHECK_THROW(store::decode_creation("[]"), store::damaged_document);
}

BOOST_AUTO_TEST_CASE(every_result_is_read_as_it_was_written) {
    const model::process_info info{"p", {model::error_category::unspecified, "no"}, "then", "now"};
    const auto deployed = std::get<model::deploy_service_result>(some_result());
    const model::life_cycle_result all[] = {deployed, model::update_service_result{deployed},
                                            model::suspend_or_resume_result{info},
                                            model::terminate_service_result{info}};
    static_assert(std::size(all) == std::variant_size_v<model::life_cycle_result>);
    for (const auto& result : all) {
        const auto read = store::decode_result(store::encode(result));
        BOOST_TEST(read.index() == result.index());
        BOOST_TEST(store::encode(read) == store::encode(result));
    }
    const auto read = std::get<model::deploy_service_result>(store::decode_result(store::encode(all[0])));
    BOOST_TEST(read.technical.flavor_name == "gold");
    BOOST_TEST(read.commands.at(0).personalization_results.at(0).results.at(0).response == "9000");
    BOOST_TEST((read.commands.at(1).status == model::command_status::not_executed));
    BOOST_CHECK_THROW(store::decode_result("{}"), store::damaged_document);
    BOOST_CHECK_THROW(store::decode_asked(R"({"what":{"noFunction":{}}})"), store::damaged_document);
}

BOOST_AUTO_TEST_SUITE_END()
