#include "store/memory/device_rows.hpp"

namespace tsms::store {

std::optional<model::answered_call> memory_answers::find(const std::string& call) const {
    const auto found = tables_.answers.find(call);
    return found == tables_.answers.end() ? std::nullopt : std::optional(found->second.answer);
}

void memory_answers::insert(const model::answered_call& answer, wall_time at) {
    const auto second = std::chrono::floor<std::chrono::seconds>(at);
    if (!tables_.answers.emplace(answer.hash, device_tables::answer_row{answer, second}).second)
        throw error("call " + answer.hash + " has an answer already");
}

void memory_answers::forget_before(wall_time limit) {
    const auto second = std::chrono::floor<std::chrono::seconds>(limit);
    std::erase_if(tables_.answers, [&](const auto& row) { return row.second.at < second; });
}

} // namespace tsms::store
