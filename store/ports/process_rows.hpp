#pragma once
// Life-cycle processes, and the journal of their intents.

#include "base/time.hpp"
#include "model/records.hpp"

namespace tsms::store {

/// Who runs a process, and until when: nobody else writes what it works on meanwhile.
struct process_lease {
    std::string owner;       ///< name of the server; empty: nobody who could go on with it
    std::int64_t epoch = 0;  ///< the owner's start that has begun the process
    bool holds_card = false; ///< else it does not touch the card
    wall_time ends{};        ///< to the second; what no clock says is read as the latest time there is
};
struct ended_process {
    model::process_record process; ///< without what was asked
    model::process_end end;
};

class process_rows {
public:
    virtual ~process_rows() = default;

    /// Refuses an id that is taken, and a second process without an end that holds the same card.
    virtual void insert(const model::process_record& process, const process_lease& lease) = 0;
    virtual void acknowledge(const std::string& id) = 0;
    /// What was asked is gone from then on, its octets too.
    virtual void end(const model::process_end& end) = 0;
    /// Nothing: it has not ended, or there is no such process. Without what it has cleaned.
    virtual std::optional<model::process_end> end_of(const std::string& id) const = 0;
    /// There is such a process, and it has not ended.
    virtual bool runs(const std::string& id) const = 0;
    /// A process that has not ended works on this card.
    virtual bool works_on(const std::string& card) const = 0;
    /// Ids of those without an end, in their order; of those only that work on this card.
    virtual std::vector<std::string> running() const = 0;
    virtual std::vector<std::string> running_on(const std::string& card) const = 0;
    /// Of one without an end. Throws damaged_row.
    virtual std::optional<model::process_record> find_running(const std::string& id) const = 0;
    /// Its card, whatever else is damaged; empty where there is no such process.
    virtual std::string card_of(const std::string& id) const = 0;
    /// Of a process without an end.
    virtual std::optional<process_lease> lease_of(const std::string& id) const = 0;
    /// Of the process without an end that holds this card.
    virtual std::optional<process_lease> lease_on(const std::string& card) const = 0;
    /// Those with a result, by id.
    virtual std::vector<ended_process> with_result() const = 0;
    virtual void set_lease(const std::string& id, const process_lease& lease) = 0;

    /// Of the latest start of a server of this name; 0 if there was none.
    virtual std::int64_t epoch_of(const std::string& owner) const = 0;
    virtual void set_epoch(const std::string& owner, std::int64_t epoch) = 0;

    /// What its app has asked, of one without an end in this session: nobody enters it again.
    virtual void forget_asked(const std::string& session) = 0;

    virtual void intend(const std::string& process, const std::string& what, wall_time at) = 0;
    virtual void settle_intents(const std::string& process) = 0;
    /// An intent of this process is not settled.
    virtual bool is_open(const std::string& process) const = 0;

    /// Of those that ended before: the result, and whose it is.
    virtual void forget_results_before(wall_time limit) = 0;
    /// Of all processes of an instance.
    virtual void forget_results_of(const std::string& instance) = 0;
    /// Those that ended before, with their intents.
    virtual void forget_ended_before(wall_time limit) = 0;
    /// With their intents.
    virtual void forget_on(const std::string& card) = 0;
};

} // namespace tsms::store
