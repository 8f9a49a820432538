#pragma once
#include "store/ports/instance_rows.hpp"
#include "store/sqlite/device_session.hpp"

namespace tsms::store {

class sqlite_instances final : public instance_rows {
public:
    explicit sqlite_instances(device_session& session) : session_(session) {}

    std::optional<model::service_instance> find(const std::string& id) const override;
    std::vector<model::service_instance> on_card(const std::string& card) const override;
    std::optional<model::service_instance> of_service(const std::string& service,
                                                      const std::string& card) const override;
    std::size_t count_on(const std::string& card) const override;
    std::vector<model::service_instance> naming_a_process() const override;
    void insert(const model::service_instance& instance) override;
    bool update(const model::service_instance& instance) override;
    void remove(const std::string& id) override;
    void remove_on(const std::string& card) override;
    std::vector<model::service_instance> tombstones_on(const std::string& card) const override;
    void bury(const model::service_instance& instance) override;
    void remove_tombstone(const std::string& id) override;
    void remove_tombstones_on(const std::string& card) override;

private:
    device_session& session_;
};

} // namespace tsms::store
