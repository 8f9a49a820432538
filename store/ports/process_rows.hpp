#pragma once
// Life-cycle processes, and the journal of their intents.

#include "base/time.hpp"
#include "model/records.hpp"

namespace tsms::store {

class process_rows {
public:
    virtual ~process_rows() = default;

    /// Refuses an id that is taken.
    virtual void insert(const model::process_record& process) = 0;
    virtual void acknowledge(const std::string& id) = 0;
    virtual void end(const model::process_end& end) = 0;
    virtual bool has_ended(const std::string& id) const = 0;
    /// There is such a process, and it has not ended.
    virtual bool runs(const std::string& id) const = 0;
    /// A process that has not ended works on this card.
    virtual bool works_on(const std::string& card) const = 0;
    /// Those without an end, by id.
    virtual std::vector<model::process_record> running() const = 0;

    virtual void intend(const std::string& process, const std::string& what, wall_time at) = 0;
    virtual void settle_intents(const std::string& process) = 0;
    /// An intent of this process is not settled.
    virtual bool is_open(const std::string& process) const = 0;

    /// Those that ended before, with their intents.
    virtual void forget_ended_before(wall_time limit) = 0;
    /// With their intents.
    virtual void forget_on(const std::string& card) = 0;
};

} // namespace tsms::store
