#pragma once
#include "store/ports/process_rows.hpp"
#include "store/sqlite/device_session.hpp"

namespace tsms::store {

class sqlite_processes final : public process_rows {
public:
    explicit sqlite_processes(device_session& session) : session_(session) {}

    void insert(const model::process_record& process, const process_lease& lease) override;
    void acknowledge(const std::string& id) override;
    void forget_asked(const std::string& session) override;
    void end(const model::process_end& end) override;
    std::optional<model::process_end> end_of(const std::string& id) const override;
    bool runs(const std::string& id) const override;
    bool works_on(const std::string& card) const override;
    std::vector<std::string> running() const override;
    std::vector<std::string> running_on(const std::string& card) const override;
    std::optional<model::process_record> find_running(const std::string& id) const override;
    std::string card_of(const std::string& id) const override;
    std::optional<process_lease> lease_of(const std::string& id) const override;
    std::optional<process_lease> lease_on(const std::string& card) const override;
    std::vector<ended_process> with_result() const override;
    void set_lease(const std::string& id, const process_lease& lease) override;
    std::int64_t epoch_of(const std::string& owner) const override;
    void set_epoch(const std::string& owner, std::int64_t epoch) override;
    void intend(const std::string& process, const std::string& what, wall_time at) override;
    void settle_intents(const std::string& process) override;
    bool is_open(const std::string& process) const override;
    void forget_results_before(wall_time limit) override;
    void forget_results_of(const std::string& instance) override;
    void forget_ended_before(wall_time limit) override;
    void forget_on(const std::string& card) override;

private:
    device_session& session_;
};

} // namespace tsms::store
