#include "store/trace.hpp"

#include "store/sqlite/query.hpp"
#include "store/sqlite/reader_pool.hpp"

#include <algorithm>

namespace tsms::store {

namespace {

constexpr std::size_t digits_of_octet = 2;

traced_intent intent_in(SQLite::Statement& row) {
    return {text_of(row, 0), text_of(row, 1), flag_of(row, 2)};
}

traced_delivery delivery_in(SQLite::Statement& row) {
    return {number_of(row, 0), number_of(row, 1), flag_of(row, 2), text_of(row, 3)};
}

traced_process process_in(SQLite::Statement& row) {
    traced_process p;
    p.id = text_of(row, 0);
    p.session = text_of(row, 1);
    p.instance = text_of(row, 2);
    p.card = text_of(row, 3);
    p.caller = text_of(row, 4);
    p.version = text_of(row, 5);
    p.requested = text_of(row, 6);
    p.start_state = number_of(row, 7);
    p.started = text_of(row, 8);
    p.acknowledged = flag_of(row, 9);
    p.has_ended = !row.isColumnNull(10);
    p.ended = text_of(row, 10);
    p.status = number_of(row, 11);
    p.message = text_of(row, 12);
    return p;
}

traced_entry entry_in(SQLite::Statement& row) {
    traced_entry e;
    e.logged.response = flag_of(row, 0);
    e.logged.apdu = text_of(row, 1);
    e.logged.note = text_of(row, 2);
    const auto at = std::chrono::milliseconds(number_of(row, 3));
    e.logged.at = iso8601(
        wall_time(std::clamp(at, std::chrono::milliseconds(0),
                             std::chrono::floor<std::chrono::milliseconds>(wall_time::max()).time_since_epoch())));
    e.octets = static_cast<std::size_t>(number_of(row, 4)) / digits_of_octet;
    if (const auto sw = from_hex(text_of(row, 5)); e.logged.response && sw && sw->size() == 2)
        e.status_word = static_cast<std::uint16_t>((*sw)[0] << 8 | (*sw)[1]);
    return e;
}

std::size_t counted(connection& db, const std::string& of, const std::string& id) {
    return static_cast<std::size_t>(count(db, "SELECT count(*) FROM " + of + " = ?", id));
}

void read_log(connection& db, traced_process& p, const trace_bounds& bounds) {
    const auto all_of_them = counted(db, "card_log WHERE process", p.id);
    p.entries = all(db, entry_in,
                    "SELECT response, substr(apdu, 1, ?), note, at, length(apdu), substr(apdu, -4) FROM card_log "
                    "WHERE process = ? ORDER BY sequence DESC LIMIT ?",
                    bounds.octets * digits_of_octet, p.id, bounds.entries);
    std::ranges::reverse(p.entries);
    for (auto& e : p.entries)
        e.logged.process = p.id;
    p.left_out = all_of_them - p.entries.size();
}

void complete(connection& db, traced_process& p, const trace_bounds& bounds) {
    p.intents = all(db, intent_in, "SELECT what, at, settled FROM journal WHERE process = ? ORDER BY sequence", p.id);
    p.deliveries = all(db, delivery_in,
                       "SELECT id, attempts, given_up, last_error FROM outbox WHERE process = ? ORDER BY id", p.id);
    read_log(db, p, bounds);
}

/// Where the id stands in `column` of the processes. Nothing: nowhere.
trace processes_where(connection& db, trace_subject of, const std::string& column, const std::string& id,
                      const trace_bounds& bounds) {
    trace found{of, {}, 0};
    found.processes = all(db, process_in,
                          "SELECT id, session, instance, card, caller, version, requested, start_state, started, "
                          "acknowledged, ended, status, message FROM processes WHERE " +
                              column + " = ? ORDER BY started DESC, rowid DESC LIMIT ?",
                          id, bounds.processes);
    std::ranges::reverse(found.processes);
    found.left_out = counted(db, "processes WHERE " + column, id) - found.processes.size();
    for (auto& p : found.processes)
        complete(db, p, bounds);
    return found;
}

std::optional<trace> find(connection& db, const std::string& id, const trace_bounds& bounds) {
    if (auto found = processes_where(db, trace_subject::process, "id", id, bounds); !found.processes.empty())
        return found;
    auto of_instance = processes_where(db, trace_subject::instance, "instance", id, bounds);
    if (!of_instance.processes.empty() || counted(db, "service_instances WHERE id", id) > 0)
        return of_instance;
    auto of_card = processes_where(db, trace_subject::card, "card", id, bounds);
    if (!of_card.processes.empty() || counted(db, "secure_components WHERE id", id) > 0)
        return of_card;
    return std::nullopt;
}

} // namespace

std::optional<trace> read_trace(const std::filesystem::path& instances_db, const std::string& id,
                                const trace_bounds& bounds) {
    std::optional<trace> found;
    reader_pool(instances_db, instances_kind(), keep_snapshots::no).read([&](connection& db) {
        found = find(db, id, bounds);
    });
    return found;
}

} // namespace tsms::store
