#pragma once
// instances.db: what the device role remembers (Service Instances, secure components, processes, journal, outbox, card
// log) and what administration registers for it (issuers, apps). Every change appends to the audit chain in the same
// transaction.

#include "base/time.hpp"
#include "model/card_identity.hpp"
#include "model/records.hpp"
#include "store/databases.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

namespace tsms::store {

using clock = std::chrono::system_clock;

using model::creation;
using model::domain_hint;
using model::issuer_record;
using model::outbox_entry;
using model::process_end;
using model::process_record;
using model::process_rows;

/// One APDU as logged (AMB-190, AMB-233): octets of sensitive commands are cut after the header.
struct card_log_entry {
    std::string process;
    bool response = false;
    std::string apdu; ///< hex
    std::string note; ///< step, or "redacted"
    std::string at;   ///< filled in by the store
};

/// An SP app (AMB-236).
struct app_record {
    std::string caller_id; ///< upper-case hex: SHA-1 or SHA-256 of the app's signing certificate
    std::string provider;  ///< id of the service provider
    bytes credential_hash; ///< SHA-256; empty: revoked, and kept because its provider's apps must prove who they are
                           ///< from then on
    std::string created;
};

class instance_db {
public:
    /// Opens for writing. Throws store::error, as every function here.
    explicit instance_db(const std::filesystem::path& file, believe_mark mark = believe_mark::yes);
    ~instance_db();
    instance_db(instance_db&&) noexcept;
    instance_db& operator=(instance_db&&) noexcept;

    // -- Service Instances and secure components --
    std::optional<model::service_instance> instance(const std::string& id) const;
    std::vector<model::service_instance> instances_of(const std::string& service,
                                                      const std::vector<std::string>& cards) const;
    std::size_t instances_on(const std::string& card) const;
    std::optional<model::secure_component> card(const std::string& id) const;
    /// Rows of this identity, the proven ones first. As a rule there is one; a proven row and some that rest on claims
    /// may stand beside each other (DIV-059).
    std::vector<model::secure_component> cards_by_identity(const model::card_identity& identity) const;
    /// The row of those who claim this identity and say this of the card (model::claims_of).
    std::optional<model::secure_component> card_by_claims(const model::card_identity& identity,
                                                          const std::string& claims) const;
    /// The only card with this CIN and IIN (hex, one after the other), if there is one; one that an issuer has proven
    /// goes before those that only phones have named.
    std::optional<model::secure_component> card_by_issuers_number(const std::string& cin_iin) const;
    /// What the domains of cards have in common that were last seen in a reader of this name with this ATR. Nothing if
    /// there is no such card.
    std::optional<domain_hint> domain_of_kind(const std::string& reader, const std::string& atr) const;
    std::vector<model::secure_component> cards() const;
    std::vector<model::service_instance> instances_on_card(const std::string& card) const;

    /// Former instances whose secure component was lost. Apps do not know them any more; what they left on the card is
    /// removed when the card is met again.
    std::vector<model::service_instance> tombstones_on(const std::string& card) const;

    /// A new instance, and its card if that is new. It goes to the row of `card`, or to another one of its identity
    /// that is proven, or rests on claims, as `card` is: a claim writes nothing into a proven row (AMB-239). A known
    /// row keeps its id, and what it says unless that rests on claims: then it says of issuer, profile and ISD what
    /// `card` says. Only `created` stores anything.
    creation create(model::service_instance instance, const model::secure_component& card);

    // -- processes --
    /// The process begins: its row, and instance and card as they are shown from now on. False, and nothing is stored,
    /// if they are not as they were `read` any more, or the issuer is not configured that they name now: whoever begins
    /// judges anew. From here until the end nobody else writes them (change_card).
    bool begin(const process_record& process, const process_rows& read, const process_rows& shown);
    void acknowledge(const std::string& process);
    /// An intent. It stays open until the end of the process.
    void journal(const std::string& process, const std::string& what);
    /// Both rows in one transaction. Rows are changed where they are there, here and in what follows; one that is not
    /// is an error.
    void commit(const model::service_instance& instance, const model::secure_component& card);
    /// The process has ended: instance (removed where `gone`), card (where it may have changed), result and delivery in
    /// one transaction. The delivery gets its id. False, and nothing is written, if the process had ended already: who
    /// tells it again, because the first answer was lost, gets the delivery that waits. Rows of the same physical card
    /// become one (DIV-059).
    bool end(const process_end& process, const model::service_instance& instance,
             const std::optional<model::secure_component>& card, bool gone, std::optional<outbox_entry>& delivery);

    struct interrupted_process {
        process_record process;
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
    void heal(const model::service_instance& instance, const model::secure_component& card);

    // -- outbox --
    void enqueue(outbox_entry& delivery);
    enum class deliveries { waiting, all };
    std::vector<outbox_entry> outbox(deliveries which = deliveries::waiting) const;
    std::optional<outbox_entry> delivery(std::int64_t id) const; ///< that waits
    std::size_t given_up_deliveries() const;
    void delivered(std::int64_t id);
    /// Counts the attempt and the pause before it. The row as it is now; nothing if it does not wait any more.
    std::optional<outbox_entry> attempt_failed(std::int64_t id, std::chrono::seconds waited, const std::string& error);
    /// It stays, and is not attempted before retry_delivery().
    void give_up(std::int64_t id);
    /// For an operator: attempted soon, and as patiently as a new one. False if there is none.
    bool retry_delivery(std::int64_t id);
    bool drop_delivery(std::int64_t id);
    /// Has another connection, an operator's command, committed anything since the last time this was asked?
    bool changed_by_others();

    /// May rows be deleted by their age now? To be asked about once an hour: for the next 24 times no, after the clock
    /// has gone forward by more than a day between two of them (DIV-053).
    bool may_forget(clock::time_point now);

    // -- card log --
    void log(const std::vector<card_log_entry>& entries);
    std::vector<card_log_entry> card_log(const std::string& process) const;
    /// Likewise the processes that ended before, with their intents.
    void forget_log_before(clock::time_point limit);

    /// Deletes the secure components of which only phones speak and on which nothing of ours is, with their never
    /// deployed instances: those that an issuer has proven once, if they were named last, and their instances created,
    /// before `limit` (DIV-032); those that nobody has ever proven before `unproven_limit`, with their processes,
    /// intents and card log (DIV-062). How many.
    std::size_t forget_claims_before(clock::time_point limit, clock::time_point unproven_limit);

    // -- administration --
    enum class card_change { done, unknown_card, process_running, unknown_issuer, would_strand };
    /// Ends the quarantine and forgets failed authentications. Not while a process works on the card: its rows would
    /// win.
    card_change release_card(const std::string& id);
    /// The next deployService with install, or terminateService, of any instance on the card looks first, under R-MAC;
    /// so does each one's own that had a process once. `all`: of those too that never had one, for a database that is
    /// older than the card.
    card_change doubt_card(const std::string& id, bool all = false);
    /// The card is this issuer's from now on, whatever phones say. Not while another issuer's security domain of ours
    /// is on it, because only that issuer can remove it; with `force` all the same, for an issuer that has another name
    /// now.
    card_change assign_card(const std::string& id, const std::string& issuer, bool force);
    bool add_issuer(const issuer_record& issuer); ///< false if the name is taken
    /// The card is not coming back as far as anybody knows: its instances are invalid from now on, and what may be on
    /// it is kept as tombstones. Only the operator's word does that (AMB-239).
    card_change lose_card(const std::string& id);
    /// It came back: its tombstones are instances again, with their ids, but those whose service has a newer one on it.
    card_change find_card(const std::string& id);
    /// Drops the tombstones of a card: what they name stays on it.
    card_change drop_tombstones(const std::string& id);
    struct issuer_removal {
        bool known = false;
        std::size_t cards = 0; ///< that need it: it stays
    };
    /// Not while a secure component is proven to be its own, was assigned to it, or is at work. Rows that rest on
    /// claims find another.
    issuer_removal remove_issuer(const std::string& name);
    std::vector<issuer_record> issuers() const;
    bool add_app(const app_record& app); ///< false if the provider has the app already
    bool revoke_app(const std::string& caller_id);
    std::vector<app_record> apps() const;                 ///< with the revoked
    bool has_had_apps(const std::string& provider) const; ///< one that was revoked counts

    // -- audit --
    /// First broken entry of the chain, nothing if it is whole.
    std::optional<std::int64_t> broken_audit_entry() const;
    std::size_t audit_entries() const;

    /// Does the database answer?
    bool responds() const;

    // -- vault --
    /// What the vault sealed for this database, to find out at the start whether it is still the same vault. Nothing in
    /// a database that was made before there was one.
    std::optional<bytes> vault_seal() const;
    void keep_vault_seal(bytes_view seal);

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace tsms::store
