#pragma once
// What is kept of processes, for people: read beside the writer, and changes nothing. Whatever stands in the rows comes
// out as it is (numbers that mean nothing, hostile text), because a trace is looked at when something is wrong.

#include "store/ports/card_log_rows.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tsms::store {

struct traced_intent {
    std::string what;
    std::string at; ///< ISO 8601
    bool settled = false;
};
struct traced_delivery {
    std::int64_t id = 0;
    std::int64_t attempts = 0;
    bool given_up = false;
    std::string last_error;
};
/// One APDU or remark; `apdu` may be cut.
struct traced_entry {
    card_log_entry logged;
    std::size_t octets = 0;                   ///< of the whole APDU, as it was logged
    std::optional<std::uint16_t> status_word; ///< the last two octets of a response
};
struct traced_process {
    std::string id, session, instance, card, caller, version;
    std::string requested; ///< numbers of TR 4.2.4.2, separated by spaces
    std::int64_t start_state = 0;
    std::string started;
    bool acknowledged = false;
    bool has_ended = false;
    std::int64_t status = 0; ///< of the end
    std::string message;
    std::string ended;
    std::vector<traced_intent> intents;
    std::vector<traced_delivery> deliveries; ///< results that wait for their SPOS
    std::vector<traced_entry> entries;       ///< the last ones, in their order
    std::size_t left_out = 0;                ///< entries before them
};

enum class trace_subject { process, instance, card };
struct trace {
    trace_subject of = trace_subject::process;
    std::vector<traced_process> processes; ///< the last ones, in the order of their start
    std::size_t left_out = 0;              ///< processes before them
};

struct trace_bounds {
    std::size_t processes = 10;
    std::size_t entries = 10000; ///< of each process
    std::size_t octets = 32;     ///< of each APDU
};

/// Nothing: the database knows no such process, instance or card. Throws store::error.
std::optional<trace> read_trace(const std::filesystem::path& instances_db, const std::string& id,
                                const trace_bounds& bounds);

} // namespace tsms::store
