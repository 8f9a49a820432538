#include "store/sqlite/instances.hpp"

namespace tsms::store {

namespace {

model::service_instance instance_in(SQLite::Statement& row) {
    return of_row("service_instances", text_of(row, 0), [&] { return decode_instance(text_of(row, 1)); });
}

model::service_instance tombstone_in(SQLite::Statement& row) {
    return of_row("tombstones", text_of(row, 0), [&] { return decode_instance(text_of(row, 1)); });
}

int number_of(model::instance_state state) {
    return static_cast<int>(state);
}

} // namespace

std::optional<model::service_instance> sqlite_instances::find(const std::string& id) const {
    return session_.look([&] {
        return first(session_.rows(), instance_in, "SELECT id, document FROM service_instances WHERE id = ?", id);
    });
}

std::vector<model::service_instance> sqlite_instances::on_card(const std::string& card) const {
    return session_.look([&] {
        return all(session_.rows(), instance_in,
                   "SELECT id, document FROM service_instances WHERE card = ? ORDER BY id", card);
    });
}

std::optional<model::service_instance> sqlite_instances::of_service(const std::string& service,
                                                                    const std::string& card) const {
    return session_.look([&] {
        return first(session_.rows(), instance_in,
                     "SELECT id, document FROM service_instances WHERE service = ? AND card = ?", service, card);
    });
}

std::size_t sqlite_instances::count_on(const std::string& card) const {
    return session_.look([&] {
        return static_cast<std::size_t>(
            count(session_.rows(), "SELECT count(*) FROM service_instances WHERE card = ?", card));
    });
}

std::vector<model::service_instance> sqlite_instances::naming_a_process() const {
    // json_extract ends the whole statement at a text that is no JSON.
    return session_.readable(instance_in,
                             "SELECT id, document FROM service_instances WHERE CASE WHEN json_valid(document) "
                             "THEN json_extract(document, '$.runningProcess') <> '' ELSE 1 END ORDER BY id");
}

void sqlite_instances::insert(const model::service_instance& i) {
    session_.write([&] {
        run(session_.rows(),
            "INSERT INTO service_instances (id, service, card, state, document) VALUES (?, ?, ?, ?, ?)", i.id,
            i.target.service_id, i.secure_component_id, number_of(i.state), encode(i));
    });
}

bool sqlite_instances::update(const model::service_instance& i) {
    return session_.write([&] {
        return run(session_.rows(), "UPDATE service_instances SET card = ?, state = ?, document = ? WHERE id = ?",
                   i.secure_component_id, number_of(i.state), encode(i), i.id) == 1;
    });
}

void sqlite_instances::remove(const std::string& id) {
    session_.write([&] { run(session_.rows(), "DELETE FROM service_instances WHERE id = ?", id); });
}

void sqlite_instances::remove_on(const std::string& card) {
    session_.write([&] { run(session_.rows(), "DELETE FROM service_instances WHERE card = ?", card); });
}

std::vector<model::service_instance> sqlite_instances::tombstones_on(const std::string& card) const {
    return session_.look([&] {
        return all(session_.rows(), tombstone_in, "SELECT id, document FROM tombstones WHERE card = ? ORDER BY id",
                   card);
    });
}

void sqlite_instances::bury(const model::service_instance& i) {
    session_.write([&] {
        run(session_.rows(), "INSERT OR REPLACE INTO tombstones (id, card, document) VALUES (?, ?, ?)", i.id,
            i.secure_component_id, encode(i));
    });
}

void sqlite_instances::remove_tombstone(const std::string& id) {
    session_.write([&] { run(session_.rows(), "DELETE FROM tombstones WHERE id = ?", id); });
}

void sqlite_instances::remove_tombstones_on(const std::string& card) {
    session_.write([&] { run(session_.rows(), "DELETE FROM tombstones WHERE card = ?", card); });
}

} // namespace tsms::store
