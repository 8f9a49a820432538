#pragma once
// How rows of instances and cards change: each change with its entry in the audit chain. Within device_rows::change
// only, and only for store/.

#include "store/error.hpp"
#include "store/ports/device_rows.hpp"

namespace tsms::store {

inline void insert(device_rows& rows, const model::service_instance& i) {
    rows.instances().insert(i);
    rows.audit().append("instance state " + std::to_string(static_cast<int>(i.state)), i.id);
}

inline void insert(device_rows& rows, const model::secure_component& c) {
    rows.cards().insert(c);
    rows.audit().append("card written", c.id);
}

/// A row that is there: what somebody has taken away does not come back. Throws store::error if it is not.
inline void update(device_rows& rows, const model::service_instance& i) {
    if (!rows.instances().update(i))
        throw error("service instance " + i.id + " is not in the instance database any more");
    rows.audit().append("instance state " + std::to_string(static_cast<int>(i.state)), i.id);
}

inline void update(device_rows& rows, const model::secure_component& c) {
    if (!rows.cards().update(c))
        throw error("secure component " + c.id + " is not in the instance database any more");
    rows.audit().append(c.quarantined ? "card quarantined" : "card written", c.id);
}

} // namespace tsms::store
