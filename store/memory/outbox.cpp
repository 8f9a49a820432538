#include "store/memory/device_rows.hpp"

namespace tsms::store {

std::int64_t memory_outbox::add(const model::outbox_entry& delivery) {
    auto row = delivery;
    row.id = ++tables_.last_delivery;
    row.created = std::chrono::floor<std::chrono::seconds>(row.created);
    row.attempts = 0;
    row.waited = {};
    row.last_error.clear();
    row.given_up = false;
    tables_.outbox.push_back(std::move(row));
    return tables_.last_delivery;
}

std::vector<model::outbox_entry> memory_outbox::all() const {
    return tables_.outbox;
}

std::vector<model::outbox_entry> memory_outbox::waiting() const {
    return rows_where(tables_.outbox, [](const auto& row) { return !row.given_up; });
}

std::optional<model::outbox_entry> memory_outbox::waiting(std::int64_t id) const {
    return row_where(tables_.outbox, [&](const auto& row) { return row.id == id && !row.given_up; });
}

std::optional<std::int64_t> memory_outbox::waiting_of(const std::string& process) const {
    const auto found =
        row_where(tables_.outbox, [&](const auto& row) { return row.process == process && !row.given_up; });
    return found ? std::optional(found->id) : std::nullopt;
}

std::size_t memory_outbox::given_up() const {
    return tables_.outbox.size() - waiting().size();
}

void memory_outbox::count_attempt(std::int64_t id, std::chrono::seconds waited, const std::string& error) {
    if (auto* found = row(id)) {
        ++found->attempts;
        found->waited += waited;
        found->last_error = error;
    }
}

bool memory_outbox::give_up(std::int64_t id) {
    auto* found = row(id);
    if (found)
        found->given_up = true;
    return found;
}

bool memory_outbox::begin_anew(std::int64_t id) {
    auto* found = row(id);
    if (found) {
        found->given_up = false;
        found->attempts = 0;
        found->waited = {};
    }
    return found;
}

bool memory_outbox::remove(std::int64_t id) {
    return std::erase_if(tables_.outbox, [&](const auto& row) { return row.id == id; }) > 0;
}

model::outbox_entry* memory_outbox::row(std::int64_t id) {
    const auto found = std::ranges::find(tables_.outbox, id, &model::outbox_entry::id);
    return found == tables_.outbox.end() ? nullptr : &*found;
}

} // namespace tsms::store
