#pragma once
// Service Instances and the tombstones of former ones: one document a row.

#include "model/device.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tsms::store {

/// Throws store::error, as every port here. What is written is in the transaction of device_rows::change.
class instance_rows {
public:
    virtual ~instance_rows() = default;

    virtual std::optional<model::service_instance> find(const std::string& id) const = 0;
    /// By id.
    virtual std::vector<model::service_instance> on_card(const std::string& card) const = 0;
    virtual std::optional<model::service_instance> of_service(const std::string& service,
                                                              const std::string& card) const = 0;
    virtual std::size_t count_on(const std::string& card) const = 0;
    /// Those whose row names a process.
    virtual std::vector<model::service_instance> naming_a_process() const = 0;

    /// Refuses an id that is taken, a second instance of the Service on the card, and a card that has no row.
    virtual void insert(const model::service_instance& instance) = 0;
    /// Of a row that is there: its document and its card. False if it is not.
    virtual bool update(const model::service_instance& instance) = 0;
    virtual void remove(const std::string& id) = 0;
    virtual void remove_on(const std::string& card) = 0;

    /// By id.
    virtual std::vector<model::service_instance> tombstones_on(const std::string& card) const = 0;
    /// In the place of one with this id.
    virtual void bury(const model::service_instance& instance) = 0;
    virtual void remove_tombstone(const std::string& id) = 0;
    virtual void remove_tombstones_on(const std::string& card) = 0;
};

} // namespace tsms::store
