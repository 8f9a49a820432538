#pragma once
#include "store/ports/outbox_rows.hpp"
#include "store/sqlite/device_session.hpp"

namespace tsms::store {

class sqlite_outbox final : public outbox_rows {
public:
    explicit sqlite_outbox(device_session& session) : session_(session) {}

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
    device_session& session_;
};

} // namespace tsms::store
