// Results on their way to SPOS-Services, and the log of card commands.

#include "store/instance_db_state.hpp"

#include <utility>

namespace tsms::store {

// -- outbox
// --------------------------------------------------------------------------------------------------------------------------

namespace {

const std::string delivery_columns =
    "SELECT id, process, provider, spos, body, created, attempts, waited, last_error, given_up FROM outbox ";

outbox_entry delivery_in(SQLite::Statement& row) {
    outbox_entry d;
    d.id = row.getColumn(0).getInt64();
    d.process = row.getColumn(1).getString();
    d.provider = row.getColumn(2).getString();
    d.spos = decode_spos(row.getColumn(3).getString());
    d.body = row.getColumn(4).getString();
    d.created = from_seconds(row.getColumn(5).getInt64());
    d.attempts = row.getColumn(6).getInt();
    d.waited = std::chrono::seconds(row.getColumn(7).getInt64());
    d.last_error = row.getColumn(8).getString();
    d.given_up = row.getColumn(9).getInt() != 0;
    return d;
}

const std::string one_that_waits = delivery_columns + "WHERE id = ? AND given_up = 0";

std::optional<outbox_entry> first_of(SQLite::Statement rows) {
    return rows.executeStep() ? std::optional(delivery_in(rows)) : std::nullopt;
}

} // namespace

void instance_db::enqueue(outbox_entry& delivery) {
    state_->write([&] { state_->add(delivery); });
}

std::vector<outbox_entry> instance_db::outbox(deliveries which) const {
    return state_->guarded([&] {
        std::vector<outbox_entry> found;
        const auto condition = which == deliveries::waiting ? "WHERE given_up = 0 ORDER BY id" : "ORDER BY id";
        auto rows = state_->query((delivery_columns + condition).c_str());
        while (rows.executeStep())
            found.push_back(delivery_in(rows));
        return found;
    });
}

std::optional<outbox_entry> instance_db::delivery(std::int64_t id) const {
    return state_->guarded([&] { return first_of(state_->bound(one_that_waits.c_str(), id)); });
}

std::size_t instance_db::given_up_deliveries() const {
    return state_->guarded([&] {
        auto count = state_->query("SELECT count(*) FROM outbox WHERE given_up <> 0");
        count.executeStep();
        return static_cast<std::size_t>(count.getColumn(0).getInt64());
    });
}

void instance_db::delivered(std::int64_t id) {
    state_->write([&] {
        if (state_->run("DELETE FROM outbox WHERE id = ?", id) > 0)
            state_->audit("result delivered", std::to_string(id));
    });
}

std::optional<outbox_entry> instance_db::attempt_failed(std::int64_t id, std::chrono::seconds waited,
                                                        const std::string& error_text) {
    return state_->write([&]() -> std::optional<outbox_entry> {
        state_->run("UPDATE outbox SET attempts = attempts + 1, waited = waited + ?, last_error = ? WHERE id = ?",
                    static_cast<std::int64_t>(waited.count()), error_text, id);
        return first_of(state_->bound(one_that_waits.c_str(), id));
    });
}

void instance_db::give_up(std::int64_t id) {
    state_->write([&] {
        if (state_->run("UPDATE outbox SET given_up = 1 WHERE id = ?", id) > 0)
            state_->audit("result given up", std::to_string(id));
    });
}

bool instance_db::retry_delivery(std::int64_t id) {
    return state_->write([&] {
        if (state_->run("UPDATE outbox SET given_up = 0, attempts = 0, waited = 0 WHERE id = ?", id) == 0)
            return false;
        state_->audit("result to be delivered again", std::to_string(id));
        return true;
    });
}

bool instance_db::drop_delivery(std::int64_t id) {
    return state_->write([&] {
        if (state_->run("DELETE FROM outbox WHERE id = ?", id) == 0)
            return false;
        state_->audit("result dropped", std::to_string(id));
        return true;
    });
}

bool instance_db::changed_by_others() {
    return state_->guarded([&] {
        const auto version = state_->db.execAndGet("PRAGMA data_version").getInt();
        return std::exchange(state_->seen_version, version) != version;
    });
}

// -- card log
// ------------------------------------------------------------------------------------------------------------------------

void instance_db::log(const std::vector<card_log_entry>& entries) {
    state_->write([&] {
        const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now().time_since_epoch()).count();
        auto insert = state_->query("INSERT INTO card_log (process, response, apdu, note, at) VALUES (?, ?, ?, ?, ?)");
        for (const auto& e : entries) {
            insert.bind(1, e.process);
            insert.bind(2, e.response ? 1 : 0);
            insert.bind(3, e.apdu);
            insert.bind(4, e.note);
            insert.bind(5, static_cast<std::int64_t>(now));
            insert.exec();
            insert.reset();
        }
    });
}

std::vector<card_log_entry> instance_db::card_log(const std::string& process) const {
    return state_->guarded([&] {
        std::vector<card_log_entry> found;
        auto rows = state_->bound(
            "SELECT process, response, apdu, note, at FROM card_log WHERE process = ? ORDER BY sequence", process);
        while (rows.executeStep())
            found.push_back({rows.getColumn(0).getString(), rows.getColumn(1).getInt() != 0,
                             rows.getColumn(2).getString(), rows.getColumn(3).getString(),
                             iso8601(clock::time_point(std::chrono::milliseconds(rows.getColumn(4).getInt64())))});
        return found;
    });
}

bool instance_db::may_forget(clock::time_point now) {
    constexpr std::int64_t forward = 26 * 3600; ///< seconds: a step of the clock, or a server that was down
    constexpr std::int64_t shortest = 1800;     ///< an asking that comes earlier does not count: a restart
    constexpr int held = 24;
    return state_->write([&] {
        auto last = state_->query("SELECT asked, held FROM forgetting");
        if (!last.executeStep()) {
            state_->run("INSERT INTO forgetting (id, asked, held) VALUES (1, ?, 0)", seconds(now));
            return true;
        }
        const auto gap = seconds(now) - last.getColumn(0).getInt64();
        int still = last.getColumn(1).getInt();
        last.reset();
        if (gap >= 0 && gap < shortest)
            return still == 0;
        if (gap > forward)
            still = held;
        else if (still > 0)
            --still;
        state_->run("UPDATE forgetting SET asked = ?, held = ?", seconds(now), still);
        return still == 0;
    });
}

void instance_db::forget_log_before(clock::time_point limit) {
    state_->write([&] {
        state_->run("DELETE FROM card_log WHERE at < ?", seconds(limit) * 1000);
        const auto before = iso8601(limit);
        state_->run(
            "DELETE FROM journal WHERE process IN (SELECT id FROM processes WHERE ended IS NOT NULL AND ended < ?)",
            before);
        state_->run("DELETE FROM processes WHERE ended IS NOT NULL AND ended < ?", before);
    });
}

} // namespace tsms::store
