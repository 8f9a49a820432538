#include "store/memory/device_rows.hpp"

namespace tsms::store {

void memory_card_log::add(const std::vector<card_log_entry>& entries, wall_time at) {
    const auto moment = std::chrono::floor<std::chrono::milliseconds>(at);
    for (auto entry : entries) {
        entry.at = iso8601(moment);
        tables_.card_log.push_back({std::move(entry), moment});
    }
}

std::vector<card_log_entry> memory_card_log::of(const std::string& process) const {
    std::vector<card_log_entry> found;
    for (const auto& row : tables_.card_log)
        if (row.entry.process == process)
            found.push_back(row.entry);
    return found;
}

void memory_card_log::forget_before(wall_time limit) {
    const auto second = std::chrono::floor<std::chrono::seconds>(limit);
    std::erase_if(tables_.card_log, [&](const auto& row) { return row.at < second; });
}

void memory_card_log::forget_on(const std::string& card) {
    std::erase_if(tables_.card_log, [&](const auto& row) {
        return std::ranges::any_of(tables_.processes, [&](const auto& p) {
            return p.record.id == row.entry.process && p.record.card == card;
        });
    });
}

} // namespace tsms::store
