#include "store/sqlite/outbox.hpp"

#include <utility>

namespace tsms::store {

namespace {

const std::string columns =
    "SELECT id, process, provider, spos, body, created, attempts, waited, last_error, given_up FROM outbox ";
const std::string every_one = columns + "ORDER BY id";
const std::string those_that_wait = columns + "WHERE given_up = 0 ORDER BY id";
const std::string one_that_waits = columns + "WHERE id = ? AND given_up = 0";

std::int64_t seconds(wall_time t) {
    return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
}

bool is_count(std::int64_t number) {
    return number >= 0 && std::in_range<int>(number);
}

model::outbox_entry delivery_in(SQLite::Statement& row) {
    return of_row("outbox", text_of(row, 0), [&] {
        model::outbox_entry d;
        d.id = row.getColumn(0).getInt64();
        d.process = text_of(row, 1);
        d.provider = text_of(row, 2);
        d.spos = decode_spos(text_of(row, 3));
        d.body = text_of(row, 4);
        const auto created = time_of(row.getColumn(5).getInt64());
        const auto attempts = row.getColumn(6).getInt64(), waited = row.getColumn(7).getInt64();
        if (!created || !is_count(attempts) || !is_count(waited))
            throw damaged_document("a number that cannot be: created, attempts or waited");
        d.created = *created;
        d.attempts = static_cast<int>(attempts);
        d.waited = std::chrono::seconds(waited);
        d.last_error = text_of(row, 8);
        d.given_up = row.getColumn(9).getInt() != 0;
        return d;
    });
}

} // namespace

std::int64_t sqlite_outbox::add(const model::outbox_entry& d) {
    return session_.write([&] {
        run(session_.rows(), "INSERT INTO outbox (process, provider, spos, body, created) VALUES (?, ?, ?, ?, ?)",
            d.process, d.provider, encode(d.spos), d.body, seconds(d.created));
        return session_.rows().database().getLastInsertRowid();
    });
}

std::vector<model::outbox_entry> sqlite_outbox::all() const {
    return session_.readable(delivery_in, every_one);
}

std::vector<model::outbox_entry> sqlite_outbox::waiting() const {
    return session_.readable(delivery_in, those_that_wait);
}

std::optional<model::outbox_entry> sqlite_outbox::waiting(std::int64_t id) const {
    return session_.look([&] { return first(session_.rows(), delivery_in, one_that_waits, id); });
}

std::optional<std::int64_t> sqlite_outbox::waiting_of(const std::string& process) const {
    return session_.look([&] {
        return first(
            session_.rows(), [](SQLite::Statement& row) { return row.getColumn(0).getInt64(); },
            "SELECT id FROM outbox WHERE process = ? AND given_up = 0 ORDER BY id", process);
    });
}

std::size_t sqlite_outbox::given_up() const {
    return session_.look([&] {
        return static_cast<std::size_t>(count(session_.rows(), "SELECT count(*) FROM outbox WHERE given_up <> 0"));
    });
}

void sqlite_outbox::count_attempt(std::int64_t id, std::chrono::seconds waited, const std::string& error) {
    session_.write([&] {
        run(session_.rows(),
            "UPDATE outbox SET attempts = attempts + 1, waited = waited + ?, last_error = ? WHERE id = ?",
            waited.count(), error, id);
    });
}

bool sqlite_outbox::give_up(std::int64_t id) {
    return session_.write([&] { return run(session_.rows(), "UPDATE outbox SET given_up = 1 WHERE id = ?", id) > 0; });
}

bool sqlite_outbox::begin_anew(std::int64_t id) {
    return session_.write([&] {
        return run(session_.rows(), "UPDATE outbox SET given_up = 0, attempts = 0, waited = 0 WHERE id = ?", id) > 0;
    });
}

bool sqlite_outbox::remove(std::int64_t id) {
    return session_.write([&] { return run(session_.rows(), "DELETE FROM outbox WHERE id = ?", id) > 0; });
}

} // namespace tsms::store
