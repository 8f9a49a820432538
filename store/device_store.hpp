#pragma once
// Everything that the device role remembers (Service Instances, secure components, processes, journal, outbox, card
// log) and what administration registers for it (issuers, apps, token keys), one member a subject. What may be written
// when is decided here, once; rows are kept by whoever implements store/ports. Every change appends to the audit chain
// in the same transaction.

#include "store/answers.hpp"
#include "store/cards.hpp"
#include "store/databases.hpp"
#include "store/instances.hpp"
#include "store/outbox.hpp"
#include "store/processes.hpp"
#include "store/registrations.hpp"
#include "store/retention.hpp"

#include <filesystem>
#include <memory>

namespace tsms::store {

class card_log {
public:
    explicit card_log(device_rows& rows) : rows_(rows) {}

    void append(const std::vector<card_log_entry>& entries) const {
        rows_.change([&] { rows_.card_log().add(entries, rows_.time().wall()); });
    }
    std::vector<card_log_entry> of(const std::string& process) const { return rows_.card_log().of(process); }

private:
    device_rows& rows_;
};

/// For one thread at a time. Every function throws store::error.
class device_store {
    std::unique_ptr<device_rows> rows_; // before those that work on it

public:
    explicit device_store(std::unique_ptr<device_rows> rows) : rows_(std::move(rows)) {}
    /// Opens instances.db for writing.
    explicit device_store(const std::filesystem::path& file, believe_mark mark = believe_mark::yes,
                          const time_source& time = system_time());

    store::instances instances{*rows_};
    store::cards cards{*rows_};
    store::processes processes{*rows_};
    store::answers answers{*rows_};
    store::outbox outbox{*rows_};
    store::card_log card_log{*rows_};
    store::issuers issuers{*rows_};
    store::apps apps{*rows_};
    store::token_keys token_keys{*rows_};
    store::retention retention{*rows_};

    /// Runs `work`: what it changes is committed by this deadline, or undone (store::too_late).
    template <class F> auto in_time(steady_time deadline, F work) { return rows_->in_time(deadline, std::move(work)); }

    /// Rows that cannot be read.
    damage_book& damage() { return rows_->damage(); }

    /// Has another connection, an operator's command, committed anything since the last time this was asked?
    bool changed_by_others() { return rows_->changed_by_others(); }
    /// Does the database answer?
    bool responds() const { return rows_->responds(); }

    std::size_t audit_entries() const { return rows_->audit().count(); }
    /// First broken entry of the chain, nothing if it is whole.
    std::optional<std::int64_t> broken_audit_entry() const { return rows_->audit().first_broken(); }

    /// What the vault sealed for this database, to find out at the start whether it is still the same vault.
    std::optional<bytes> vault_seal() const { return rows_->vault_seal(); }
    void keep_vault_seal(bytes_view seal) {
        rows_->change([&] {
            rows_->keep_vault_seal(seal);
            rows_->audit().append("vault sealed", "");
        });
    }
};

/// One in memory, for tests and simulations: nothing of it outlives it.
device_store make_memory_store(const time_source& time = system_time());

} // namespace tsms::store
