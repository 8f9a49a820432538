// What an operator is shown of a process (TR 3.5.1, AMB-190): the sequence log, read beside the server.

#include "app/cli/table.hpp"
#include "app/tsms/trace_reading.hpp"
#include "app/tsms/trace_text.hpp"
#include "gp/card_steps.hpp"
#include "gp/command_words.hpp"
#include "gp/commands.hpp"
#include "tests/moved_clock.hpp"
#include "tests/unit/former_schemas.hpp"
#include "tests/unit/instance_rows.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

using namespace tsms;
using namespace tsms::unit;
using app::cause_of;
using app::lines_of;
using app::remedy_of;
using store::card_log_entry;
using store::device_store;
using sort = app::trace_line::sort;

namespace {

card_log_entry command(const std::string& apdu, const std::string& note) {
    return {"process-1", false, apdu, note, {}};
}
card_log_entry answer(const std::string& apdu, const std::string& note = {}) {
    return {"process-1", true, apdu, note, {}};
}
card_log_entry remark(const std::string& text) {
    return {"process-1", false, {}, text, {}};
}
card_log_entry broke_off(const std::string& why) {
    return {"process-1", true, {}, "transmission ended: " + why, {}};
}

/// A process in a database, with what its log says.
struct logged_process {
    explicit logged_process(const std::vector<card_log_entry>& log) {
        db.processes.serve_as({"device"});
        db.instances.create(some_instance(), some_card());
        auto shown = *db.instances.find("instance-1");
        shown.running_process = "process-1";
        BOOST_REQUIRE(unit::begin(db, some_process(), shown));
        db.card_log.append(log);
    }
    void end(model::error_category status, const std::string& message) {
        auto row = *db.instances.find("instance-1");
        row.running_process.clear();
        std::optional<model::outbox_entry> none;
        BOOST_REQUIRE(db.processes.end({"process-1", status, message, "2026-01-01T00:00:01.000Z"}, row, std::nullopt,
                                       false, none));
    }
    std::optional<store::trace> read(const std::string& id = "process-1",
                                     const store::trace_bounds& bounds = {}) const {
        return store::read_trace(t.file(), id, bounds);
    }
    store::traced_process only() const {
        const auto found = read();
        BOOST_REQUIRE(found && found->processes.size() == 1u);
        return found->processes[0];
    }
    std::string printed() const {
        std::ostringstream out;
        app::print_trace(out, "process-1", read().value());
        return out.str();
    }

    temporary_database t;
    moved_clock clock;
    device_store db{t.file(), store::believe_mark::yes, clock};
};

const std::vector<card_log_entry> refused_load{
    remark("deployService: install"),
    command("84E60200", "INSTALL [for load]: package D27600018501 for domain D2760001"),
    command("84E80000", "LOAD: block 0"),
    command("84E88001", "LOAD: block 1, the last one"),
    answer("AABBCCDD9000"),
    answer("6A84"),
    answer("6985"),
    remark("ends, status 7, no room, who can help: the service provider, who can do it, state 25")};

const std::string no_memory = "Content related error: not enough memory (LOAD), status word 6A84";

bool holds(const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(trace)

BOOST_AUTO_TEST_CASE(commands_are_told_in_words_and_without_what_is_confidential) {
    const auto aid = hex("D27600018501"), domain = hex("D2760001"), secret_parameters = hex("C904DEADBEEF");
    const gp::instance_description instance{aid, hex("D2760001850101"), hex("D2760001850102"), 0, 3, secret_parameters};
    const std::pair<gp::command_apdu, std::string> table[] = {
        {gp::select(aid), "D27600018501"},
        {gp::select({}), "the default application"},
        {gp::get_data(0x9F7F), "tag 9F7F"},
        {gp::get_data(0x42), "tag 42"},
        {gp::get_status(gp::registry_scope::applications, aid), "applications D27600018501"},
        {gp::get_status(gp::registry_scope::load_files), "load files"},
        {gp::initialize_update(0x31, hex("0102030405060708")), "key version 31"},
        {gp::install_for_load(aid, domain, {}), "package D27600018501 for domain D2760001"},
        {gp::install_for_install(instance),
         "application D2760001850102 of module D2760001850101 of package D27600018501, privileges 000000"},
        {gp::install_for_make_selectable(aid, 0), "D27600018501"},
        {gp::install_for_extradition(domain, aid), "D27600018501 to domain D2760001"},
        {gp::install_for_personalization(aid), "D27600018501"},
        {gp::load(bytes(300), 200).at(0), "block 0"},
        {gp::load(bytes(300), 200).at(1), "block 1, the last one"},
        {gp::delete_object(aid, true), "D27600018501"},
        {gp::delete_keys(0x31), "key version 31"},
        {gp::set_status(gp::status_type::application, 0x80, aid), "D27600018501 to state 80"},
        {{0x80, 0xEE, 1, 2, hex("DEADBEEF"), {}}, ""},
        {{0x80, 0xE6, 0x04, 0, hex("7F00"), {}}, "application ? of module ? of package ?, privileges ?"},
    };
    for (const auto& [plain, words] : table) {
        BOOST_TEST(gp::words_of(plain) == words);
        BOOST_TEST(!holds(gp::words_of(plain), "DEADBEEF"));
    }
}

BOOST_AUTO_TEST_CASE(each_step_is_found_by_its_name) {
    for (int k = 0; k <= static_cast<int>(gp::step::relayed); ++k) {
        const auto what = static_cast<gp::step>(k);
        BOOST_TEST((gp::step_named(to_string(what)) == what));
        BOOST_TEST(to_string(what).find_first_of(",:") == std::string_view::npos); // a note goes on behind them
    }
    BOOST_TEST(!gp::step_named("DANCE"));
}

BOOST_AUTO_TEST_CASE(it_is_found_by_process_instance_and_card) {
    logged_process p(refused_load);
    for (const auto& [id, of] : {std::pair{"process-1", store::trace_subject::process},
                                 {"instance-1", store::trace_subject::instance},
                                 {"card-1", store::trace_subject::card}}) {
        const auto found = p.read(id);
        BOOST_REQUIRE(found);
        BOOST_TEST((found->of == of));
        BOOST_REQUIRE_EQUAL(found->processes.size(), 1u);
        BOOST_TEST(found->processes[0].id == "process-1");
        BOOST_TEST(found->processes[0].requested == "10 12");
        BOOST_TEST(found->processes[0].entries.size() == refused_load.size());
    }
    BOOST_TEST(!p.read("nobody"));
    p.db.instances.create(some_instance("instance-2"), [] {
        auto card = some_card();
        card.id = "card-2", card.identity = "479002";
        return card;
    }());
    BOOST_REQUIRE(p.read("card-2")); // known, and nothing has happened to it
    BOOST_TEST(p.read("card-2")->processes.empty());
}

BOOST_AUTO_TEST_CASE(answers_belong_to_their_commands_and_the_one_that_failed_is_marked) {
    logged_process p(refused_load);
    p.end(model::error_category::content_related_error, no_memory);
    const auto row = p.only();
    const auto lines = lines_of(row);
    BOOST_REQUIRE_EQUAL(lines.size(), 5u);
    BOOST_TEST((lines[0].what == sort::remark));
    const std::pair<std::string, std::string> expected[] = {
        {"AABBCCDD9000", "done"}, {"6A84", "not enough memory"}, {"6985", "missing import or wrong Java Card version"}};
    for (int k = 0; k < 3; ++k) {
        BOOST_TEST((lines[1 + k].what == sort::command));
        BOOST_TEST(lines[1 + k].answer.value().logged.apdu == expected[k].first);
        BOOST_TEST(lines[1 + k].meaning == expected[k].second);
        BOOST_TEST(lines[1 + k].refused == (k > 0));
        BOOST_TEST(lines[1 + k].failed == (k == 1));
    }
    BOOST_TEST(cause_of(row, lines) == no_memory + "; the card answered 6A84 (not enough memory) to LOAD: block 0");
    BOOST_TEST(remedy_of(row, lines) == "who can help: the service provider, who can do it");
}

BOOST_AUTO_TEST_CASE(a_log_of_before_that_has_no_remarks_is_read_too) {
    logged_process p({command("00A4", "SELECT"), command("80CA", "GET DATA"), answer("9000"),
                      command("8050", "INITIALIZE UPDATE"), answer("6982"), answer("6700")});
    const auto lines = lines_of(p.only());
    BOOST_REQUIRE_EQUAL(lines.size(), 4u);
    BOOST_TEST(!lines[1].answer.has_value());
    BOOST_TEST(lines[2].answer.value().logged.apdu == "6982");
    BOOST_TEST((lines[3].what == sort::ending)); // an answer without a command
}

BOOST_AUTO_TEST_CASE(a_card_that_falls_silent_is_named_with_the_command) {
    logged_process p({remark("a"), command("00A4", "SELECT: A0"), command("84E8", "LOAD: block 0"),
                      command("84E8", "LOAD: block 1"), answer("9000"), broke_off("failed, card torn")});
    p.end(model::error_category::execution_interrupted,
          "Execution interrupted: transmission to the secure component failed (LOAD)");
    const auto row = p.only();
    const auto lines = lines_of(row);
    BOOST_REQUIRE_EQUAL(lines.size(), 5u);
    BOOST_TEST(!lines[1].failed);
    BOOST_TEST(lines[2].failed); // the first one without an answer
    BOOST_TEST(!lines[3].failed);
    BOOST_TEST((lines[4].what == sort::ending));
    BOOST_TEST(holds(cause_of(row, lines), "did not answer LOAD: block 0"));
    BOOST_TEST(holds(remedy_of(row, lines), "the app calls again"));
}

BOOST_AUTO_TEST_CASE(a_card_that_was_taken_away_is_held_there_again) {
    for (const auto& [end, remedy] : {std::pair{"ends, status 9, gone, a repetition of the call may succeed, state 1",
                                                "the app calls again, with the phone"},
                                      {"ends, status 9, gone, state 1", "the operator looks at the card"}}) {
        logged_process p({remark(end)});
        p.end(model::error_category::sc_inaccessible, "SC inaccessible: gone");
        const auto row = p.only();
        BOOST_TEST(holds(remedy_of(row, lines_of(row)), remedy));
    }
}

BOOST_AUTO_TEST_CASE(an_internal_problem_is_told_to_who_reads_the_trace) {
    logged_process p(
        {remark(std::string(store::inside_the_tsm) + "the vault is not the same"), remark("ends, status 2")});
    p.end(model::error_category::internal_error, "Internal error: an internal problem, please try again later");
    const auto row = p.only();
    BOOST_TEST(holds(cause_of(row, lines_of(row)), "; inside the TSM: the vault is not the same"));
}

BOOST_AUTO_TEST_CASE(each_error_has_a_remedy) {
    for (int number = 1; number <= 100; ++number) {
        const auto category = model::category_of(number);
        if (!category)
            continue;
        store::traced_process p;
        p.has_ended = true;
        p.status = number;
        BOOST_TEST(!remedy_of(p, {}).empty());
    }
    store::traced_process running;
    BOOST_TEST(holds(remedy_of(running, {}), "it runs"));
    running.has_ended = true;
    BOOST_TEST(remedy_of(running, {}).empty());
    BOOST_TEST(cause_of(running, {}).empty());
}

BOOST_AUTO_TEST_CASE(what_cards_and_phones_say_does_not_reach_the_terminal) {
    const std::string evil = "\x1B[2J\x1B]0;x\x07\x9B\u202Etxet\r\n> LOAD";
    logged_process p({remark(evil), command("00A4", "SELECT: " + evil), answer("9000", evil), broke_off(evil)});
    p.end(model::error_category::unspecified, evil);
    std::string text = p.printed() + json::dump(app::trace_as_json(evil, p.read().value()));
    for (const char* bad : {"\x1B", "\x07", "\r", "\u202E", "\x9B"})
        BOOST_TEST(!holds(text, bad));
    BOOST_TEST(!holds(text, "\n> LOAD"));
    BOOST_TEST(holds(text, "\\x1B[2J"));
}

BOOST_AUTO_TEST_CASE(it_is_bounded) {
    std::vector<card_log_entry> log{remark("begins"), command("00", "SELECT: lost"), remark("goes on")};
    for (int k = 0; k < 100; ++k)
        log.push_back(command(std::string(400, 'A'), "LOAD: block " + std::to_string(k)));
    for (int k = 0; k < 100; ++k)
        log.push_back(answer("9000"));
    logged_process p(log);
    const auto found = p.read("process-1", {1, 201, 32});
    BOOST_REQUIRE(found);
    const auto& row = found->processes[0];
    BOOST_TEST(row.left_out == 2u);
    BOOST_TEST(row.entries[1].logged.apdu.size() == 64u);
    BOOST_TEST(row.entries[1].octets == 200u);
    BOOST_TEST(lines_of(row).size() == 101u);
    const auto cut = p.read("process-1", {1, 150, 32}).value().processes[0]; // within an order: nothing can be paired
    BOOST_TEST(lines_of(cut).empty());
    const auto text = p.printed();
    BOOST_TEST(holds(text, "… and 98 more like it"));
    BOOST_TEST(std::ranges::count(text, '\n') < 30);
    BOOST_TEST(p.read("instance-1", {0, 1, 1})->left_out == 1u);
}

BOOST_AUTO_TEST_CASE(reading_changes_nothing_and_needs_no_server) {
    logged_process p(refused_load);
    const auto file = p.t.folder / "copy.db";
    SQLite::Database(p.t.file(), SQLite::OPEN_READWRITE).exec("PRAGMA wal_checkpoint(TRUNCATE)");
    std::filesystem::copy_file(p.t.file(), file);
    const auto before = text_of(file);
    BOOST_TEST(store::read_trace(file, "process-1", {}).has_value());
    BOOST_TEST(text_of(file) == before);
    BOOST_CHECK_THROW(store::read_trace(p.t.folder / "none.db", "process-1", {}), store::error);
}

BOOST_AUTO_TEST_SUITE_END()
