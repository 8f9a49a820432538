#pragma once
#include "store/ports/answer_rows.hpp"
#include "store/sqlite/device_session.hpp"

namespace tsms::store {

class sqlite_answers final : public answer_rows {
public:
    explicit sqlite_answers(device_session& session) : session_(session) {}

    std::optional<model::answered_call> find(const std::string& call) const override;
    void insert(const model::answered_call& answer, wall_time at) override;
    void forget_before(wall_time limit) override;

private:
    device_session& session_;
};

} // namespace tsms::store
