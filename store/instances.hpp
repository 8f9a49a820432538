#pragma once
// Service Instances, and the tombstones of those whose secure component was lost: apps do not know them any more, and
// what they left on the card is removed when the card is met again.

#include "model/records.hpp"
#include "store/ports/device_rows.hpp"

namespace tsms::store {

/// Throws store::error, as every class of the store.
class instances {
public:
    explicit instances(device_rows& rows) : rows_(rows) {}

    std::optional<model::service_instance> find(const std::string& id) const { return rows_.instances().find(id); }
    std::vector<model::service_instance> of(const std::string& service, const std::vector<std::string>& cards) const;
    std::vector<model::service_instance> on(const std::string& card) const { return rows_.instances().on_card(card); }
    std::size_t count_on(const std::string& card) const { return rows_.instances().count_on(card); }
    std::vector<model::service_instance> tombstones_on(const std::string& card) const {
        return rows_.instances().tombstones_on(card);
    }

    /// A new instance, and its card if that is new. It goes to the row of `card`, or to another one of its identity
    /// that is proven, or rests on claims, as `card` is: a claim writes nothing into a proven row (AMB-239). A known
    /// row keeps its id, and what it says unless that rests on claims: then it says of issuer, profile and ISD what
    /// `card` says. Only `created` stores anything, and with it the answer to the call that creates it.
    model::creation create(model::service_instance instance, const model::secure_component& card,
                           const std::optional<model::answered_call>& answer = {}) const;

private:
    device_rows& rows_;
};

} // namespace tsms::store
