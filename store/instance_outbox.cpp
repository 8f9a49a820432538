// Results on their way to SPOS-Services, and the log of card commands.

#include "store/instance_db_state.hpp"

namespace tsms::store {

// -- outbox
// --------------------------------------------------------------------------------------------------------------------------

void instance_db::enqueue(outbox_entry& delivery) {
    state_->write([&] { state_->add(delivery); });
}

std::vector<outbox_entry> instance_db::outbox() const {
    return state_->guarded([&] {
        std::vector<outbox_entry> found;
        auto rows =
            state_->query("SELECT id, process, spos, body, created, next_attempt, attempts, last_error FROM outbox "
                          "WHERE given_up = 0 ORDER BY id");
        while (rows.executeStep()) {
            outbox_entry d;
            d.id = rows.getColumn(0).getInt64();
            d.process = rows.getColumn(1).getString();
            d.spos = decode_spos(rows.getColumn(2).getString());
            d.body = rows.getColumn(3).getString();
            d.created = from_seconds(rows.getColumn(4).getInt64());
            d.next_attempt = from_seconds(rows.getColumn(5).getInt64());
            d.attempts = rows.getColumn(6).getInt();
            d.last_error = rows.getColumn(7).getString();
            found.push_back(std::move(d));
        }
        return found;
    });
}

void instance_db::delivered(std::int64_t id) {
    state_->write([&] {
        state_->run("DELETE FROM outbox WHERE id = ?", id);
        state_->audit("result delivered", std::to_string(id));
    });
}

void instance_db::attempt_failed(std::int64_t id, clock::time_point next, const std::string& error_text) {
    state_->write([&] {
        state_->run("UPDATE outbox SET attempts = attempts + 1, next_attempt = ?, last_error = ? WHERE id = ?",
                    seconds(next), error_text, id);
    });
}

void instance_db::give_up(std::int64_t id, const std::string& error_text) {
    state_->write([&] {
        state_->run("UPDATE outbox SET given_up = 1, last_error = ? WHERE id = ?", error_text, id);
        state_->audit("result given up", std::to_string(id));
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
