#include "store/sqlite/processes.hpp"

#include "base/number.hpp"
#include "base/split.hpp"
#include "model/numbers.hpp"
#include "store/call_records.hpp"

namespace tsms::store {

namespace {

std::string join(const std::vector<model::operation>& operations) {
    std::string text;
    for (auto o : operations)
        text += (text.empty() ? "" : " ") + std::to_string(static_cast<int>(o));
    return text;
}

std::vector<model::operation> operations_of(const std::string& row) {
    std::vector<model::operation> operations;
    if (row.empty())
        return operations;
    for (const auto name : text::split(row, ' ')) {
        const auto number = text::number<int>(name);
        const auto operation = number ? model::of_number(model::all_operations, *number) : std::nullopt;
        if (!operation)
            throw damaged_document("it has requested ‘" + row + "’");
        operations.push_back(*operation);
    }
    return operations;
}

const std::string process_columns = "SELECT id, session, instance, card, caller, version, requested, start_state, "
                                    "started, acknowledged, proof, asked";
constexpr int process_columns_count = 12;

model::process_record process_in(SQLite::Statement& row) {
    return of_row("processes", text_of(row, 0), [&] {
        const auto state = model::of_number(model::all_states, number_of(row, 7));
        if (!state)
            throw damaged_document("its start_state is " + text_of(row, 7));
        model::process_record p{text_of(row, 0),
                                text_of(row, 1),
                                text_of(row, 2),
                                text_of(row, 3),
                                text_of(row, 4),
                                text_of(row, 5),
                                operations_of(text_of(row, 6)),
                                *state,
                                text_of(row, 8)};
        p.acknowledged = flag_of(row, 9);
        if (!row.isColumnNull(10))
            p.proof = decode_proof(text_of(row, 10));
        if (!row.isColumnNull(11))
            p.asked = decode_asked(text_of(row, 11));
        return p;
    });
}

model::process_end end_at(SQLite::Statement& row, int column) {
    return of_row("processes", text_of(row, 0), [&] {
        model::process_end e{text_of(row, column), static_cast<model::error_category>(number_of(row, column + 1)),
                             text_of(row, column + 2), text_of(row, column + 3)};
        if (!row.isColumnNull(column + 4))
            e.result = decode_result(text_of(row, column + 4));
        return e;
    });
}

model::process_end end_in(SQLite::Statement& row) {
    return end_at(row, 0);
}

process_lease lease_in(SQLite::Statement& row) {
    return {text_of(row, 0), number_of(row, 1), flag_of(row, 2), time_of(number_of(row, 3)).value_or(wall_time::max())};
}

ended_process ended_process_in(SQLite::Statement& row) {
    return {process_in(row), end_at(row, process_columns_count)};
}

const std::string lease_columns = "SELECT owner, epoch, holds_card, lease_ends FROM processes ";

} // namespace

void sqlite_processes::insert(const model::process_record& p, const process_lease& lease) {
    session_.write([&] {
        run(session_.rows(),
            "INSERT INTO processes (id, session, instance, card, caller, version, requested, start_state, started, "
            "acknowledged, proof, asked, owner, epoch, holds_card, lease_ends) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            p.id, p.session, p.instance, p.card, p.caller, p.version_tag, join(p.requested),
            static_cast<int>(p.start_state), p.started, p.acknowledged ? 1 : 0, encode(p.proof),
            p.asked ? std::optional(encode(*p.asked)) : std::nullopt, lease.owner, lease.epoch,
            lease.holds_card ? 1 : 0, seconds_of(lease.ends));
    });
}

void sqlite_processes::acknowledge(const std::string& id) {
    session_.write([&] { run(session_.rows(), "UPDATE processes SET acknowledged = 1 WHERE id = ?", id); });
}

void sqlite_processes::forget_asked(const std::string& session) {
    session_.write([&] {
        run(session_.rows(), "UPDATE processes SET asked = NULL WHERE session = ? AND ended IS NULL", session);
    });
}

void sqlite_processes::end(const model::process_end& e) {
    session_.write([&] {
        run(session_.rows(),
            "UPDATE processes SET status = ?, message = ?, ended = ?, result = ?, asked = NULL WHERE id = ?",
            static_cast<int>(e.status), e.message, e.ended, e.result ? std::optional(encode(*e.result)) : std::nullopt,
            e.id);
    });
}

std::optional<model::process_end> sqlite_processes::end_of(const std::string& id) const {
    return session_.look([&] {
        return first(session_.rows(), end_in,
                     "SELECT id, status, message, ended, result FROM processes WHERE id = ? AND ended IS NOT NULL", id);
    });
}

bool sqlite_processes::runs(const std::string& id) const {
    return session_.look(
        [&] { return finds(session_.rows(), "SELECT 1 FROM processes WHERE id = ? AND ended IS NULL", id); });
}

bool sqlite_processes::works_on(const std::string& card) const {
    return session_.look(
        [&] { return finds(session_.rows(), "SELECT 1 FROM processes WHERE card = ? AND ended IS NULL", card); });
}

std::vector<std::string> sqlite_processes::running() const {
    return session_.look(
        [&] { return all(session_.rows(), only_text, "SELECT id FROM processes WHERE ended IS NULL ORDER BY id"); });
}

std::vector<std::string> sqlite_processes::running_on(const std::string& card) const {
    return session_.look([&] {
        return all(session_.rows(), only_text, "SELECT id FROM processes WHERE card = ? AND ended IS NULL ORDER BY id",
                   card);
    });
}

std::optional<model::process_record> sqlite_processes::find_running(const std::string& id) const {
    return session_.look([&] {
        return first(session_.rows(), process_in, process_columns + " FROM processes WHERE id = ? AND ended IS NULL",
                     id);
    });
}

std::string sqlite_processes::card_of(const std::string& id) const {
    return session_.look(
        [&] { return first(session_.rows(), only_text, "SELECT card FROM processes WHERE id = ?", id).value_or(""); });
}

std::optional<process_lease> sqlite_processes::lease_of(const std::string& id) const {
    return session_.look(
        [&] { return first(session_.rows(), lease_in, lease_columns + "WHERE id = ? AND ended IS NULL", id); });
}

std::optional<process_lease> sqlite_processes::lease_on(const std::string& card) const {
    return session_.look([&] {
        return first(session_.rows(), lease_in, lease_columns + "WHERE card = ? AND holds_card = 1 AND ended IS NULL",
                     card);
    });
}

void sqlite_processes::set_lease(const std::string& id, const process_lease& lease) {
    session_.write([&] {
        run(session_.rows(), "UPDATE processes SET owner = ?, epoch = ?, holds_card = ?, lease_ends = ? WHERE id = ?",
            lease.owner, lease.epoch, lease.holds_card ? 1 : 0, seconds_of(lease.ends), id);
    });
}

std::int64_t sqlite_processes::epoch_of(const std::string& owner) const {
    return session_.look([&] {
        return first(session_.rows(), only_number, "SELECT epoch FROM servers WHERE owner = ?", owner).value_or(0);
    });
}

void sqlite_processes::set_epoch(const std::string& owner, std::int64_t epoch) {
    session_.write(
        [&] { run(session_.rows(), "INSERT OR REPLACE INTO servers (owner, epoch) VALUES (?, ?)", owner, epoch); });
}

void sqlite_processes::intend(const std::string& process, const std::string& what, wall_time at) {
    session_.write([&] {
        run(session_.rows(), "INSERT INTO journal (process, what, at) VALUES (?, ?, ?)", process, what, iso8601(at));
    });
}

void sqlite_processes::settle_intents(const std::string& process) {
    session_.write([&] { run(session_.rows(), "UPDATE journal SET settled = 1 WHERE process = ?", process); });
}

bool sqlite_processes::is_open(const std::string& process) const {
    return session_.look(
        [&] { return finds(session_.rows(), "SELECT 1 FROM journal WHERE process = ? AND settled = 0", process); });
}

std::vector<ended_process> sqlite_processes::with_result() const {
    return session_.readable(ended_process_in,
                             process_columns +
                                 ", id, status, message, ended, result FROM processes WHERE result IS NOT NULL "
                                 "ORDER BY id");
}

void sqlite_processes::forget_results_before(wall_time limit) {
    session_.write([&] {
        run(session_.rows(), "UPDATE processes SET result = NULL, proof = NULL WHERE result IS NOT NULL AND ended < ?",
            iso8601(limit));
    });
}

void sqlite_processes::forget_results_of(const std::string& instance) {
    session_.write([&] {
        run(session_.rows(),
            "UPDATE processes SET result = NULL, proof = NULL WHERE result IS NOT NULL AND instance = ?", instance);
    });
}

void sqlite_processes::forget_ended_before(wall_time limit) {
    session_.write([&] {
        const auto before = iso8601(limit);
        run(session_.rows(),
            "DELETE FROM journal WHERE process IN (SELECT id FROM processes WHERE ended IS NOT NULL AND ended < ?)",
            before);
        run(session_.rows(), "DELETE FROM processes WHERE ended IS NOT NULL AND ended < ?", before);
    });
}

void sqlite_processes::forget_on(const std::string& card) {
    session_.write([&] {
        run(session_.rows(), "DELETE FROM journal WHERE process IN (SELECT id FROM processes WHERE card = ?)", card);
        run(session_.rows(), "DELETE FROM processes WHERE card = ?", card);
    });
}

} // namespace tsms::store
