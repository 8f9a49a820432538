#pragma once
// Why a request was refused, where the norm's message has no place for it (DIV-067).

#include <string>
#include <string_view>

namespace tsms::rest {

/// The header field beside the GeneralError.
inline constexpr const char* reason_field = "TSMS-Reason";
inline constexpr std::size_t reason_limit = 512; ///< octets of its value

/// The text as the value of a header field: one line of printable ASCII, at most reason_limit octets. Whatever a file
/// or a body has put into it, it ends no field.
std::string field_text(std::string_view text);

} // namespace tsms::rest
