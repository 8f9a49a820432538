#include "store/memory/device_rows.hpp"

namespace tsms::store {

template <class Is> std::vector<std::string> memory_processes::ids_of(Is is) const {
    std::vector<std::string> found;
    for (const auto& row : tables_.processes)
        if (is(row))
            found.push_back(row.record.id);
    std::ranges::sort(found);
    return found;
}

void memory_processes::insert(const model::process_record& p, const process_lease& lease) {
    if (std::ranges::any_of(tables_.processes, [&](const auto& row) { return row.record.id == p.id; }))
        throw error("there is a process " + p.id + " already");
    if (lease.holds_card && lease_on(p.card))
        throw error("another process holds card " + p.card);
    tables_.processes.push_back({p, lease, std::nullopt});
    set_lease(p.id, lease);
}

void memory_processes::forget_asked(const std::string& session) {
    for (auto& row : tables_.processes)
        if (row.record.session == session && !row.end)
            row.record.asked.reset();
}

void memory_processes::acknowledge(const std::string& id) {
    for (auto& row : tables_.processes)
        if (row.record.id == id)
            row.record.acknowledged = true;
}

void memory_processes::end(const model::process_end& end) {
    for (auto& row : tables_.processes)
        if (row.record.id == end.id) {
            row.end = end;
            row.record.asked.reset();
        }
}

std::optional<model::process_end> memory_processes::end_of(const std::string& id) const {
    const auto row = row_where(tables_.processes, [&](const auto& one) { return one.record.id == id && one.end; });
    if (!row)
        return std::nullopt;
    auto end = *row->end;
    end.cleaned.clear();
    return end;
}

bool memory_processes::runs(const std::string& id) const {
    return std::ranges::any_of(tables_.processes, [&](const auto& row) { return row.record.id == id && !row.end; });
}

bool memory_processes::works_on(const std::string& card) const {
    return tables_.works_on(card);
}

std::vector<std::string> memory_processes::running() const {
    return ids_of([](const auto& row) { return !row.end; });
}

std::vector<std::string> memory_processes::running_on(const std::string& card) const {
    return ids_of([&](const auto& row) { return !row.end && row.record.card == card; });
}

std::optional<model::process_record> memory_processes::find_running(const std::string& id) const {
    const auto row = row_where(tables_.processes, [&](const auto& one) { return one.record.id == id && !one.end; });
    return row ? std::optional(row->record) : std::nullopt;
}

std::string memory_processes::card_of(const std::string& id) const {
    const auto row = row_where(tables_.processes, [&](const auto& one) { return one.record.id == id; });
    return row ? row->record.card : std::string();
}

std::vector<ended_process> memory_processes::with_result() const {
    std::vector<ended_process> found;
    for (const auto& row : tables_.processes)
        if (row.end && row.end->result) {
            found.push_back({row.record, *row.end});
            found.back().end.cleaned.clear();
        }
    std::ranges::sort(found, {}, [](const auto& p) { return p.process.id; });
    return found;
}

std::optional<process_lease> memory_processes::lease_of(const std::string& id) const {
    const auto row = row_where(tables_.processes, [&](const auto& one) { return one.record.id == id && !one.end; });
    return row ? std::optional(row->lease) : std::nullopt;
}

std::optional<process_lease> memory_processes::lease_on(const std::string& card) const {
    const auto row = row_where(tables_.processes, [&](const auto& one) {
        return one.record.card == card && one.lease.holds_card && !one.end;
    });
    return row ? std::optional(row->lease) : std::nullopt;
}

void memory_processes::set_lease(const std::string& id, const process_lease& lease) {
    for (auto& row : tables_.processes)
        if (row.record.id == id) {
            row.lease = lease;
            row.lease.ends = std::chrono::floor<std::chrono::seconds>(lease.ends);
        }
}

std::int64_t memory_processes::epoch_of(const std::string& owner) const {
    const auto found = tables_.epochs.find(owner);
    return found == tables_.epochs.end() ? 0 : found->second;
}

void memory_processes::set_epoch(const std::string& owner, std::int64_t epoch) {
    tables_.epochs[owner] = epoch;
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

void memory_processes::forget_results_before(wall_time limit) {
    for (auto& row : tables_.processes)
        if (row.end && row.end->result && row.end->ended < iso8601(limit)) {
            row.end->result.reset();
            row.record.proof = {};
        }
}

void memory_processes::forget_results_of(const std::string& instance) {
    for (auto& row : tables_.processes)
        if (row.end && row.end->result && row.record.instance == instance) {
            row.end->result.reset();
            row.record.proof = {};
        }
}

void memory_processes::forget_ended_before(wall_time limit) {
    forget([before = iso8601(limit)](const auto& row) { return row.end && row.end->ended < before; });
}

void memory_processes::forget_on(const std::string& card) {
    forget([&](const auto& row) { return row.record.card == card; });
}

} // namespace tsms::store
