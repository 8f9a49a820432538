#pragma once
// The life-cycle processes of Service Instances, from their beginning to their end.

#include "model/records.hpp"
#include "store/ports/device_rows.hpp"

namespace tsms::store {

class processes {
public:
    explicit processes(device_rows& rows) : rows_(rows) {}

    /// The process begins: its row, and instance and card as they are shown from now on. False, and nothing is stored,
    /// if they are not as they were `read` any more, or the issuer is not configured that they name now: whoever begins
    /// judges anew. From here until the end nobody else writes them (store/cards.hpp).
    bool begin(const model::process_record& process, const model::process_rows& read,
               const model::process_rows& shown) const;
    void acknowledge(const std::string& process) const;
    /// An intent. It stays open until the end of the process.
    void journal(const std::string& process, const std::string& what) const;
    /// Both rows in one transaction. Rows are changed where they are there, here and in what follows; one that is not
    /// is an error.
    void commit(const model::service_instance& instance, const model::secure_component& card) const;
    /// The process has ended: instance (removed where `gone`), card (where it may have changed), result and delivery in
    /// one transaction. The delivery gets its id. False, and nothing is written, if the process had ended already: who
    /// tells it again, because the first answer was lost, gets the delivery that waits. Rows of the same physical card
    /// become one (DIV-059).
    bool end(const model::process_end& process, const model::service_instance& instance,
             const std::optional<model::secure_component>& card, bool gone,
             std::optional<model::outbox_entry>& delivery) const;

    struct interrupted_process {
        model::process_record process;
        model::service_instance instance;
        model::secure_component card;
        bool in_doubt = false; ///< an intent without outcome
    };
    /// Processes without an end: the program died in them.
    std::vector<interrupted_process> interrupted() const;

    struct stranded_instance {
        model::service_instance instance;
        model::secure_component card;
    };
    /// Instances whose row names a running process that is not there, or has ended: rows of a damaged database or of
    /// one that was changed by hand.
    std::vector<stranded_instance> stranded() const;
    /// Both rows in one transaction, for recovery.
    void heal(const model::service_instance& instance, const model::secure_component& card) const;

private:
    device_rows& rows_;
};

} // namespace tsms::store
