#pragma once
// Results on their way to SPOS-Services: kept until they were delivered, or an operator drops them (AMB-180).

#include "model/records.hpp"
#include "store/ports/device_rows.hpp"

namespace tsms::store {

/// Within device_rows::change: the delivery gets its id, and its date where it has none.
void put_into_outbox(device_rows& rows, model::outbox_entry& delivery);

class outbox {
public:
    explicit outbox(device_rows& rows) : rows_(rows) {}

    /// With the answer to the call that it tells of. False, and nothing is stored, if that has been answered already.
    bool add(model::outbox_entry& delivery, const std::optional<model::answered_call>& answer = {}) const;
    std::vector<model::outbox_entry> waiting() const { return rows_.outbox().waiting(); }
    std::vector<model::outbox_entry> all() const { return rows_.outbox().all(); }
    std::optional<model::outbox_entry> waiting(std::int64_t id) const { return rows_.outbox().waiting(id); }
    std::size_t given_up() const { return rows_.outbox().given_up(); }

    void delivered(std::int64_t id) const;
    /// Counts the attempt and the pause before it. The row as it is now; nothing if it does not wait any more.
    std::optional<model::outbox_entry> attempt_failed(std::int64_t id, std::chrono::seconds waited,
                                                      const std::string& error) const;
    /// It stays, and is not attempted before retry().
    void give_up(std::int64_t id) const;

    // For an operator: false if there is none.
    bool retry(std::int64_t id) const; ///< attempted soon, and as patiently as a new one
    bool drop(std::int64_t id) const;

private:
    device_rows& rows_;
};

} // namespace tsms::store
