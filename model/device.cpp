#include "model/device.hpp"

#include "base/utf8.hpp"

namespace tsms::model {

namespace {

/// Details may quote what phones, cards and issuers say: a message of the TR stays one line of a readable length.
constexpr std::size_t longest_details = 400;

std::string bounded(std::string text) {
    if (text.size() <= longest_details)
        return text;
    auto end = longest_details;
    while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) // not inside a code point
        --end;
    return text.substr(0, end) + "…";
}

/// TR 4.2.4.4; the prefix of category 5 is the table's (AMB-151).
std::string_view prefix(error_category category) {
    switch (category) {
    case error_category::none:
        return "";
    case error_category::tsm_not_available:
        return "TSM not available";
    case error_category::internal_error:
        return "Internal error";
    case error_category::network_connection_error:
        return "Network connection error";
    case error_category::invalid_request:
        return "Invalid request";
    case error_category::not_authenticated:
        return "Not authenticated";
    case error_category::execution_interrupted:
        return "Execution interrupted";
    case error_category::content_related_error:
        return "Content related error";
    case error_category::no_eligible_sc:
        return "No eligible SC";
    case error_category::sc_inaccessible:
        return "SC inaccessible";
    case error_category::sc_channel_not_available:
        return "SC channel not available";
    case error_category::nfc_not_activated:
        return "NFC not activated";
    case error_category::orphaned_service_instance:
        return "Orphaned Service Instance";
    case error_category::invalid_state:
        return "Invalid state";
    case error_category::already_exists:
        return "Already exists";
    case error_category::unauthorized:
        return "Unauthorized";
    case error_category::issuer_error:
        return "Issuer error";
    case error_category::not_found:
        return "Not found";
    case error_category::overload_protection:
        return "Overload protection";
    case error_category::under_maintenance:
        return "Under maintenance";
    case error_category::device_integrity_check_failed:
        return "Device integrity check failed";
    case error_category::unspecified:
        return "Unspecified";
    }
    return "Unspecified";
}

} // namespace

void remember_keys(security_domain& domain, const key_set& keys) {
    std::erase_if(domain.other_keys, [&](const auto& other) { return other.version == keys.version; });
    if (!domain.keys || domain.keys->version != keys.version)
        domain.other_keys.insert(domain.other_keys.begin(), keys); // the newest is the likeliest
}

error_category in_v1_0(error_category category) {
    switch (category) {
    case error_category::already_exists:
        return error_category::no_eligible_sc;
    case error_category::unauthorized:
    case error_category::device_integrity_check_failed:
        return error_category::not_authenticated;
    case error_category::issuer_error:
        return error_category::unspecified;
    case error_category::not_found:
        return error_category::invalid_request;
    case error_category::overload_protection:
    case error_category::under_maintenance:
        return error_category::tsm_not_available;
    case error_category::none:
    case error_category::tsm_not_available:
    case error_category::internal_error:
    case error_category::network_connection_error:
    case error_category::invalid_request:
    case error_category::not_authenticated:
    case error_category::execution_interrupted:
    case error_category::content_related_error:
    case error_category::no_eligible_sc:
    case error_category::sc_inaccessible:
    case error_category::sc_channel_not_available:
    case error_category::nfc_not_activated:
    case error_category::orphaned_service_instance:
    case error_category::invalid_state:
    case error_category::unspecified:
        return category;
    }
    return error_category::unspecified;
}

std::optional<error_category> category_of(std::int64_t number) {
    const auto last = static_cast<std::int64_t>(error_category::device_integrity_check_failed);
    if ((number >= 0 && number <= last) || number == static_cast<std::int64_t>(error_category::unspecified))
        return static_cast<error_category>(number);
    return std::nullopt;
}

std::string error_message(error_category category, std::string_view details) {
    if (category == error_category::none)
        return {};
    return std::string(prefix(category)) + ": " + bounded(text::quotable(details));
}

} // namespace tsms::model
