#pragma once
#include "store/ports/card_log_rows.hpp"
#include "store/sqlite/device_session.hpp"

namespace tsms::store {

class sqlite_card_log final : public card_log_rows {
public:
    explicit sqlite_card_log(device_session& session) : session_(session) {}

    void add(const std::vector<card_log_entry>& entries, wall_time at) override;
    std::vector<card_log_entry> of(const std::string& process) const override;
    void forget_before(wall_time limit) override;
    void forget_on(const std::string& card) override;

private:
    device_session& session_;
};

} // namespace tsms::store
