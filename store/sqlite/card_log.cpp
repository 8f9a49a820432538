#include "store/sqlite/card_log.hpp"

namespace tsms::store {

namespace {

using std::chrono::milliseconds;

std::int64_t milliseconds_of(wall_time t) {
    return std::chrono::duration_cast<milliseconds>(t.time_since_epoch()).count();
}

card_log_entry entry_in(SQLite::Statement& row) {
    return {text_of(row, 0), flag_of(row, 1), text_of(row, 2), text_of(row, 3),
            iso8601(wall_time(milliseconds(number_of(row, 4))))};
}

} // namespace

void sqlite_card_log::add(const std::vector<card_log_entry>& entries, wall_time at) {
    session_.write([&] {
        for (const auto& e : entries)
            run(session_.rows(), "INSERT INTO card_log (process, response, apdu, note, at) VALUES (?, ?, ?, ?, ?)",
                e.process, e.response ? 1 : 0, e.apdu, e.note, milliseconds_of(at));
    });
}

std::vector<card_log_entry> sqlite_card_log::of(const std::string& process) const {
    return session_.look([&] {
        return all(session_.rows(), entry_in,
                   "SELECT process, response, apdu, note, at FROM card_log WHERE process = ? ORDER BY sequence",
                   process);
    });
}

void sqlite_card_log::forget_before(wall_time limit) {
    session_.write([&] {
        run(session_.rows(), "DELETE FROM card_log WHERE at < ?",
            milliseconds_of(std::chrono::floor<std::chrono::seconds>(limit)));
    });
}

void sqlite_card_log::forget_on(const std::string& card) {
    session_.write([&] {
        run(session_.rows(), "DELETE FROM card_log WHERE process IN (SELECT id FROM processes WHERE card = ?)", card);
    });
}

} // namespace tsms::store
