#pragma once
// JSON of the issuer protocol (docs/issuer-protocol.md) around the SERAM messages, both directions. Readers throw
// json::parse_error.

#include "model/issuer.hpp"
#include "json/json.hpp"

#include <optional>

namespace tsms::wire {

/// Body of POST /order (SERAM order provisioning).
json::value to_json(const model::issuer_order& order);
model::issuer_order parse_issuer_order(const json::value& document);

/// Body of GET /security-domains/{sessionId}/keys.
json::value to_json(const model::issuer_key_material& keys);
model::issuer_key_material parse_issuer_keys(const json::value& document);

/// What an issuer's notificationCommand can mean to the TSM.
struct issuer_notice {
    bool last_commands = false;
    std::optional<std::string> error; ///< the session has failed; Stop follows
    bool card_failed = false;         ///< of an error: the card did not do what it should, else the issuer refused
};

std::string to_text(const issuer_notice& notice);
/// Nothing for a text that is no notice: notifications are free text in SERAM.
std::optional<issuer_notice> parse_issuer_notice(std::string_view text);

} // namespace tsms::wire
