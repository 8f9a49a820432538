#pragma once
// instances.db: what the device role keeps, over one connection.

#include "store/ports/device_rows.hpp"
#include "store/sqlite/answers.hpp"
#include "store/sqlite/card_log.hpp"
#include "store/sqlite/cards.hpp"
#include "store/sqlite/instances.hpp"
#include "store/sqlite/outbox.hpp"
#include "store/sqlite/processes.hpp"
#include "store/sqlite/registrations.hpp"

namespace tsms::store {

class sqlite_device_audit final : public audit_rows {
public:
    explicit sqlite_device_audit(device_session& session) : session_(session) {}

    void append(const std::string& what, const std::string& subject) override;
    std::size_t count() const override;
    std::optional<std::int64_t> first_broken() const override;

private:
    device_session& session_;
};

class sqlite_device_rows final : public device_rows {
public:
    sqlite_device_rows(const std::filesystem::path& file, believe_mark mark, const time_source& time);

    instance_rows& instances() override { return instances_; }
    card_rows& cards() override { return cards_; }
    process_rows& processes() override { return processes_; }
    answer_rows& answers() override { return answers_; }
    outbox_rows& outbox() override { return outbox_; }
    card_log_rows& card_log() override { return card_log_; }
    issuer_rows& issuers() override { return issuers_; }
    app_rows& apps() override { return apps_; }
    token_key_rows& token_keys() override { return token_keys_; }
    audit_rows& audit() override { return audit_; }
    const time_source& time() const override { return session_.time; }

    std::optional<forgetting> last_forgetting() const override;
    void remember(const forgetting& asked) override;
    std::optional<bytes> vault_seal() const override;
    void keep_vault_seal(bytes_view seal) override;
    bool changed_by_others() override;
    bool responds() const override;
    damage_book& damage() override { return session_.damaged; }

protected:
    void in_transaction(const std::function<void()>& f) override;

private:
    mutable device_session session_;
    sqlite_instances instances_{session_};
    sqlite_cards cards_{session_};
    sqlite_processes processes_{session_};
    sqlite_answers answers_{session_};
    sqlite_outbox outbox_{session_};
    sqlite_card_log card_log_{session_};
    sqlite_issuers issuers_{session_};
    sqlite_apps apps_{session_};
    sqlite_token_keys token_keys_{session_};
    sqlite_device_audit audit_{session_};
    std::int64_t seen_version_ = -1; ///< of the database, when changed_by_others() was asked last
};

} // namespace tsms::store
