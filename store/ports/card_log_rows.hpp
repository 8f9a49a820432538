#pragma once
// Every APDU to and from a card, in its order (AMB-190, AMB-233).

#include "base/time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tsms::store {

/// What happened between the APDUs has none: `note` says it, of a command what the TSM did or decided, of a response
/// why none came. One APDU as logged: octets of sensitive commands are cut after the header.
struct card_log_entry {
    std::string process;
    bool response = false;
    std::string apdu; ///< hex
    std::string note; ///< of a command its step, ", redacted" and ": " with what it is about; of a response "redacted"
    std::string at;   ///< ISO 8601; filled in by the store
};
/// So begins a remark that says what an app is told as an internal problem.
inline constexpr std::string_view inside_the_tsm = "inside the TSM: ";

/// What the TSM did or decided.
inline bool is_remark(const card_log_entry& e) {
    return !e.response && e.apdu.empty();
}

class card_log_rows {
public:
    virtual ~card_log_rows() = default;

    virtual void add(const std::vector<card_log_entry>& entries, wall_time at) = 0;
    /// In the order in which they were added.
    virtual std::vector<card_log_entry> of(const std::string& process) const = 0;
    virtual void forget_before(wall_time limit) = 0; ///< to the second
    /// Of all processes on this card.
    virtual void forget_on(const std::string& card) = 0;
};

} // namespace tsms::store
