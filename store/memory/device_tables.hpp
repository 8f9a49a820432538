#pragma once
// The rows of the device role in memory, each table in the order in which its rows came. Only for store/memory.

#include "store/error.hpp"
#include "store/ports/device_rows.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace tsms::store {

struct device_tables {
    struct process_row {
        model::process_record record;
        process_lease lease;
        std::optional<model::process_end> end;
    };
    struct intent_row {
        std::string process;
        std::string what;
        wall_time at{};
        bool settled = false;
    };
    struct log_row {
        card_log_entry entry;
        wall_time at{};
    };
    struct answer_row {
        model::answered_call answer;
        wall_time at{};
    };
    struct audit_row {
        std::string what;
        std::string subject;
    };

    std::vector<model::service_instance> instances;
    std::vector<model::service_instance> tombstones;
    std::vector<model::secure_component> cards;
    std::vector<process_row> processes;
    std::map<std::string, std::int64_t> epochs; ///< of servers, by name
    std::vector<intent_row> journal;
    std::map<std::string, answer_row> answers; ///< by the hash of the callId
    std::vector<model::outbox_entry> outbox;
    std::int64_t last_delivery = 0;
    std::vector<log_row> card_log;
    std::vector<model::issuer_record> issuers;
    std::vector<app_record> apps;
    std::vector<token_key_record> token_keys;
    std::set<std::string> demanding_providers;
    std::vector<audit_row> audit;
    std::optional<forgetting> asked;
    std::optional<bytes> vault_seal;

    bool has_card(const std::string& id) const {
        return std::ranges::any_of(cards, [&](const auto& c) { return c.id == id; });
    }
    bool works_on(const std::string& card) const {
        return std::ranges::any_of(processes, [&](const auto& p) { return p.record.card == card && !p.end; });
    }
};

/// Copies of the rows for which `is` holds.
template <class T, class Is> std::vector<T> rows_where(const std::vector<T>& table, Is is) {
    std::vector<T> found;
    std::ranges::copy_if(table, std::back_inserter(found), is);
    return found;
}

template <class T, class Is> std::optional<T> row_where(const std::vector<T>& table, Is is) {
    const auto found = std::ranges::find_if(table, is);
    return found == table.end() ? std::nullopt : std::optional(*found);
}

inline auto with_id(const std::string& id) {
    return [&id](const auto& row) { return row.id == id; };
}

template <class T> std::vector<T> sorted_by_id(std::vector<T> rows) {
    std::ranges::sort(rows, {}, &T::id);
    return rows;
}

} // namespace tsms::store
