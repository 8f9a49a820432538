#pragma once
// The Access Control Enforcer of a phone (GPD_SPE_013 3 and 4): which app may
// send which command to which application of the card.

#include "base/bytes.hpp"

#include <optional>
#include <vector>

namespace tsms::app {

/// What a rule lets an app do.
struct access_decision {
    bool allowed = false;
    std::vector<bytes> filters; ///< eight octets each: header and mask; empty: every command
    bool permits(bytes_view c_apdu) const;
};

struct access_rule_entry {
    std::optional<bytes> aid; ///< empty: all applications; nothing: the one selected by default (C0)
    bytes hash;               ///< of the app's certificate, SHA-1 or SHA-256; empty: all apps
    access_decision apdu;     ///< without D0 in the rule: not allowed
};

/// The value of FF40 (Response-ALL-REF-AR-DO). Nothing if it is not one: a phone then lets nobody in.
std::optional<std::vector<access_rule_entry>> parse_access_rules(bytes_view value);

/// What an app with these hashes may do to the application `aid` (empty: the one selected by default).
/// GPD_SPE_013 3.2.1: the most specific rules count, rules of the same rank are combined, and a rule for another app
/// shuts the others out.
access_decision decide(const std::vector<access_rule_entry>& rules, bytes_view aid, const std::vector<bytes>& hashes);

} // namespace tsms::app
