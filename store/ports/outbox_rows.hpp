#pragma once
// Results on their way to SPOS-Services (AMB-180). One that was given up stays until an operator decides.

#include "model/records.hpp"

namespace tsms::store {

class outbox_rows {
public:
    virtual ~outbox_rows() = default;

    /// Its id: greater than every one before.
    virtual std::int64_t add(const model::outbox_entry& delivery) = 0;
    /// By id.
    virtual std::vector<model::outbox_entry> all() const = 0;
    virtual std::vector<model::outbox_entry> waiting() const = 0;
    virtual std::optional<model::outbox_entry> waiting(std::int64_t id) const = 0;
    virtual std::optional<std::int64_t> waiting_of(const std::string& process) const = 0;
    virtual std::size_t given_up() const = 0;

    virtual void count_attempt(std::int64_t id, std::chrono::seconds waited, const std::string& error) = 0;
    // False if there is no such row.
    virtual bool give_up(std::int64_t id) = 0;
    virtual bool begin_anew(std::int64_t id) = 0; ///< it waits, as if it had never been attempted
    virtual bool remove(std::int64_t id) = 0;
};

} // namespace tsms::store
