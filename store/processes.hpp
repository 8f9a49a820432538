#pragma once
// The life-cycle processes of Service Instances, from their beginning to their end.

#include "model/records.hpp"
#include "store/leases.hpp"

#include <map>

namespace tsms::store {

class processes {
public:
    explicit processes(device_rows& rows) : rows_(rows), leases_(rows) {}

    /// A later start of this server goes on with its cards: who, and what helps. Empty: it goes on itself.
    std::string superseded() const { return leases_.superseded(); }
    /// A server starts and begins processes from now on. What a former start of it has left is interrupted() at once.
    void serve_as(server_terms terms) { leases_.serve_as(std::move(terms)); }

    /// The process begins: its row, and instance and card as they are shown from now on. Only `begun` stores anything.
    /// `changed`: they are not as they were `read` any more, or the issuer is not configured that they name now. From
    /// here until the end nobody else writes them: processes hold a lease, and an operator's change is refused
    /// (store/cards.hpp). A process that shows no card holds none.
    model::beginning begin(const model::process_record& process, const model::process_rows& read,
                           const model::process_rows& shown) const;
    /// To be called before each order of the process leaves. Throws lease_lost, as everything here that a process
    /// writes: somebody else goes on with its card.
    void hold(const std::string& process) const;
    void acknowledge(const std::string& process) const;
    /// Its app does not want the process of this session any more: another life of the server does not enter it again.
    void cancel(const std::string& session) const;
    /// An intent. It stays open until the end of the process.
    void journal(const std::string& process, const std::string& what) const;
    /// Both rows in one transaction. Rows are changed where they are there, here and in what follows; one that is not
    /// is an error.
    void commit(const std::string& process, const model::service_instance& instance,
                const model::secure_component& card) const;
    /// The process has ended: instance (removed where `gone`), card (where it may have changed), result and delivery in
    /// one transaction. A process that holds no card does not write its row, whatever is said of it. The delivery gets
    /// its id. False, and nothing is written, if the process had ended already: who
    /// tells it again, because the first answer was lost, gets the delivery that waits. Rows of the same physical card
    /// become one (DIV-059).
    bool end(const model::process_end& process, const model::service_instance& instance,
             const std::optional<model::secure_component>& card, bool gone,
             std::optional<model::outbox_entry>& delivery) const;

    /// How a process has ended; nothing if it has not.
    std::optional<model::process_end> end_of(const std::string& process) const {
        return rows_.processes().end_of(process);
    }

    /// Nobody goes on with this process of this server: its beginning was stored, and who has asked for it gave up
    /// before he could know. It is interrupted() from now on. Nothing where there is none.
    void abandon(const std::string& process) const;
    /// An operator's word that the servers which hold this card, or say so, are gone for good: their processes are
    /// interrupted(). How many there were.
    std::size_t break_leases(const std::string& card) const;
    /// Who works on this card, and until when nobody else does.
    std::map<std::string, process_lease> leases_on(const std::string& card) const;

    struct interrupted_process {
        model::process_record process;
        model::service_instance instance;
        model::secure_component card;
        bool in_doubt = false; ///< an intent without outcome
        /// `restart`: a former life of this server has begun it.
        model::interruption why = model::interruption::restart;
        bool holds_card = false;
    };
    /// Processes without an end with which nobody goes on: the program died in them.
    std::vector<interrupted_process> interrupted() const;
    struct orphaned_process {
        std::string id;
        std::string cause; ///< which row is missing or damaged
    };
    /// Those of them of which a row is missing or damaged: nobody can say how they end.
    std::vector<orphaned_process> orphaned() const;
    /// Ends one of them: nothing of what is missing is made up. Its card is in doubt, if there is one; its instance is
    /// stranded(). Throws lease_lost where somebody goes on with it.
    void end_orphaned(const model::process_end& process) const;
    /// Ends one of them as end() does; taking it over and ending it is one transaction. Throws lease_lost where
    /// somebody goes on with it.
    void end_left(const model::process_end& process, const model::service_instance& instance,
                  const model::secure_component& card, std::optional<model::outbox_entry>& delivery) const;
    bool is_left(const std::string& process) const; ///< it is one of them
    /// Until somebody may take over this process, with which somebody else goes on now; nothing where nobody does.
    std::optional<std::chrono::seconds> runs_for(const std::string& process) const;
    /// This server goes on with one of them, in the name of its present life (DIV-108). Throws lease_lost where
    /// somebody does.
    void take_over(const std::string& process) const;
    /// Of the start that serve_as() was.
    std::int64_t epoch() const { return leases_.epoch(); }
    /// Those that have ended, as long as their results are kept.
    std::vector<ended_process> results() const { return rows_.processes().with_result(); }
    bool holder_is_left(const std::string& card) const; ///< one of them holds this card
    bool holds(const std::string& card) const;          ///< a process with which somebody goes on holds this card

    struct stranded_instance {
        model::service_instance instance;
        model::secure_component card;
    };
    /// Instances whose row names a running process that is not there, or has ended: rows of a damaged database or of
    /// one that was changed by hand.
    std::vector<stranded_instance> stranded() const;
    /// Both rows in one transaction, for recovery. False, and nothing is written, if the row does not name this process
    /// any more, or that runs.
    bool heal(const std::string& process, const model::service_instance& instance,
              const model::secure_component& card) const;

private:
    std::vector<std::string> left() const;
    interrupted_process whole(const std::string& id) const;

    device_rows& rows_;
    leases leases_;
};

} // namespace tsms::store
