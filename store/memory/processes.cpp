#include "store/memory/device_rows.hpp"

namespace tsms::store {

void memory_processes::insert(const model::process_record& p) {
    if (std::ranges::any_of(tables_.processes, [&](const auto& row) { return row.record.id == p.id; }))
        throw error("there is a process " + p.id + " already");
    tables_.processes.push_back({p, false, std::nullopt});
}

void memory_processes::acknowledge(const std::string& id) {
    for (auto& row : tables_.processes)
        if (row.record.id == id)
            row.acknowledged = true;
}

void memory_processes::end(const model::process_end& end) {
    for (auto& row : tables_.processes)
        if (row.record.id == end.id)
            row.end = end;
}

bool memory_processes::has_ended(const std::string& id) const {
    return std::ranges::any_of(tables_.processes, [&](const auto& row) { return row.record.id == id && row.end; });
}

bool memory_processes::runs(const std::string& id) const {
    return std::ranges::any_of(tables_.processes, [&](const auto& row) { return row.record.id == id && !row.end; });
}

bool memory_processes::works_on(const std::string& card) const {
    return tables_.works_on(card);
}

std::vector<model::process_record> memory_processes::running() const {
    std::vector<model::process_record> found;
    for (const auto& row : tables_.processes)
        if (!row.end)
            found.push_back(row.record);
    return sorted_by_id(std::move(found));
}

void memory_processes::intend(const std::string& process, const std::string& what, wall_time at) {
    tables_.journal.push_back({process, what, at, false});
}

void memory_processes::settle_intents(const std::string& process) {
    for (auto& intent : tables_.journal)
        if (intent.process == process)
            intent.settled = true;
}

bool memory_processes::is_open(const std::string& process) const {
    return std::ranges::any_of(tables_.journal,
                               [&](const auto& intent) { return intent.process == process && !intent.settled; });
}

template <class Is> void memory_processes::forget(Is is) {
    for (const auto& row : tables_.processes)
        if (is(row))
            std::erase_if(tables_.journal, [&](const auto& intent) { return intent.process == row.record.id; });
    std::erase_if(tables_.processes, is);
}

void memory_processes::forget_ended_before(wall_time limit) {
    forget([before = iso8601(limit)](const auto& row) { return row.end && row.end->ended < before; });
}

void memory_processes::forget_on(const std::string& card) {
    forget([&](const auto& row) { return row.record.card == card; });
}

} // namespace tsms::store
