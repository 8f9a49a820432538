#include "model/error_categories.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <array>

namespace tsms::model {

namespace {

struct words {
    std::string_view message;     ///< its beginning; the details follow behind a colon
    bool without_details = false; ///< it is the whole message
};

struct row {
    error_category category;
    error_category in_v1_0; ///< what V1.0 has for it
    words v1_0;             ///< of `in_v1_0`, where that is another category
    words v1_0_4;
};

constexpr std::string_view later = "The system is currently not available, please try again later.";

using enum error_category;

constexpr row unchanged(error_category c, words w) {
    return {c, c, w, w};
}

// TR 4.2.4.4; what V1.0 has for a newer one is AMB-139, its name for category 1 and its prefix for category 5 AMB-151.
constexpr std::array<row, 22> table{{
    unchanged(none, {}),
    unchanged(tsm_not_available, {"TSM not available"}),
    unchanged(internal_error, {"Internal error"}),
    unchanged(network_connection_error, {"Network connection error"}),
    {invalid_request, invalid_request, {"Invalid request"}, {"Invalid argument"}},
    unchanged(not_authenticated, {"Not authenticated"}),
    unchanged(execution_interrupted, {"Execution interrupted"}),
    {content_related_error, content_related_error, {"Content related error"}, {"Secure component error"}},
    unchanged(no_eligible_sc, {"No eligible SC"}),
    unchanged(sc_inaccessible, {"SC inaccessible"}),
    unchanged(sc_channel_not_available, {"SC channel not available"}),
    unchanged(nfc_not_activated, {"NFC not activated"}),
    {orphaned_service_instance,
     orphaned_service_instance,
     {"Orphaned Service Instance"},
     {"Orphaned service instance"}},
    {invalid_state, invalid_state, {"Invalid state"}, {"Not allowed"}},
    {already_exists, no_eligible_sc, {}, {"Already exists"}},
    {unauthorized, not_authenticated, {}, {"Unauthorized"}},
    {issuer_error, unspecified, {}, {"Issuer error"}},
    {not_found, invalid_request, {}, {"Not found"}},
    {overload_protection, tsm_not_available, {}, {later, true}},
    {under_maintenance, tsm_not_available, {}, {later, true}},
    {device_integrity_check_failed, not_authenticated, {}, {"Device integrity check failed"}},
    unchanged(unspecified, {"Unspecified"}),
}};

/// UNSPECIFIED where no version has it.
const row& row_of(error_category category) {
    const auto* found = std::ranges::find(table, category, &row::category);
    return found == table.end() ? table.back() : *found;
}

const words& words_of(dialect d, error_category category) {
    const auto& r = row_of(category);
    return d == dialect::v1_0 ? row_of(r.in_v1_0).v1_0 : r.v1_0_4;
}

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

} // namespace

error_category spoken(dialect d, error_category category) {
    const auto& r = row_of(category);
    return d == dialect::v1_0 ? r.in_v1_0 : r.category;
}

std::optional<error_category> category_of(std::int64_t number) {
    const auto* found =
        std::ranges::find(table, number, [](const row& r) { return static_cast<std::int64_t>(r.category); });
    return found == table.end() ? std::nullopt : std::optional(found->category);
}

std::optional<error_category> category_of(dialect d, std::int64_t number) {
    const auto category = category_of(number);
    return category && spoken(d, *category) == *category ? category : std::nullopt;
}

std::string error_message(dialect d, error_category category, std::string_view details) {
    const auto& w = words_of(d, category);
    if (category == none || w.without_details)
        return std::string(w.message);
    return std::string(w.message) + ": " + bounded(text::quotable(details));
}

} // namespace tsms::model
