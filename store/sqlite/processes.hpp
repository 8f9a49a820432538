#pragma once
#include "store/ports/process_rows.hpp"
#include "store/sqlite/device_session.hpp"

namespace tsms::store {

class sqlite_processes final : public process_rows {
public:
    explicit sqlite_processes(device_session& session) : session_(session) {}

    void insert(const model::process_record& process) override;
    void acknowledge(const std::string& id) override;
    void end(const model::process_end& end) override;
    bool has_ended(const std::string& id) const override;
    bool runs(const std::string& id) const override;
    bool works_on(const std::string& card) const override;
    std::vector<model::process_record> running() const override;
    void intend(const std::string& process, const std::string& what, wall_time at) override;
    void settle_intents(const std::string& process) override;
    bool is_open(const std::string& process) const override;
    void forget_ended_before(wall_time limit) override;
    void forget_on(const std::string& card) override;

private:
    device_session& session_;
};

} // namespace tsms::store
