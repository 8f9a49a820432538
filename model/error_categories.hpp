#pragma once
// The error categories of the TSM-API (TR 4.2.4.4) in both versions of the guideline (AMB-139, DIV-119): one table says
// what each is called, how its message begins, and what V1.0 has for those that V1.0.4 adds.

#include "model/dialect.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tsms::model {

/// Numbers of V1.0, and those that V1.0.4 adds (14 to 20). Whoever refuses something names the category of V1.0.4,
/// which is the finer one; only what an app or an SPOS is told is in their dialect (spoken()).
enum class error_category : int {
    none = 0,
    tsm_not_available = 1,
    internal_error = 2,
    network_connection_error = 3,
    invalid_request = 4,
    not_authenticated = 5,
    execution_interrupted = 6,
    content_related_error = 7,
    no_eligible_sc = 8,
    sc_inaccessible = 9,
    sc_channel_not_available = 10,
    nfc_not_activated = 11,
    orphaned_service_instance = 12,
    invalid_state = 13,
    already_exists = 14,
    unauthorized = 15,
    issuer_error = 16,
    not_found = 17,
    overload_protection = 18,
    under_maintenance = 19,
    device_integrity_check_failed = 20,
    unspecified = 100,

    // The names that V1.0.4 has for categories of V1.0.
    invalid_argument = invalid_request,
    secure_component_error = content_related_error,
    not_allowed = invalid_state,
};

/// What this dialect has for the category.
error_category spoken(dialect d, error_category category);

/// The category with this number; nothing if neither version has it.
std::optional<error_category> category_of(std::int64_t number);
/// Nothing if this version does not have it.
std::optional<error_category> category_of(dialect d, std::int64_t number);

/// "Invalid request: version ‘1.1.1’ does not exist", in V1.0.4 "Not found: …": the beginning that the dialect has for
/// the category, and the details. Empty for `none` (AMB-141).
std::string error_message(dialect d, error_category category, std::string_view details);

} // namespace tsms::model
