#pragma once
// What the device role keeps, in memory. A transaction that fails leaves the tables as they were before it.

#include "store/memory/device_tables.hpp"

#include <utility>

namespace tsms::store {

class memory_instances final : public instance_rows {
public:
    explicit memory_instances(device_tables& tables) : tables_(tables) {}

    std::optional<model::service_instance> find(const std::string& id) const override;
    std::vector<model::service_instance> on_card(const std::string& card) const override;
    std::optional<model::service_instance> of_service(const std::string& service,
                                                      const std::string& card) const override;
    std::size_t count_on(const std::string& card) const override;
    std::vector<model::service_instance> naming_a_process() const override;
    void insert(const model::service_instance& instance) override;
    bool update(const model::service_instance& instance) override;
    void remove(const std::string& id) override;
    void remove_on(const std::string& card) override;
    std::vector<model::service_instance> tombstones_on(const std::string& card) const override;
    void bury(const model::service_instance& instance) override;
    void remove_tombstone(const std::string& id) override;
    void remove_tombstones_on(const std::string& card) override;

private:
    void require_place(const model::service_instance& instance) const;
    device_tables& tables_;
};

class memory_cards final : public card_rows {
public:
    explicit memory_cards(device_tables& tables) : tables_(tables) {}

    std::optional<model::secure_component> find(const std::string& id) const override;
    std::vector<model::secure_component> all() const override;
    std::vector<model::secure_component> with_identity(const std::string& identity, std::size_t most) const override;
    std::optional<model::secure_component> with_claims(const std::string& identity,
                                                       const std::string& claims) const override;
    std::vector<model::secure_component> with_issuers_number(const std::string& cin_iin,
                                                             std::size_t most) const override;
    std::vector<model::secure_component> of_issuer(const std::string& name) const override;
    std::vector<model::secure_component> met_in(const std::string& reader, const std::string& atr,
                                                std::size_t most) const override;
    std::vector<model::secure_component> only_claimed_before(wall_time limit, bool proven_once) const override;
    void insert(const model::secure_component& card) override;
    bool update(const model::secure_component& card) override;
    void remove(const std::string& id) override;

private:
    device_tables& tables_;
};

class memory_processes final : public process_rows {
public:
    explicit memory_processes(device_tables& tables) : tables_(tables) {}

    void insert(const model::process_record& process, const process_lease& lease) override;
    void acknowledge(const std::string& id) override;
    void forget_asked(const std::string& session) override;
    void end(const model::process_end& end) override;
    std::optional<model::process_end> end_of(const std::string& id) const override;
    bool runs(const std::string& id) const override;
    bool works_on(const std::string& card) const override;
    std::vector<std::string> running() const override;
    std::vector<std::string> running_on(const std::string& card) const override;
    std::optional<model::process_record> find_running(const std::string& id) const override;
    std::string card_of(const std::string& id) const override;
    std::optional<process_lease> lease_of(const std::string& id) const override;
    std::optional<process_lease> lease_on(const std::string& card) const override;
    std::vector<ended_process> with_result() const override;
    void set_lease(const std::string& id, const process_lease& lease) override;
    std::int64_t epoch_of(const std::string& owner) const override;
    void set_epoch(const std::string& owner, std::int64_t epoch) override;
    void intend(const std::string& process, const std::string& what, wall_time at) override;
    void settle_intents(const std::string& process) override;
    bool is_open(const std::string& process) const override;
    void forget_results_before(wall_time limit) override;
    void forget_results_of(const std::string& instance) override;
    void forget_ended_before(wall_time limit) override;
    void forget_on(const std::string& card) override;

private:
    template <class Is> std::vector<std::string> ids_of(Is is) const;
    template <class Is> void forget(Is is);
    device_tables& tables_;
};

class memory_answers final : public answer_rows {
public:
    explicit memory_answers(device_tables& tables) : tables_(tables) {}

    std::optional<model::answered_call> find(const std::string& call) const override;
    void insert(const model::answered_call& answer, wall_time at) override;
    void forget_before(wall_time limit) override;

private:
    device_tables& tables_;
};

class memory_outbox final : public outbox_rows {
public:
    explicit memory_outbox(device_tables& tables) : tables_(tables) {}

    std::int64_t add(const model::outbox_entry& delivery) override;
    std::vector<model::outbox_entry> all() const override;
    std::vector<model::outbox_entry> waiting() const override;
    std::optional<model::outbox_entry> waiting(std::int64_t id) const override;
    std::optional<std::int64_t> waiting_of(const std::string& process) const override;
    std::size_t given_up() const override;
    void count_attempt(std::int64_t id, std::chrono::seconds waited, const std::string& error) override;
    bool give_up(std::int64_t id) override;
    bool begin_anew(std::int64_t id) override;
    bool remove(std::int64_t id) override;

private:
    model::outbox_entry* row(std::int64_t id);
    device_tables& tables_;
};

class memory_card_log final : public card_log_rows {
public:
    explicit memory_card_log(device_tables& tables) : tables_(tables) {}

    void add(const std::vector<card_log_entry>& entries, wall_time at) override;
    std::vector<card_log_entry> of(const std::string& process) const override;
    void forget_before(wall_time limit) override;
    void forget_on(const std::string& card) override;

private:
    device_tables& tables_;
};

class memory_issuers final : public issuer_rows {
public:
    explicit memory_issuers(device_tables& tables) : tables_(tables) {}

    bool has(const std::string& name) const override;
    std::optional<model::issuer_record> find(const std::string& name) const override;
    std::vector<model::issuer_record> all() const override;
    void insert(const model::issuer_record& issuer) override;
    void remove(const std::string& name) override;

private:
    device_tables& tables_;
};

class memory_apps final : public app_rows {
public:
    explicit memory_apps(device_tables& tables) : tables_(tables) {}

    std::optional<app_record> find(const std::string& caller_id) const override;
    std::vector<app_record> all() const override;
    bool has_any_of(const std::string& provider) const override;
    void put(const app_record& app) override;

private:
    device_tables& tables_;
};

/// Whoever can change memory can change a chain too: there is none.
class memory_audit final : public audit_rows {
public:
    explicit memory_audit(device_tables& tables) : tables_(tables) {}

    void append(const std::string& what, const std::string& subject) override {
        tables_.audit.push_back({what, subject});
    }
    std::size_t count() const override { return tables_.audit.size(); }
    std::optional<std::int64_t> first_broken() const override { return std::nullopt; }

private:
    device_tables& tables_;
};

class memory_device_rows final : public device_rows {
public:
    /// `tables`: what it has from the beginning.
    explicit memory_device_rows(const time_source& time, device_tables tables = {})
        : time_(time), tables_(std::move(tables)) {}

    /// Every row, for a test that looks at all of them or goes on with a copy.
    const device_tables& tables() const { return tables_; }

    instance_rows& instances() override { return instances_; }
    card_rows& cards() override { return cards_; }
    process_rows& processes() override { return processes_; }
    answer_rows& answers() override { return answers_; }
    outbox_rows& outbox() override { return outbox_; }
    card_log_rows& card_log() override { return card_log_; }
    issuer_rows& issuers() override { return issuers_; }
    app_rows& apps() override { return apps_; }
    audit_rows& audit() override { return audit_; }
    const time_source& time() const override { return time_; }

    std::optional<forgetting> last_forgetting() const override { return tables_.asked; }
    void remember(const forgetting& asked) override {
        tables_.asked = {std::chrono::floor<std::chrono::seconds>(asked.asked), asked.held};
    }
    std::optional<bytes> vault_seal() const override { return tables_.vault_seal; }
    void keep_vault_seal(bytes_view seal) override { tables_.vault_seal = to_bytes(seal); }
    /// There is nobody else, but whoever has never asked knows nothing yet.
    bool changed_by_others() override { return !std::exchange(has_asked_, true); }
    bool responds() const override { return true; }
    damage_book& damage() override { return damage_; }

protected:
    void in_transaction(const std::function<void()>& f) override;

private:
    const time_source& time_;
    device_tables tables_;
    memory_instances instances_{tables_};
    memory_cards cards_{tables_};
    memory_processes processes_{tables_};
    memory_answers answers_{tables_};
    memory_outbox outbox_{tables_};
    memory_card_log card_log_{tables_};
    memory_issuers issuers_{tables_};
    memory_apps apps_{tables_};
    memory_audit audit_{tables_};
    damage_book damage_; ///< nothing: memory keeps no text
    bool has_asked_ = false;
    bool is_changing_ = false;
};

} // namespace tsms::store
